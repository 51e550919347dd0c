// SPDX-License-Identifier: BSD-2-Clause
// The README's first example: a bounded pool with a reserve, in C++.
#include <pool9/pool.hpp>

using namespace std::chrono_literals;

int main() {
  pool9::pool buffers{{.name = "buffers", .item_size = 4096, .reserve = 16, .hard_limit = 1000}};

  void* a = buffers.get();              // waits its turn if 1000 are out
  void* b = buffers.try_get();          // or nullptr, at once
  void* c = buffers.try_get_for(50ms);  // or nullptr after 50 ms
  const bool all = a != nullptr && b != nullptr && c != nullptr;

  buffers.put(a);  // hands it to the oldest waiter, if there is one
  buffers.put(b);
  buffers.put(c);
  return all && buffers.stats().out == 0 ? 0 : 1;
}
