/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk driver of the year 2000 that was never written: requests from a static pool, so that
 * paging works when memory is short, and transfer maps from a pool with pages of its own.
 */
#include "shim.h"

#include <sys/pool.h>

#define XD_NREQ 32
#define XD_MAPPAGE 8192
#define XD_MAXUNIT 4

struct xd_request {
	SIMPLEQ_ENTRY(xd_request) xr_chain;
	daddr_t		xr_blkno;
	size_t		xr_bcount;
	caddr_t		xr_addr;
	int		xr_flags;
#define XR_READ 0x01
#define XR_DONE 0x02
	int		xr_error;
};

struct xd_map {
	u_long	xm_segs[16];
	u_int	xm_nsegs;
};

struct xd_softc {
	SIMPLEQ_HEAD(xd_queue, xd_request) sc_queue;
	u_int	sc_unit;
	u_int	sc_active;
};

static struct pool xd_request_pool;
static struct pool xd_map_pool;
static char xd_request_storage[POOL_STORAGE_SIZE(sizeof(struct xd_request), XD_NREQ)];
static struct xd_softc xd_softc[XD_MAXUNIT];

void	xdattach __P((int));
int	xdstrategy __P((u_int, daddr_t, caddr_t, size_t, int));
int	xdintr __P((u_int));
void	xddetach __P((void));

static void	*xd_mapalloc __P((unsigned long, int, int));
static void	xd_mapfree __P((void *, unsigned long, int));

static void *
xd_mapalloc(unsigned long sz, int flags, int tag)
{
	void *va;

	va = kernel_malloc(sz + XD_MAPPAGE, tag,
	    (flags & PR_WAITOK) ? M_WAITOK : M_NOWAIT);
	if (va != NULL) {
		/* keep the pages simple: give up what is not aligned */
		if (((unsigned long)va & (XD_MAPPAGE - 1)) != 0) {
			kernel_free(va, tag);
			va = NULL;
		}
	}
	return (va);
}

static void
xd_mapfree(void *v, unsigned long sz, int tag)
{
	(void)sz;
	kernel_free(v, tag);
}

void
xdattach(int num)
{
	int i;

	if (num > XD_MAXUNIT)
		num = XD_MAXUNIT;
	pool_init(&xd_request_pool, sizeof(struct xd_request), 0, 0, PR_STATIC,
	    (char *)"xdreqpl", 0, NULL, NULL, 0);
	if (pool_prime(&xd_request_pool, XD_NREQ, (caddr_t)xd_request_storage))
		panic("xdattach: no requests");
	pool_setlowat(&xd_request_pool, XD_NREQ);

	pool_init(&xd_map_pool, sizeof(struct xd_map), 64, 0, 0, (char *)"xdmappl",
	    XD_MAPPAGE, xd_mapalloc, xd_mapfree, M_DEVBUF);
	pool_sethiwat(&xd_map_pool, 2 * XD_NREQ);
	if (pool_sethardlimit(&xd_map_pool, 4 * XD_NREQ,
	    "xd: out of transfer maps", 60) != 0)
		panic("xdattach: hard limit");

	for (i = 0; i < num; i++) {
		bzero(&xd_softc[i], sizeof(xd_softc[i]));
		xd_softc[i].sc_unit = (u_int)i;
		SIMPLEQ_INIT(&xd_softc[i].sc_queue);
	}
}

int
xdstrategy(u_int unit, daddr_t blkno, caddr_t addr, size_t bcount, int flags)
{
	struct xd_softc *sc = &xd_softc[unit];
	struct xd_request *xr;
	struct xd_map *xm;
	int s;

	s = splbio();
	xr = (struct xd_request *)pool_get(&xd_request_pool, PR_NOWAIT);
	splx(s);
	if (xr == NULL)
		return (-1);

	xm = (struct xd_map *)pool_get(&xd_map_pool, PR_WAITOK | PR_LIMITFAIL);
	if (xm == NULL) {
		s = splbio();
		pool_put(&xd_request_pool, xr);
		splx(s);
		return (-1);
	}
	xm->xm_nsegs = 1;
	xm->xm_segs[0] = (u_long)addr;
	pool_put(&xd_map_pool, xm);

	xr->xr_blkno = blkno;
	xr->xr_addr = addr;
	xr->xr_bcount = bcount;
	xr->xr_flags = flags;
	xr->xr_error = 0;
	s = splbio();
	SIMPLEQ_INSERT_TAIL(&sc->sc_queue, xr, xr_chain);
	sc->sc_active++;
	splx(s);
	return (0);
}

int
xdintr(u_int unit)
{
	struct xd_softc *sc = &xd_softc[unit];
	struct xd_request *xr;
	int handled = 0;

	while ((xr = SIMPLEQ_FIRST(&sc->sc_queue)) != NULL) {
		SIMPLEQ_REMOVE_HEAD(&sc->sc_queue, xr_chain);
		sc->sc_active--;
		xr->xr_flags |= XR_DONE;
		wakeup(xr);
		pool_put(&xd_request_pool, (void *)xr);
		handled++;
	}
	return (handled);
}

void
xddetach(void)
{

	pool_destroy(&xd_map_pool);
	pool_destroy(&xd_request_pool);
}
