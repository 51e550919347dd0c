/* SPDX-License-Identifier: BSD-2-Clause */
/* The README's second example: the manual's interface, on storage of the program's own. */
#include <sys/pool.h>

struct request {
  int id;
  char line[120];
};
static char reserve[POOL_STORAGE_SIZE(sizeof(struct request), 100)];
static struct pool requests;

int main(void) {
  struct request* r;
  pool_init(&requests, sizeof(struct request), 0, 0, 0, "reqpl", 0, NULL, NULL, 0);
  if (pool_prime(&requests, 100, reserve) != 0) return 1; /* these are ours, whatever happens */
  if (pool_sethardlimit(&requests, 1000, "too many requests", 10) != 0) return 1;
  r = pool_get(&requests, PR_WAITOK | PR_LIMITFAIL); /* NULL at the limit; waits for memory */
  if (r == NULL) return 1;
  pool_put(&requests, r);
  pool_destroy(&requests);
  return 0;
}
