/* SPDX-License-Identifier: BSD-2-Clause */
/* A program under MemorySanitizer, which is built by clang alone: what it did is its argument. */
#include <stdio.h>
#include <string.h>
#include <sys/pool.h>

static struct pool items;

int main(int argc, char **argv) {
  const char *const what = argc > 1 ? argv[1] : "behave";
  char *item;

  pool_init(&items, 100, 0, 0, 0, "watched", 0, NULL, NULL, 0);
  item = pool_get(&items, PR_WAITOK);
  if (strcmp(what, "uninitialised") != 0) memset(item, 'x', 100);
  if (strcmp(what, "after_put") == 0) pool_put(&items, item);
  if (item[10] == 'y') puts("never written");
  if (strcmp(what, "after_put") != 0) pool_put(&items, item);
  pool_destroy(&items);
  printf("the end of %s\n", what);
  return 0;
}
