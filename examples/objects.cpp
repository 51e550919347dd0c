// SPDX-License-Identifier: BSD-2-Clause
// Typed objects: constructed when they are made, destroyed and put back by their pointers.
#include <chrono>
#include <cstdio>
#include <memory>
#include <pool9/object_pool.hpp>

struct connection {
  explicit connection(int f) : fd(f) {}
  int fd;
  char buffer[4000] = {};
};

int main() {
  using namespace std::chrono_literals;
  pool9::object_pool<connection> connections{
      {.name = "connections", .reserve = 2, .hard_limit = 2}};

  auto a = connections.make(3);                         // waits for an item
  if (auto b = connections.try_make(4)) b->fd = 5;      // or empty; put back here
  std::shared_ptr<connection> c = connections.make(6);  // as any unique_ptr
  auto d = connections.try_make_for(5ms, 7);            // the limit is two
  if (!d) std::puts("busy");

  const pool_stats s = connections.items().stats();
  std::printf("%s: %d and %d of %d\n", s.name, a->fd, c->fd, static_cast<int>(s.hard_limit));
  return d ? 1 : 0;
}
