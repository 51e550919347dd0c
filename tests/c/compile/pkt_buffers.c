/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network buffers and clusters as the protocols of 2001 had them: two global pools behind macros,
 * handles passed around, function pointers to the allocator.
 */
#define POOL_DIAGNOSTIC
#include "shim.h"

#include <sys/pool.h>

#define PKTSIZE 256
#define PKTCLBYTES 2048

struct pkt {
	struct	pkt *pk_next;
	caddr_t	pk_data;
	u_int	pk_len;
	u_int	pk_flags;
#define PK_CLUSTER 0x0001
};
#define PKTDATA(pk) ((caddr_t)((pk) + 1))

struct pktstat {
	u_long	ps_drops;
	u_long	ps_waits;
};

struct pool pktpool;
struct pool pktclpool;
struct pktstat pktstat;

typedef void (*pktpool_init_t) __P((struct pool *, size_t, u_int, u_int, int, POOL9_WCHAN, u_int,
    void *(*) __P((unsigned long, int, int)), void (*) __P((void *, unsigned long, int)), int));

#define PKTGET(pk, how) do {							\
	int pk_s_ = splimp();							\
	(pk) = (struct pkt *)pool_get(&pktpool, (how));				\
	splx(pk_s_);								\
	if ((pk) == NULL)							\
		pktstat.ps_drops++;						\
	else {									\
		(pk)->pk_next = NULL;						\
		(pk)->pk_data = PKTDATA(pk);					\
		(pk)->pk_len = (pk)->pk_flags = 0;				\
	}									\
} while (/* CONSTCOND */ 0)

#define PKTCLGET(pk, how) do {							\
	caddr_t pk_cl_ = (caddr_t)pool_get(&pktclpool, (how));			\
	if (pk_cl_ != NULL) {							\
		(pk)->pk_data = pk_cl_;						\
		(pk)->pk_flags |= PK_CLUSTER;					\
	}									\
} while (/* CONSTCOND */ 0)

void	pktinit __P((void));
struct pkt *pkt_alloc __P((u_int, int));
struct pkt *pkt_free __P((struct pkt *));
void	pkt_freechain __P((struct pkt *));
int	pkt_reserve __P((pool_handle_t, int));

void
pktinit(void)
{
	pktpool_init_t init = pool_init;

	(*init)(&pktpool, PKTSIZE, 0, 0, PR_LOGGING, (char *)"pktpl", 0, NULL, NULL, 0);
	(*init)(&pktclpool, PKTCLBYTES, PKTCLBYTES, 0, 0, (char *)"pktclpl", 0,
	    NULL, NULL, 0);
	pool_sethiwat(&pktpool, 256);
	pool_sethiwat(&pktclpool, 64);
	if (pkt_reserve(&pktpool, 32) || pkt_reserve(&pktclpool, 8))
		log_error("pktinit: no reserve\n");
}

int
pkt_reserve(pool_handle_t ph, int n)
{
	int error;

	if ((error = pool_prime(ph, n, (caddr_t)NULL)) != 0)
		return (error);
	return (0);
}

struct pkt *
pkt_alloc(u_int len, int canwait)
{
	struct pkt *pk;
	int how = canwait ? PR_WAITOK : PR_NOWAIT;

	PKTGET(pk, how);
	if (pk == NULL)
		return (NULL);
	if (len > PKTSIZE - sizeof(struct pkt)) {
		PKTCLGET(pk, how);
		if ((pk->pk_flags & PK_CLUSTER) == 0)
			return (pkt_free(pk));
	}
	pk->pk_len = len;
	return (pk);
}

struct pkt *
pkt_free(struct pkt *pk)
{
	struct pkt *next = pk->pk_next;
	int s;

	s = splimp();
	if (pk->pk_flags & PK_CLUSTER)
		pool_put(&pktclpool, pk->pk_data);
	pool_put(&pktpool, pk);
	splx(s);
	return (next);
}

void
pkt_freechain(struct pkt *pk)
{

	while (pk != NULL)
		pk = pkt_free(pk);
}
