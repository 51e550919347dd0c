// SPDX-License-Identifier: BSD-2-Clause
// Four ways to wait: for ever, for a while, until a moment, until somebody says stop.
#include <chrono>
#include <pool9/pool.hpp>
#include <thread>

int main() {
  using namespace std::chrono_literals;
  pool9::pool slots{{.name = "slots", .item_size = 64, .hard_limit = 1}};
  void* const slot = slots.get();

  void* a = slots.try_get();          // not at all
  void* b = slots.try_get_for(10ms);  // nullptr after 10 ms
  const auto request_ends = std::chrono::steady_clock::now() + 10ms;
  void* c = slots.try_get_until(request_ends);  // the same, for a whole request's time
  if (a != nullptr || b != nullptr || c != nullptr) return 1;

  bool had_one = true;
  std::stop_source shutdown;
  std::thread worker([&] {
    void* const mine = slots.try_get_until(shutdown.get_token());  // nullptr when it is requested
    had_one = mine != nullptr;
    if (mine != nullptr) slots.put(mine);
  });
  shutdown.request_stop();
  worker.join();

  slots.put(slot);
  return had_one ? 1 : 0;
}
