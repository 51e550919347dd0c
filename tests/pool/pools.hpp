// SPDX-License-Identifier: BSD-2-Clause
// What tests of the C++ pool have in common.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <pool9/pool.hpp>
#include <thread>
#include <vector>

#include "support/gate.hpp"

namespace pool9::test {

/// For pools that housekeeping must not touch.
inline constexpr auto never_idle = std::chrono::milliseconds::max();

/// Four items to a page from `source`, nothing goes back by itself.
inline pool_options four_a_page(page_source& source) {
  return {.name = "test",
          .item_size = 1024,
          .idle_time = never_idle,
          .page_size = 4096,
          .source = &source};
}

inline std::vector<void*> get_n(pool& p, std::size_t n) {
  std::vector<void*> items;
  while (items.size() < n) {
    void* const item = p.try_get();
    if (item == nullptr) {
      ADD_FAILURE() << "no item after " << items.size() << " of " << n;
      break;
    }
    items.push_back(item);
  }
  return items;
}
inline void put_all(pool& p, std::vector<void*>& items) {
  for (void* item : items) p.put(item);
  items.clear();
}

/// Waits until exactly `n` gets wait in the pool.
inline void await_waiters(const pool& p, std::size_t n) {
  if (!run_until([&] { return p.stats().waiters == n; })) give_up("the waiters do not come");
}

/// A callback that notes its item.
struct noting_waiter final : waiter {
  noting_waiter() noexcept
      : waiter([](waiter& w, void* i) noexcept { static_cast<noting_waiter&>(w).item = i; }) {}
  void* wait_for_item() const {
    if (!run_until([&] { return item != nullptr; })) give_up("a waiter is never called");
    return item;
  }
  std::atomic<void*> item{nullptr};
};

/// Gives what it was made with, once: a callback that runs a function of the test.
template <class F>
struct calling_waiter final : waiter {
  explicit calling_waiter(F f) noexcept
      : waiter([](waiter& w, void* item) noexcept {
          auto& self = static_cast<calling_waiter&>(w);
          self.function(self, item);
        }),
        function(std::move(f)) {}
  F function;
};

}  // namespace pool9::test
