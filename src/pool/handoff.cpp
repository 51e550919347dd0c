// SPDX-License-Identifier: BSD-2-Clause
#include "pool/handoff.hpp"

#include <algorithm>
#include <utility>

#include "pool/core.hpp"
#include "pool/housekeeping.hpp"
#include "pool/pin.hpp"

namespace pool9::inline v1::detail {
namespace {

/// The callbacks that this thread has yet to make, and what it owes during a fork.
struct pending_calls {
  wait_queue calls;       // guarded by calls_lock, as handoff::calls_ are
  bool has_some = false;  // the thread's own: false only if there are none
  bool being_made = false;
  bool rings = false;
  bool feeds = false;
  unsigned n_holds = 0;  // forks in progress, one in another's handlers
};
constinit thread_local pending_calls pending;
constinit base::mutex calls_lock;
constinit std::uint16_t process = 0;  // forks since the first; guarded by calls_lock

/// The next to be called: it can be taken back no more.  nullptr: there is none.
waiter* take_next() noexcept {
  const base::locked hold(calls_lock);
  waiter* const w = pending.calls.front();
  pending.has_some = w != nullptr;
  if (w != nullptr) pending.calls.remove(*w);
  return w;
}

}

void handoff::call(waiter& w) noexcept {
  const base::locked hold(calls_lock);
  calls_.push(w);
  wait_queue::process_of(w) = process;
  has_calls_ = true;
}

bool handoff::take_back(waiter& w) noexcept {
  const base::locked hold(calls_lock);
  wait_queue* const due_in = wait_queue::of(w);
  if (due_in == nullptr || wait_queue::process_of(w) != process) return false;
  due_in->remove(w);
  return true;
}
bool handoff::awaits(waiter& w) noexcept {
  if (wait_queue::of(w) == nullptr) return false;  // without the lock: whose it is knows that
  const base::locked hold(calls_lock);
  return wait_queue::is_in_line(w) || wait_queue::process_of(w) == process;
}

void handoff::make_calls() noexcept {
  if (pending.being_made || !pending.has_some || pending.n_holds != 0 || pin::any_held()) return;
  pending.being_made = true;
  while (waiter* const w = take_next()) wait_queue::call(*w);  // its frame may be gone after it
  pending.being_made = false;
}

void handoff::hold() noexcept { ++pending.n_holds; }
void handoff::go_on() noexcept {
  if (--pending.n_holds != 0) return;
  const bool rings = std::exchange(pending.rings, false);
  const bool feeds = std::exchange(pending.feeds, false);
  make_calls();
  if (rings) housekeeping::ring();
  if (feeds) registry::feed_starving();
}
void handoff::owe_still() noexcept {
  pending.rings |= std::exchange(ring_, false);
  pending.feeds |= std::exchange(memory_came_back_, false) || hungry_ != nullptr;
  if (core* const c = std::exchange(hungry_, nullptr)) pin().adopt(*c);  // and lets go
}

void handoff::lock_calls() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { calls_lock.lock(); }
void handoff::unlock_calls() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  calls_lock.unlock();
}
void handoff::after_fork() noexcept {
  ++process;
  for (waiter* w = pending.calls.front(); w != nullptr; w = wait_queue::after(*w))
    wait_queue::process_of(*w) = process;
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
    c.say_misput(misputs_[i].why, misputs_[i].item, {}, found::in_magazine);
  if (n > most_misputs)
    c.say(report_kind::misuse, {}, "put", nullptr, look::at_reports_before,
          "%zu more items like these were found in thread caches", n - most_misputs);
}

void handoff::pay_all() noexcept {
  wake_sleepers();
  if (std::exchange(has_calls_, false)) {
    const base::locked hold(calls_lock);
    pending.calls.append(calls_);
    pending.has_some = true;
  }
  if (pending.n_holds != 0) return owe_still();
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
