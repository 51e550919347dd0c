/* SPDX-License-Identifier: BSD-2-Clause */
/* pool_get_bulk(): philosophers who take both forks at once, from a pool with too few for all. */
#define _POSIX_C_SOURCE 200809L
#include <sys/types.h>

#include <errno.h>
#include <pthread.h>
#include <sys/pool.h>

#include "check.h"

#define PHILOSOPHERS 5
#define FORKS 5
#define MEALS 200

static struct pool forks;

static void *dine(void *arg)
{
    int *meals = arg;

    while (*meals < MEALS) {
        void *both[2];
        CHECK(pool_get_bulk(&forks, PR_WAITOK, both, 2) == 0);
        CHECK(both[0] != NULL && both[1] != NULL && both[0] != both[1]);
        *(int *)both[0] = *(int *)both[1] = *meals; /* nobody else holds them */
        (*meals)++;
        pool_put_bulk(&forks, both, 2);
    }
    return NULL;
}

int main(void)
{
    static char wchan[] = "fork";
    pthread_t threads[PHILOSOPHERS];
    int meals[PHILOSOPHERS] = {0};
    void *all[FORKS + 1];
    struct pool_stats s;
    int i;

    pool_init(&forks, sizeof(int), 0, 0, 0, wchan, 0, NULL, NULL, 0);
    CHECK(pool_prime(&forks, FORKS, NULL) == 0);
    CHECK(pool_sethardlimit(&forks, FORKS, NULL, 0) == 0);

    CHECK(pool_get_bulk(&forks, PR_WAITOK, all, FORKS + 1) == EINVAL); /* would wait for ever */
    CHECK(pool_get_bulk(&forks, PR_NOWAIT, all, FORKS) == 0);
    CHECK(pool_get_bulk(&forks, PR_NOWAIT, all + FORKS, 1) == ENOMEM);

    for (i = 0; i < PHILOSOPHERS; i++)
        CHECK(pthread_create(&threads[i], NULL, dine, &meals[i]) == 0);
    pool_put_bulk(&forks, all, FORKS);
    for (i = 0; i < PHILOSOPHERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(meals[i] == MEALS);
    }

    CHECK(pool_getstats(&forks, &s, sizeof s) == 0);
    CHECK(s.out == 0 && s.waiters == 0 && s.peak_out <= FORKS);
    pool_destroy(&forks);
    return 0;
}
