/* SPDX-License-Identifier: BSD-2-Clause */
/* A pool may be used by code that runs before main() and after it. */
#include <sys/types.h>

#include <stdlib.h>
#include <string.h>
#include <sys/pool.h>

#include "check.h"

static struct pool early_pool;
static char *early_item;
static char wchan[] = "early";

__attribute__((constructor)) static void before_main(void)
{
    pool_init(&early_pool, 100, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    CHECK(pool_prime(&early_pool, 20, NULL) == 0);
    CHECK((early_item = pool_get(&early_pool, PR_WAITOK)) != NULL);
    strcpy(early_item, "from before main");
}

__attribute__((destructor)) static void after_main(void)
{
    char *item = pool_get(&early_pool, PR_NOWAIT);

    if (item == NULL || strcmp(early_item, "used by main") != 0)
        abort();
    pool_put(&early_pool, item);
    pool_put(&early_pool, early_item);
    (void)pool_reclaim(&early_pool);
    pool_destroy(&early_pool);
}

int main(void)
{
    CHECK(strcmp(early_item, "from before main") == 0);
    strcpy(early_item, "used by main");
    return 0;
}
