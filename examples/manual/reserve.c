/* SPDX-License-Identifier: BSD-2-Clause */
/* pool(3), example 1: requests that can always be taken, 1000 at most. */
#include <sys/pool.h>

struct request {
  int fd;
  char text[500];
};

static struct pool requests;
static char reserve[POOL_STORAGE_SIZE(sizeof(struct request), 100)];

int main(void) {
  struct request* r;

  pool_init(&requests, sizeof(struct request), 0, 0, 0, "request", 0, NULL, NULL, 0);
  if (pool_prime(&requests, 100, reserve) != 0) return 1;
  if (pool_sethardlimit(&requests, 1000, "too many requests", 60) != 0) return 1;

  r = pool_get(&requests, PR_WAITOK | PR_LIMITFAIL);
  if (r != NULL) { /* else 1000 are out: turn something away */
    r->fd = 0;
    pool_put(&requests, r);
  }
  pool_destroy(&requests);
  return 0;
}
