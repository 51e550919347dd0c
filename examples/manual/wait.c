/* SPDX-License-Identifier: BSD-2-Clause */
/* pool(3), example 3: several items at once, and a wait that ends. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <sys/pool.h>
#include <time.h>

int main(void) {
  const struct timespec soon = {0, 50 * 1000 * 1000};
  struct pool* buffers = pool_create(4096, 0, 0, 2, "buffer", 0, NULL, NULL, 0);
  void* pair[2];

  if (buffers == NULL || pool_sethardlimit(buffers, 2, NULL, 0) != 0) return 1;
  if (pool_get_bulk(buffers, PR_WAITOK, pair, 2) != 0) return 1;
  if (pool_get_timed(buffers, PR_WAITOK, &soon) == NULL) puts("nobody put one in time");
  pool_put_bulk(buffers, pair, 2);
  pool_destroy(buffers);
  return 0;
}
