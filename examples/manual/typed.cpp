// SPDX-License-Identifier: BSD-2-Clause
// pool9(3), the example: a pool that exists before main, and its ways to get an item.
#include <chrono>
#include <cstdio>
#include <pool9/pool.hpp>

constinit pool9::pool buffers{{.name = "buffer", .item_size = 4096, .hard_limit = 2}};

struct late_buffer : pool9::waiter {
  late_buffer() : waiter(arrived) {}
  static void arrived(pool9::waiter&, void* item) noexcept {
    const pool9::pooled_item owned(item, {&buffers});  // puts it back
    std::puts("served");
  }
};

int main() {
  if (!buffers.prime(2)) return 1;
  void* const first = buffers.get();
  void* const second = buffers.try_get();
  if (buffers.try_get_for(std::chrono::milliseconds(10)) != nullptr) return 1;

  late_buffer later;
  if (buffers.get_or_enqueue(later) != nullptr) return 1;
  buffers.put(first);  // goes to `later`
  buffers.put(second);
  return buffers.stats().out == 0 ? 0 : 1;
}
