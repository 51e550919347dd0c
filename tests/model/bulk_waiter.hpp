// SPDX-License-Identifier: BSD-2-Clause
// Threads that wait for several items at once.
#pragma once
#include <array>
#include <memory>
#include <vector>

#include "model/clock.hpp"
#include "pool/actor.hpp"

namespace pool9::test {

class bulk_waiter {
 public:
  std::vector<void*> items;
  bulk_outcome outcome = bulk_outcome::served;
  std::size_t ticket = 0;
  bool is_queued = false;

  /// Begins to wait for `n` items, or does not need to.
  void begin(pool& p, std::size_t n) {
    if (!thread_.is_done_within(patience)) give_up("who waited for several never returns");
    items.assign(n, nullptr);
    nap_.begin();
    thread_.start(
        [this, &p] { nap_.run([&] { outcome = p.get_bulk(items, get_flags::waitok); }); });
    sleeper::let_go_on();
  }
  bool is_done() const { return nap_.is_done(); }

 private:
  sleeper nap_;
  actor thread_;  // last: it uses the others
};

/// A few of them.
class bulk_waiters {
 public:
  /// One that does not wait; nullptr: all do.
  bulk_waiter* idle() {
    for (auto& b : all_) {
      if (b == nullptr) b = std::make_unique<bulk_waiter>();
      if (!b->is_queued) return b.get();
    }
    return nullptr;
  }
  /// Calls f for those that were answered.
  template <class F>
  void settle(F f) {
    sleeper::let_go_on();
    for (auto& b : all_)
      if (b != nullptr && b->is_queued && b->is_done()) f(*b);
  }
  /// Who has waited longest; nullptr: nobody waits.
  const bulk_waiter* first() const {
    const bulk_waiter* first = nullptr;
    for (const auto& b : all_)
      if (b != nullptr && b->is_queued && (first == nullptr || b->ticket < first->ticket))
        first = b.get();
    return first;
  }

 private:
  std::array<std::unique_ptr<bulk_waiter>, 2> all_;
};

}  // namespace pool9::test
