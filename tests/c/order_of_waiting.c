/* SPDX-License-Identifier: BSD-2-Clause */
/* "If no resources are available and PR_WAITOK is given, this function will wait until items are
 * returned to the pool": in the order in which they came. */
#define _POSIX_C_SOURCE 200809L
#include <sys/types.h>

#include <pthread.h>
#include <sys/pool.h>
#include <time.h>

#include "check.h"

#define THREADS 8

static struct pool p;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int order[THREADS];
static int n_served;

static void *wait_and_pass_on(void *arg)
{
    void *item = pool_get(&p, PR_WAITOK);

    CHECK(item != NULL);
    CHECK(pthread_mutex_lock(&mutex) == 0);
    order[n_served++] = *(int *)arg;
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    pool_put(&p, item);
    return NULL;
}

static void await_waiters(unsigned long n)
{
    const struct timespec pause = {0, 1000000};
    struct pool_stats s;

    for (;;) {
        CHECK(pool_getstats(&p, &s, sizeof s) == 0);
        if (s.waiters == n)
            return;
        nanosleep(&pause, NULL);
    }
}

int main(void)
{
    static char wchan[] = "queue";
    pthread_t threads[THREADS];
    int numbers[THREADS], i;
    void *item;

    pool_init(&p, 32, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    CHECK(pool_sethardlimit(&p, 1, NULL, 0) == 0);
    CHECK((item = pool_get(&p, PR_WAITOK)) != NULL);

    for (i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, wait_and_pass_on, &numbers[i]) == 0);
        await_waiters((unsigned long)i + 1);
    }
    CHECK(pool_get(&p, PR_WAITOK | PR_LIMITFAIL) == NULL);
    pool_put(&p, item);

    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(n_served == THREADS);
    for (i = 0; i < THREADS; i++)
        CHECK(order[i] == i);
    pool_destroy(&p);
    return 0;
}
