// SPDX-License-Identifier: BSD-2-Clause
// Waiting without a thread: a waiter is called when its item comes.
#include <cstdio>
#include <pool9/pool.hpp>

namespace {

struct job : pool9::waiter {
  explicit job(pool9::pool& p) noexcept : waiter(&start), slots(p) {}

  static void start(waiter& w, void* slot) noexcept {
    auto& self = static_cast<job&>(w);
    std::puts("the job has its slot");
    self.done = true;
    self.slots.put(slot);
  }
  pool9::pool& slots;
  bool done = false;
};

}

int main() {
  pool9::pool slots{{.name = "slots", .item_size = 64, .hard_limit = 1}};
  void* const busy = slots.get();
  job waiting(slots);
  if (slots.get_or_enqueue(waiting) != nullptr) return 1;  // it is in the queue now
  slots.put(busy);                                         // and served by this put
  return waiting.done ? 0 : 1;
}
