/* SPDX-License-Identifier: BSD-2-Clause */
/* A process whose memory has come to its end: pool_init() cannot fail, storage needs nothing more,
 * and everything else fails as an ordinary call fails - the pool's own bookkeeping included. */
#define _DEFAULT_SOURCE
#include <sys/types.h>

#include <errno.h>
#include <string.h>
#include <sys/pool.h>
#include <sys/resource.h>

#include "check.h"

/* The sanitizers need address space of their own: with them the program tells less. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_CAN_END 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_CAN_END 0
#endif
#endif
#ifndef MEMORY_CAN_END
#define MEMORY_CAN_END 1
#endif

#define N 50

static struct pool empty, full, fixed;
static char storage[POOL_STORAGE_SIZE(200, N)];
static char wchan[] = "starved";

/* No address space beyond what is mapped now: mmap() and brk() fail. */
static void set_memory(rlim_t limit)
{
    struct rlimit r;

    CHECK(getrlimit(RLIMIT_AS, &r) == 0);
    r.rlim_cur = limit == RLIM_INFINITY ? r.rlim_max : limit;
    CHECK(setrlimit(RLIMIT_AS, &r) == 0);
}

static void with_storage_all_is_well(void)
{
    void *items[N];
    int i;

    CHECK(pool_prime(&fixed, N, storage) == 0);
    for (i = 0; i < N; i++) {
        CHECK((items[i] = pool_get(&fixed, PR_NOWAIT)) != NULL);
        memset(items[i], i, 200);
    }
    CHECK(pool_get(&fixed, PR_NOWAIT) == NULL);
    for (i = 0; i < N; i++)
        pool_put(&fixed, items[i]);
}

/* Some memory may be at hand already; it comes to its end without any other harm. */
static void without_memory_calls_fail(void)
{
    void *item;
    int round, n;

    for (n = 0; n < 1000000 && (item = pool_get(&full, PR_NOWAIT)) != NULL; n++)
        *(void **)item = item;
    CHECK(n >= 10 && n < 1000000);
    for (round = 0; round < 3; round++) {
        CHECK(pool_prime(&empty, 1000000, NULL) == ENOMEM);
        CHECK(pool_prime(&full, 1000000, NULL) == ENOMEM);
        CHECK(pool_get(&full, PR_NOWAIT) == NULL);
    }
    CHECK(pool_create(4096, 0, 0, 100000, wchan, 0, NULL, NULL, 0) == NULL);
}

/* And when memory is back, so are they. */
static void with_memory_calls_succeed(void)
{
    void *item;

    CHECK((item = pool_get(&empty, PR_NOWAIT)) != NULL);
    pool_put(&empty, item);
    CHECK(pool_prime(&empty, 1000, NULL) == 0);
    CHECK((item = pool_get(&full, PR_NOWAIT)) != NULL);
    pool_put(&full, item);
    CHECK(pool_chk(&full, "after famine") == 0);
    CHECK(pool_chk(&empty, "after famine") == 0);
}

int main(void)
{
    memset(storage, 0, sizeof storage); /* its pages are there, and not to be asked for */
    pool_init(&full, 4096, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    CHECK(pool_prime(&full, 10, NULL) == 0);

    if (MEMORY_CAN_END)
        set_memory(1);
    pool_init(&empty, 200, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    pool_init(&fixed, 200, 0, 0, PR_STATIC, wchan, 0, NULL, NULL, 0);
    with_storage_all_is_well();
    if (MEMORY_CAN_END) {
        without_memory_calls_fail();
        set_memory(RLIM_INFINITY);
    }
    with_memory_calls_succeed();

    pool_destroy(&empty);
    pool_destroy(&fixed);
    return 0; /* the items of `full' end with the process */
}
