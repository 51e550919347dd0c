/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers of a fork that the program registered before it used a pool may use one. */
#include <sys/types.h>

#include <pthread.h>
#include <sys/pool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static struct pool buffer_pool;
static int n_handled;

static void use(void)
{
    void *buffer = pool_get(&buffer_pool, PR_WAITOK);

    CHECK(buffer != NULL);
    pool_put(&buffer_pool, buffer);
    n_handled++;
}

int main(void)
{
    static char wchan[] = "bufferpl";
    pid_t child;
    int status;

    pool_init(&buffer_pool, 64, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    CHECK(pthread_atfork(use, use, use) == 0);
    CHECK(pool_prime(&buffer_pool, 1, NULL) == 0); /* nothing to go back, so no thread for that */

    alarm(60);
    child = fork();
    CHECK(child >= 0);
    CHECK(n_handled == 2);
    if (child == 0) {
        alarm(60);
        use();
        _exit(n_handled == 3 ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pool_destroy(&buffer_pool);
    return 0;
}
