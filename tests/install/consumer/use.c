/* SPDX-License-Identifier: BSD-2-Clause */
/* The least C program over the installed <sys/pool.h>. */
#include <sys/pool.h>

static struct pool items;

int main(void) {
  void* item;

  pool_init(&items, 64, 0, 0, 0, "items", 0, NULL, NULL, 0);
  item = pool_get(&items, PR_NOWAIT);
  if (item == NULL) return 1;
  pool_put(&items, item);
  pool_destroy(&items);
  return 0;
}
