/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file system's name cache in the manner of its time: one pool, grown as demand wants, with a low
 * watermark and its own garbage collection when the hard limit is reached.
 */
#include "shim.h"

#include <sys/pool.h>

#define NC_NAMLEN 31
#define NC_HASHSIZE 64

struct ncentry {
	LIST_ENTRY(ncentry) nc_hash;
	SIMPLEQ_ENTRY(ncentry) nc_fifo;
	u_long	nc_dvpid;
	u_char	nc_nlen;
	char	nc_name[NC_NAMLEN];
};

LIST_HEAD(nchashhead, ncentry);
SIMPLEQ_HEAD(ncfifohead, ncentry);

static struct nchashhead nchashtbl[NC_HASHSIZE];
static struct ncfifohead ncfifo;
struct pool nc_pool;
int nc_desired = 1000;
static char nc_wmesg[] = "ncachepl";

void	nc_init __P((void));
struct ncentry *nc_lookup __P((u_long, const char *, size_t));
int	nc_enter __P((u_long, const char *, size_t));
void	nc_purge __P((struct ncentry *));
void	nc_drain __P((void *, int));

static u_int
nc_hash(u_long dvpid, const char *name, size_t len)
{
	u_int h;

	for (h = (u_int)dvpid; len > 0; len--)
		h = h * 33 + (u_char)*name++;
	return (h % NC_HASHSIZE);
}

void
nc_init(void)
{
	int i;

	for (i = 0; i < NC_HASHSIZE; i++)
		LIST_INIT(&nchashtbl[i]);
	SIMPLEQ_INIT(&ncfifo);
	pool_init(&nc_pool, sizeof(struct ncentry), 0, 0, 0, nc_wmesg, 0,
	    pool_page_alloc_nointr, pool_page_free_nointr, M_TEMP);
	pool_setlowat(&nc_pool, nc_desired / 10);
	(void)pool_sethardlimit(&nc_pool, (u_int)nc_desired, NULL, 0);
	pool_set_drain_hook(&nc_pool, nc_drain, NULL);
	if (pool_prime(&nc_pool, nc_desired / 10, NULL) != 0)
		log_error("nc_init: starting without a reserve\n");
}

struct ncentry *
nc_lookup(u_long dvpid, const char *name, size_t len)
{
	struct ncentry *nc;

	for (nc = LIST_FIRST(&nchashtbl[nc_hash(dvpid, name, len)]); nc != NULL;
	     nc = LIST_NEXT(nc, nc_hash)) {
		if (nc->nc_dvpid == dvpid && nc->nc_nlen == len &&
		    memcmp(nc->nc_name, name, len) == 0)
			return (nc);
	}
	return (NULL);
}

int
nc_enter(u_long dvpid, const char *name, size_t len)
{
	struct ncentry *nc;

	if (len > NC_NAMLEN)
		return (0);
	nc = (struct ncentry *)pool_get(&nc_pool, PR_WAITOK | PR_LIMITFAIL);
	if (nc == NULL) {
		/* at the limit, and nothing to purge */
		return (0);
	}
	nc->nc_dvpid = dvpid;
	nc->nc_nlen = (u_char)len;
	bcopy(name, nc->nc_name, len);
	LIST_INSERT_HEAD(&nchashtbl[nc_hash(dvpid, name, len)], nc, nc_hash);
	SIMPLEQ_INSERT_TAIL(&ncfifo, nc, nc_fifo);
	return (1);
}

void
nc_purge(struct ncentry *nc)
{

	KASSERT(nc != NULL);
	LIST_REMOVE(nc, nc_hash);
	SIMPLEQ_REMOVE(&ncfifo, nc, ncentry, nc_fifo);
	pool_put(&nc_pool, nc);
}

/* ARGSUSED */
void
nc_drain(void *arg, int flags)
{
	struct ncentry *nc;

	(void)arg;
	(void)flags;
	if ((nc = SIMPLEQ_FIRST(&ncfifo)) != NULL)
		nc_purge(nc);
}
