/* SPDX-License-Identifier: BSD-2-Clause */
/* A pool that lives in static storage: exactly its items, nothing asked of anybody. */
#include <sys/types.h>

#include <errno.h>
#include <string.h>
#include <sys/pool.h>

#include "check.h"

struct timer {
    unsigned long expires;
    void (*fire)(void *);
    void *argument;
};

#define NTIMERS 100

static struct pool timer_pool;
static char timer_storage[POOL_STORAGE_SIZE(sizeof(struct timer), NTIMERS)];

int main(void)
{
    static char wchan[] = "timerpl";
    struct timer *timers[NTIMERS];
    int round, i, k;

    pool_init(&timer_pool, sizeof(struct timer), 0, 0, PR_STATIC, wchan, 0, NULL, NULL, 0);
    CHECK(pool_get(&timer_pool, PR_NOWAIT) == NULL);
    CHECK(pool_prime(&timer_pool, NTIMERS, NULL) == ENOMEM);
    CHECK(pool_prime(&timer_pool, NTIMERS, timer_storage) == 0);

    for (round = 0; round < 3; round++) {
        for (i = 0; i < NTIMERS; i++) {
            timers[i] = pool_get(&timer_pool, PR_NOWAIT);
            CHECK(timers[i] != NULL);
            CHECK((char *)timers[i] >= timer_storage);
            CHECK((char *)(timers[i] + 1) <= timer_storage + sizeof timer_storage);
            memset(timers[i], 0, sizeof *timers[i]);
            timers[i]->expires = (unsigned long)i;
        }
        CHECK(pool_get(&timer_pool, PR_NOWAIT) == NULL);
        CHECK(pool_get(&timer_pool, PR_LIMITFAIL) == NULL);
        for (i = 0; i < NTIMERS; i++) {
            k = (i * 37 + round) % NTIMERS; /* 37 and 100 have no common factor */
            CHECK(timers[k]->expires == (unsigned long)k);
            pool_put(&timer_pool, timers[k]);
        }
    }
    CHECK(pool_reclaim(&timer_pool) == 0);
    CHECK(pool_chk(&timer_pool, "at the end") == 0);
    pool_destroy(&timer_pool);

    memset(timer_storage, 0, sizeof timer_storage); /* ours again */
    return 0;
}
