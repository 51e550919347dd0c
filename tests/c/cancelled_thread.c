/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for an item is no cancellation point: a thread that was cancelled while it waits keeps
 * its place, gets its item, and ends where it chooses to. */
#define _POSIX_C_SOURCE 200809L
#include <sys/types.h>

#include <pthread.h>
#include <sys/pool.h>
#include <time.h>

#include "check.h"

static struct pool p;
static int got_item;

static void *wait_for_item(void *unused)
{
    void *item = pool_get(&p, PR_WAITOK);

    (void)unused;
    got_item = item != NULL;
    pool_put(&p, item);
    pthread_testcancel();
    return NULL;
}

int main(void)
{
    static char wchan[] = "cancelled";
    const struct timespec pause = {0, 1000000};
    struct pool_stats s;
    pthread_t thread;
    void *item, *result;

    pool_init(&p, 64, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    CHECK(pool_sethardlimit(&p, 1, NULL, 0) == 0);
    CHECK((item = pool_get(&p, PR_WAITOK)) != NULL);

    CHECK(pthread_create(&thread, NULL, wait_for_item, NULL) == 0);
    do {
        nanosleep(&pause, NULL);
        CHECK(pool_getstats(&p, &s, sizeof s) == 0);
    } while (s.waiters == 0);
    CHECK(pthread_cancel(thread) == 0);
    nanosleep(&pause, NULL);
    CHECK(pool_getstats(&p, &s, sizeof s) == 0);
    CHECK(s.waiters == 1);
    pool_put(&p, item);

    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(got_item);
    CHECK(pool_getstats(&p, &s, sizeof s) == 0);
    CHECK(s.out == 0 && s.waiters == 0);
    pool_destroy(&p);
    return 0;
}
