/* SPDX-License-Identifier: BSD-2-Clause */
/* pool(3), example 2: pages from the program's own allocator. */
#define _POSIX_C_SOURCE 200112L
#include <stdlib.h>
#include <sys/pool.h>

static void* page_get(unsigned long sz, int flags, int tag) {
  void* page;

  (void)flags, (void)tag;
  return posix_memalign(&page, sz, sz) == 0 ? page : NULL;
}

static void page_release(void* page, unsigned long sz, int tag) {
  (void)sz, (void)tag;
  free(page);
}

int main(void) {
  struct pool nodes;
  void* node;

  pool_init(&nodes, 48, 16, 0, 0, "node", 8192, page_get, page_release, 0);
  node = pool_get(&nodes, PR_NOWAIT);
  if (node != NULL) pool_put(&nodes, node);
  pool_sethiwat(&nodes, 0); /* gives the page back at once */
  pool_destroy(&nodes);
  return node == NULL;
}
