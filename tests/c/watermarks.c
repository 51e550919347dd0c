/* SPDX-License-Identifier: BSD-2-Clause */
/* Both watermarks, seen from a program that counts its pages. */
#include <sys/types.h>

#include <stdlib.h>
#include <sys/pool.h>

#include "check.h"

#define PAGESZ 4096u
#define SIZE 1024u /* four items to a page */
#define N 80

static int n_pages;

static void *palloc(unsigned long sz, int flags, int tag)
{
    (void)flags;
    (void)tag;
    n_pages++;
    return aligned_alloc(PAGESZ, sz);
}

static void prelease(void *v, unsigned long sz, int tag)
{
    (void)sz;
    (void)tag;
    n_pages--;
    free(v);
}

static int peak_of_round(struct pool *pp)
{
    void *items[N];
    int i, peak;

    for (i = 0; i < N; i++)
        CHECK((items[i] = pool_get(pp, PR_NOWAIT)) != NULL);
    peak = n_pages;
    for (i = 0; i < N; i++)
        pool_put(pp, items[i]);
    return peak;
}

int main(void)
{
    static char wchan[] = "water";
    struct pool p;

    pool_init(&p, SIZE, 0, 0, 0, wchan, PAGESZ, palloc, prelease, 0);

    /* Without a high watermark the pages remain associated with the pool. */
    CHECK(peak_of_round(&p) == N / 4);
    CHECK(n_pages == N / 4);

    /* With one, what is unused beyond it goes back: at once, and at every put. */
    pool_sethiwat(&p, 8);
    CHECK(n_pages <= 2);
    CHECK(peak_of_round(&p) == N / 4);
    CHECK(n_pages <= 2);

    /* The low watermark allocates nothing up-front, but from the first get on pages stay. */
    (void)pool_reclaim(&p);
    CHECK(n_pages == 0);
    pool_setlowat(&p, 30);
    CHECK(n_pages == 0);
    CHECK(peak_of_round(&p) >= N / 4);
    CHECK(n_pages >= 8);
    CHECK(n_pages < N / 4);
    (void)pool_reclaim(&p);
    CHECK(n_pages >= 8);

    pool_setlowat(&p, 0);
    pool_drain(NULL);
    CHECK(n_pages == 0);
    pool_destroy(&p);
    return 0;
}
