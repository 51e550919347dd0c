// SPDX-License-Identifier: BSD-2-Clause
#include "pool/handoff.hpp"

#include <algorithm>
#include <utility>

#include "pool/core.hpp"
#include "pool/housekeeping.hpp"
#include "pool/pin.hpp"

namespace pool9::inline v1::detail {
namespace {

/// The callbacks that this thread has yet to make.
struct pending_calls {
  wait_queue calls;
  bool being_made = false;
};
constinit thread_local pending_calls pending;

}

void handoff::make_calls() noexcept {
  if (pending.being_made || pin::any_held()) return;
  pending.being_made = true;
  while (waiter* const w = pending.calls.front()) {
    pending.calls.remove(*w);
    wait_queue::call(*w);  // its frame may be gone when this returns
  }
  pending.being_made = false;
}

void handoff::wake(const void* state) noexcept {
  if (n_asleep_ == most_asleep) return base::os::wake(state);
  asleep_[n_asleep_++] = state;
}

void handoff::report(void* item, page::give_result why) noexcept {
  if (n_misputs_ < most_misputs) misputs_[n_misputs_] = {item, why};
  ++n_misputs_;
}

void handoff::say_all_misputs(core& c) noexcept {
  const std::size_t n = std::exchange(n_misputs_, 0);
  for (std::size_t i = 0; i < std::min(n, most_misputs); ++i)
    c.say_misput(misputs_[i].why, misputs_[i].item, nullptr, {}, found::in_magazine);
  if (n > most_misputs)
    c.say(report_kind::misuse, {}, "put", nullptr,
          "%zu more items like these were found in thread caches", n - most_misputs);
}

void handoff::pay_all() noexcept {
  wake_sleepers();
  pending.calls.append(calls_);
  if (core* const c = std::exchange(hungry_, nullptr)) {
    pin hold;
    hold.adopt(*c);
    c->feed_waiters();
  }
  make_calls();
  if (std::exchange(ring_, false)) housekeeping::ring();
  if (std::exchange(memory_came_back_, false)) registry::feed_starving();
}

}
