/* SPDX-License-Identifier: BSD-2-Clause */
/* pool(9) for C89 to C23 and C++; see pool(3).  Every symbol this header refers to starts with
 * pool9_ in the library, so a program may have a pool_get of its own elsewhere. */
#ifndef POOL9_SYS_POOL_H
#define POOL9_SYS_POOL_H
#include <pool9/stats.h>
#include <stddef.h>
#include <sys/types.h>

#define PR_NOWAIT 0
#define PR_MALLOCOK 1
#define PR_WAITOK 2
#define PR_STATIC 8
#define PR_URGENT 32
#define PR_LOGGING 128
#define PR_LIMITFAIL 256
#define PR_NOCACHE 0x100000

/* The pool itself lives here; pool_init() allocates nothing and cannot fail.  Zeroed: not a pool.
 */
struct pool {
  size_t pr_size; /* item size, as given: read by historic callers */
  void* pr_private[40];
};
typedef struct pool* pool_handle_t;

/* Bytes of storage that hold `nitems` items and all that the pool keeps about them: its own data,
 * one bit an item with a summary (nine bytes for 64 items are enough for any number), and the
 * items. */
#define POOL_STORAGE_SIZE_ALIGNED(size, nitems, align)                 \
  ((size_t)2048 + (size_t)(align) + ((size_t)(nitems) + 63) / 64 * 9 + \
   (size_t)(nitems) * (((size_t)(size) + (size_t)(align)-1) / (size_t)(align) * (size_t)(align)))
#define POOL_STORAGE_SIZE(size, nitems) POOL_STORAGE_SIZE_ALIGNED(size, nitems, 16)

#define POOL9_STR2(x) #x
#define POOL9_STR(x) POOL9_STR2(x)
#define POOL9_SYMBOL(name) __asm__(POOL9_STR(__USER_LABEL_PREFIX__) #name)
#if defined(__cplusplus)
#define POOL9_WCHAN const char* /* same ABI; a literal is not a char * in C++ */
#else
#define POOL9_WCHAN char*
#endif

