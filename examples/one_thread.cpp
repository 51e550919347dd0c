// SPDX-License-Identifier: BSD-2-Clause
// A pool for one thread: no lock, the same limit and reserve; a get that finds nothing returns.
#include <cstdio>
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>

struct event {
  int what;
};

int main() {
  pool9::unsynchronized_pool buffers{{.name = "buffers", .item_size = 2048, .hard_limit = 2}};
  if (!buffers.prime(2)) return 1;
  void* const a = buffers.try_get();
  void* const b = buffers.try_get();
  if (buffers.try_get() == nullptr) std::puts("two are out");
  buffers.put(b);
  buffers.put(a);

  pool9::object_pool<event, pool9::unsynchronized_pool> events{{.name = "events"}};
  const auto e = events.try_make(7);
  std::printf("event %d\n", e ? e->what : 0);
}
