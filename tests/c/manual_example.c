/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole of the manual in one short program: a pool with its own page functions, a reserve, both
 * watermarks and a low-memory path. */
#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pool.h>

#include "check.h"

struct request {
    int id;
    struct request *next;
    char body[200];
};

#define PAGESZ 4096
#define TAG 25

static struct pool request_pool;
static int n_pages;
static int memory_is_short;

static void *page_alloc(unsigned long sz, int flags, int tag)
{
    void *page;

    (void)flags;
    CHECK(tag == TAG);
    CHECK(sz % PAGESZ == 0);
    if (memory_is_short)
        return NULL;
    page = aligned_alloc(PAGESZ, sz);
    if (page != NULL)
        n_pages++;
    return page;
}

static void page_release(void *v, unsigned long sz, int tag)
{
    CHECK(tag == TAG);
    CHECK(sz % PAGESZ == 0);
    n_pages--;
    free(v);
}

static struct request *enqueue(int count)
{
    struct request *head = NULL;
    int i;

    for (i = 0; i < count; i++) {
        struct request *r = pool_get(&request_pool, PR_NOWAIT);
        if (r == NULL)
            break;
        memset(r, i, sizeof *r);
        r->id = i;
        r->next = head;
        head = r;
    }
    return head;
}

static int dequeue_all(struct request *head)
{
    int n = 0;

    while (head != NULL) {
        struct request *next = head->next;
        CHECK(head->body[sizeof head->body - 1] == (char)head->id);
        pool_put(&request_pool, head);
        head = next;
        n++;
    }
    return n;
}

int main(void)
{
    static char wchan[] = "request";
    int primed;

    pool_init(&request_pool, sizeof(struct request), 0, 0, 0, wchan, PAGESZ, page_alloc,
              page_release, TAG);
    CHECK(n_pages == 0);

    CHECK(pool_prime(&request_pool, 50, NULL) == 0);
    primed = n_pages;
    CHECK(primed > 0);
    pool_setlowat(&request_pool, 10);
    pool_sethiwat(&request_pool, 100);

    CHECK(dequeue_all(enqueue(1000)) == 1000);
    CHECK(n_pages >= primed);
    CHECK(n_pages < 60); /* a thousand requests needed more */

    memory_is_short = 1;
    CHECK(pool_prime(&request_pool, 1000, NULL) == ENOMEM);
    CHECK(dequeue_all(enqueue(1000)) >= 50); /* what was primed is there */
    memory_is_short = 0;

    pool_destroy(&request_pool);
    CHECK(n_pages == 0);
    return 0;
}
