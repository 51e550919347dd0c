// SPDX-License-Identifier: BSD-2-Clause
// Watermarks, hard limit, hook: each takes effect at once.
#include "pool/core.hpp"

namespace pool9::inline v1::detail {

void core::set_low_watermark(std::size_t n) noexcept {
  handoff owed;
  mutex.lock();
  bounds.low = n;  // "does not allocate the necessary memory up-front"
  retune();
  leave(owed);
}

void core::set_high_watermark(std::size_t n) noexcept {
  handoff owed;
  mutex.lock();
  bounds.high = n;
  retune();
  if (bounds.too_many(pages) && !inside::of(*this)) give_back(unlimited, owed);
  leave(owed);
}

bool core::set_hard_limit(std::size_t n, const limit_warning* w) noexcept {
  handoff owed;
  mutex.lock();
  if (n_issued() > n) recall_all(owed);  // then it is exact
  const bool possible = n_issued() <= n;
  if (possible) {
    bounds.hard = n;
    if (w != nullptr) warning = {.what = *w};
    // A bulk get of more than the limit can never come.
    for (waiter *q = waiters.front(), *next = nullptr; q != nullptr; q = next) {
      next = wait_queue::after(*q);
      if (q->wanted_ > n && q->wanted_ > 1) finish(*q, waiter_beyond, owed);
    }
    serve_waiters(owed);
  }
  leave(owed);
  return possible;
}

void core::read_settings(pool_options& o) noexcept {
  const base::locked hold(mutex);
  o.low_watermark = bounds.low;
  o.high_watermark = bounds.high;
  o.hard_limit = bounds.hard;
  o.on_shortage = hook;
  o.at_limit = warning.what;
}

void core::set_shortage_hook(shortage_hook h) noexcept {
  const base::locked hold(mutex);
  hook = h;
}

}
