/* SPDX-License-Identifier: BSD-2-Clause */
/* pool_getstats(): a monitor that prints what a pool has done, and what it must say. */
#include <sys/types.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/pool.h>

#include "check.h"

int main(void)
{
    static char wchan[] = "a pool whose name is rather long, in fact";
    struct pool_stats s;
    struct pool *pp;
    void *items[30];
    int i;

    pp = pool_create(256, 0, 0, 10, wchan, 4096, NULL, NULL, 0);
    CHECK(pp != NULL);
    CHECK(pool_sethardlimit(pp, 30, NULL, 0) == 0);
    pool_sethiwat(pp, 64);
    pool_setlowat(pp, 5);

    for (i = 0; i < 30; i++)
        CHECK((items[i] = pool_get(pp, PR_NOWAIT)) != NULL);
    CHECK(pool_get(pp, PR_NOWAIT) == NULL);
    CHECK(pool_sethardlimit(pp, 29, NULL, 0) == EINVAL);
    for (i = 0; i < 12; i++)
        pool_put(pp, items[i]);

    CHECK(pool_getstats(pp, &s, sizeof s) == 0);
    CHECK(strncmp(s.name, wchan, 31) == 0 && s.name[31] == '\0');
    CHECK(s.item_size == 256 && pp->pr_size == 256);
    CHECK(s.page_size == 4096 && s.stride >= 256);
    CHECK(s.out == 18 && s.gets == 30 && s.puts == 12 && s.fails == 1);
    CHECK(s.total == s.out + s.cached + s.free);
    CHECK(s.total == s.pages * (4096 / s.stride));
    CHECK(s.reserve == 10 && s.low_watermark == 5 && s.high_watermark == 64);
    CHECK(s.hard_limit == 30 && s.limit_hits == 1);
    CHECK(s.waiters == 0 && s.waits == 0 && s.timeouts == 0 && s.oldest_wait_ns == 0);
    CHECK(s.peak_out == 30 && s.peak_out_time_ns > 0);
    CHECK(s.resident_bytes >= s.pages * s.page_size);

    /* A program that knows a part of the struct only. */
    memset(&s, 0, sizeof s);
    CHECK(pool_getstats(pp, &s, offsetof(struct pool_stats, gets)) == 0);
    CHECK(s.out == 18 && s.gets == 0);
    CHECK(pool_getstats(pp, NULL, sizeof s) == EINVAL);

    for (i = 12; i < 30; i++)
        pool_put(pp, items[i]);
    CHECK(pool_getstats(pp, &s, sizeof s) == 0);
    CHECK(s.out == 0 && s.gets == s.puts);
    pool_destroy(pp);
    return 0;
}