#if defined(__cplusplus)
extern "C" {
#endif
struct timespec;

/* The manual's functions.  All may be called from any thread at once; none from a signal handler
 * that interrupted one.  An argument that cannot be is a panic that names function, pool, argument
 * and value.  u_int is unsigned int and caddr_t is char *: strict C89 has neither name. */

/* "Initializes a resource pool" in *pp: allocates nothing and cannot fail.  flags: 0, PR_STATIC
 * (live on the storage given to pool_prime(), never ask for pages), PR_LOGGING (full diagnostics:
 * docs/MISUSE.md), PR_NOCACHE (no thread caches).  wchan is copied, cut at 31 bytes.  pagesz 0:
 * chosen.  palloc and prelease: both, or neither for the system's memory; they are called with no
 * lock held. */
void pool_init(struct pool* pp, size_t size, unsigned int align, unsigned int align_offset,
               int flags, POOL9_WCHAN wchan, unsigned int pagesz,
               void* (*palloc)(unsigned long sz, int flags, int tag),
               void (*prelease)(void* v, unsigned long sz, int tag), int mtag)
    POOL9_SYMBOL(pool9_init);
/* "Destroys a resource pool": all pages go back, storage is the caller's again.  Items out or gets
 * waiting are misuse, and nothing happens. */
void pool_destroy(struct pool* pp) POOL9_SYMBOL(pool9_destroy);
/* "Returns the pool item pointed at by item".  Never waits, never fails; what is not an item that
 * is out is misuse, reported and without effect. */
void pool_put(struct pool* pp, void* item) POOL9_SYMBOL(pool9_put);
/* "Allocates an item from the pool and returns a pointer to it", or NULL: see the table in pool(3)
 * for what PR_WAITOK, PR_LIMITFAIL and PR_URGENT do at the limit and without memory. */
void* pool_get(struct pool* pp, int flags) POOL9_SYMBOL(pool9_get)
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
    __attribute__((__malloc__(pool_put, 2))) /* free(pool_get()) is a compiler warning */
#endif
    ;
/* "Adds items to the pool": nitems more that stay for ever, in pages or in `storage`, which must
 * have POOL_STORAGE_SIZE(size, nitems) bytes.  Returns 0, or ENOMEM and nothing changed. */
int pool_prime(struct pool* pp, int nitems, char* storage) POOL9_SYMBOL(pool9_prime);
/* "The maximum number of items to keep in the pool", in whole pages: what is completely unused
 * beyond goes back, now and at every put. */
void pool_sethiwat(struct pool* pp, int n) POOL9_SYMBOL(pool9_sethiwat);
/* "The minimum number of items to keep in the pool": allocates nothing now. */
void pool_setlowat(struct pool* pp, int n) POOL9_SYMBOL(pool9_setlowat);

/* What the code of 2000-2001 had beside it. */

/* pool_init() on the heap, primed with nitems; NULL: no memory. */
struct pool* pool_create(size_t size, unsigned int align, unsigned int align_offset, int nitems,
                         POOL9_WCHAN wchan, unsigned int pagesz,
                         void* (*palloc)(unsigned long, int, int),
                         void (*prelease)(void*, unsigned long, int), int mtag)
    POOL9_SYMBOL(pool9_create);
/* At most n items out (UINT_MAX: any number); a get that fails there says warnmess, which is kept,
 * not copied, at most once in ratecap seconds.  Returns 0, or EINVAL if more than n are out
 * already. */
int pool_sethardlimit(struct pool* pp, unsigned int n, const char* warnmess, int ratecap)
    POOL9_SYMBOL(pool9_sethardlimit);
/* Gives back every unused page, floors excepted; returns 1 if there was one.  pool_drain() does so
 * for all pools, after it has called their drain hooks: what memory pressure does by itself. */
int pool_reclaim(struct pool* pp) POOL9_SYMBOL(pool9_reclaim);
void pool_drain(void* unused) POOL9_SYMBOL(pool9_drain);
/* Describes the pool on standard output; modif may hold `l' (the log) and `p' (the pages). */
void pool_print(struct pool* pp, const char* modif) POOL9_SYMBOL(pool9_print);
/* Prints the statistics of all pools of the process that have been used on standard output; format:
 * "table" or NULL, "json", "openmetrics".  Returns 0, EINVAL for another format, or ENOMEM. */
int pool_printall(const char* format) POOL9_SYMBOL(pool9_printall);
/* Checks every invariant; returns 0, or 1 and says which is broken. */
int pool_chk(struct pool* pp, const char* label) POOL9_SYMBOL(pool9_chk);
/* The system's pages, for use as palloc and prelease. */
void* pool_page_alloc_nointr(unsigned long sz, int flags, int tag)
    POOL9_SYMBOL(pool9_page_alloc_nointr);
void pool_page_free_nointr(void* v, unsigned long sz, int tag) POOL9_SYMBOL(pool9_page_free_nointr);
/* fn is asked to put items back before a get fails or waits, at pool_drain(), and, on a thread of
 * the library, when the system runs short of memory; its flags are PR_NOWAIT: it must not wait.
 * NULL: none. */
void pool_set_drain_hook(struct pool* pp, void (*fn)(void* arg, int flags), void* arg)
    POOL9_SYMBOL(pool9_set_drain_hook);

/* What it lacked. */

/* pool_get() with PR_WAITOK that waits for `timeout` at most, counted from now; NULL: without end.
 */
void* pool_get_timed(struct pool* pp, int flags, const struct timespec* timeout)
    POOL9_SYMBOL(pool9_get_timed);
/* All n items or none.  Returns 0, ENOMEM, or EINVAL where n is beyond the hard limit. */
int pool_get_bulk(struct pool* pp, int flags, void** items, size_t n) POOL9_SYMBOL(pool9_get_bulk);
void pool_put_bulk(struct pool* pp, void* const* items, size_t n) POOL9_SYMBOL(pool9_put_bulk);
/* Fills st_size bytes of *st; returns 0, or EINVAL without them. */
int pool_getstats(struct pool* pp, struct pool_stats* st, size_t st_size)
    POOL9_SYMBOL(pool9_getstats);
/* What pool_get() and pool_put() are in a file compiled with POOL_DIAGNOSTIC: the pool remembers
 * who called. */
void* pool_get_at(struct pool* pp, int flags, const char* file, int line)
    POOL9_SYMBOL(pool9_get_at);
void pool_put_at(struct pool* pp, void* item, const char* file, int line)
    POOL9_SYMBOL(pool9_put_at);
/* Describes on standard output the items that have been out for `seconds` or longer: how many were
 * got at which place, and since when.  Returns how many there are.  Needs diagnostics, as
 * POOL9_OPTIONS=diagnostic gives them to any program; else it says how many are out at all. */
size_t pool_report_held(struct pool* pp, unsigned int seconds) POOL9_SYMBOL(pool9_report_held);
#if defined(__cplusplus)
}
#endif

#if defined(POOL_DIAGNOSTIC)
#define pool_get(pp, flags) pool_get_at((pp), (flags), __FILE__, __LINE__)
#define pool_put(pp, item) pool_put_at((pp), (item), __FILE__, __LINE__)
#endif
#endif
