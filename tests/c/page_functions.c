/* SPDX-License-Identifier: BSD-2-Clause */
/* palloc and prelease: what they are given, for small pages and large ones, and that each page
 * comes back as it went. */
#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <sys/pool.h>

#include "check.h"

#define MAXPAGES 256

static struct {
    void *page;
    unsigned long sz;
} given[MAXPAGES];
static int n_given, n_live, last_flags, the_tag;
static unsigned long the_pagesz;

static void *palloc(unsigned long sz, int flags, int tag)
{
    void *page = aligned_alloc(sz < sizeof(void *) ? sizeof(void *) : sz, sz);

    CHECK(tag == the_tag);
    CHECK(sz % the_pagesz == 0);
    CHECK(page != NULL && (uintptr_t)page % the_pagesz == 0);
    CHECK(n_given < MAXPAGES);
    given[n_given].page = page;
    given[n_given].sz = sz;
    n_given++;
    n_live++;
    last_flags = flags;
    return page;
}

static void prelease(void *v, unsigned long sz, int tag)
{
    int i;

    CHECK(tag == the_tag);
    for (i = 0; i < n_given; i++) {
        if (given[i].page == v && given[i].sz == sz) {
            given[i].page = NULL;
            n_live--;
            free(v);
            return;
        }
    }
    CHECK(n_given < 0); /* released what was never given */
}

static void try_page_size(unsigned int pagesz, size_t size, int tag)
{
    static char wchan[] = "pages";
    struct pool p;
    void *items[40];
    int i, before;

    the_pagesz = pagesz;
    the_tag = tag;
    n_given = 0;
    pool_init(&p, size, 0, 0, 0, wchan, pagesz, palloc, prelease, tag);
    CHECK(n_given == 0);

    for (i = 0; i < 40; i++) {
        items[i] = pool_get(&p, i % 2 != 0 ? PR_WAITOK : PR_NOWAIT);
        CHECK(items[i] != NULL);
    }
    CHECK((unsigned long)n_live * pagesz >= 40 * size);
    before = n_live;
    CHECK(pool_prime(&p, (int)(pagesz / size) + 1, NULL) == 0);
    CHECK(n_live > before);
    CHECK(last_flags == 0);

    for (i = 0; i < 40; i++)
        pool_put(&p, items[i]);
    (void)pool_reclaim(&p);
    CHECK(n_live > 0); /* what was primed stays, */
    pool_destroy(&p);
    CHECK(n_live == 0); /* as long as the pool does */
}

int main(void)
{
    try_page_size(64, 16, 1);
    try_page_size(512, 100, -1);
    try_page_size(4096, 24, 0);
    try_page_size(4096, 4096, 25);
    try_page_size(65536, 3000, 77);
    return 0;
}
