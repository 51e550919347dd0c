/* SPDX-License-Identifier: BSD-2-Clause */
/* pool_get_timed(): a wait that ends, and a wait that is served in time by another thread. */
#define _POSIX_C_SOURCE 200809L
#include <sys/types.h>

#include <pthread.h>
#include <sys/pool.h>
#include <time.h>

#include "check.h"

static struct pool p;

static double seconds_now(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Puts its item as soon as somebody waits for it. */
static void *put_when_awaited(void *item)
{
    struct pool_stats s;
    const struct timespec pause = {0, 1000000};

    do {
        CHECK(pool_getstats(&p, &s, sizeof s) == 0);
        nanosleep(&pause, NULL);
    } while (s.waiters == 0);
    pool_put(&p, item);
    return NULL;
}

int main(void)
{
    static char wchan[] = "timed";
    const struct timespec none = {0, 0}, brief = {0, 50000000}, ample = {40, 0};
    pthread_t thread;
    void *item, *other;
    double start;

    pool_init(&p, 64, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    CHECK(pool_sethardlimit(&p, 1, NULL, 0) == 0);
    CHECK((item = pool_get_timed(&p, PR_WAITOK, &none)) != NULL); /* free: time is of no account */

    start = seconds_now();
    CHECK(pool_get_timed(&p, PR_WAITOK, &none) == NULL);
    CHECK(pool_get_timed(&p, PR_WAITOK | PR_LIMITFAIL, &ample) == NULL);
    CHECK(seconds_now() - start < 20);

    start = seconds_now();
    CHECK(pool_get_timed(&p, PR_WAITOK, &brief) == NULL);
    CHECK(seconds_now() - start >= 0.05);

    CHECK(pthread_create(&thread, NULL, put_when_awaited, item) == 0);
    CHECK((other = pool_get_timed(&p, PR_WAITOK, &ample)) == item);
    CHECK(pthread_join(thread, NULL) == 0);

    CHECK(pthread_create(&thread, NULL, put_when_awaited, other) == 0);
    CHECK((item = pool_get_timed(&p, PR_WAITOK, NULL)) == other);
    CHECK(pthread_join(thread, NULL) == 0);

    pool_put(&p, item);
    pool_destroy(&p);
    return 0;
}
