/* SPDX-License-Identifier: BSD-2-Clause */
/* What kernel sources of 2000-2001 use beside pool(9), for compiling them in user space: include it
 * first.  Nothing here is pool(9)'s. */
#ifndef SHIM_H
#define SHIM_H
#define _DEFAULT_SOURCE 1 /* u_int and caddr_t from <sys/types.h>, in strict modes too */
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifndef __P
#define __P(protos) protos
#endif
#define splbio() 0
#define splnet() 0
#define splimp() 0
#define splvm() 0
#define splx(s) ((void)(s))

#define M_TEMP 5
#define M_DEVBUF 9
#define M_WAITOK 0
#define M_NOWAIT 1
#define kernel_malloc(size, type, flags) ((void)(type), (void)(flags), malloc(size))
#define kernel_free(addr, type) ((void)(type), free(addr))

#define panic(message) (puts(message), abort())
#define KASSERT(claim) ((claim) ? (void)0 : panic(#claim))
#define wakeup(chan) ((void)(chan))
#define log_error (void)printf
#endif
