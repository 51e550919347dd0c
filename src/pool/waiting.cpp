// SPDX-License-Identifier: BSD-2-Clause
// Waiting in line, being served, giving up.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/probe.hpp"
#include "pool/core.hpp"
#include "pool/housekeeping.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;

namespace {

// How long a waiter that is short of memory sleeps before it asks the source again: at first about
// as long as a busy system needs to free something, in the end rarely enough to cost nothing.
constexpr std::uint64_t first_pause = 1'000'000;
constexpr std::uint64_t longest_pause = 1'000'000'000;

/// Who gets what goes to a waiter, as long as that has not said so itself.
constexpr call_site handed_over{.function = "waiter"};

std::uint64_t longer(std::uint64_t pause) noexcept {
  return pause == 0 ? first_pause : std::min(2 * pause, longest_pause);
}

}

bool core::is_queued(const waiter& w) const noexcept { return wait_queue::is_in_line(w); }

bool core::is_hungry() const noexcept {
  return !waiters.empty() && admits(waiters.front()->wanted_) &&
         n_at_hand() < waiters.front()->wanted_;
}

void core::finish(waiter& w, waiter_state state, handoff& owed) noexcept {
  waiters.remove(w);
  const std::uint64_t waited = os::steady_ns() - w.since_ns_;
  counts.wait_ns_total += waited;
  if (state == waiter_served) POOL9_PROBE(handoff, id, +name, w.wanted_, waited);
  ++counts.wait_histogram[std::min(31, static_cast<int>(std::bit_width(waited / 1000)))];
  if (wait_queue::is_thread(w)) {
    const void* const address = &w.state_;
    // pairs with wait(): publishes the items.  The last touch: the frame may be gone after it.
    w.state_.store(state, std::memory_order_release);
    owed.wake(address);
  } else {
    // relaxed: cancel() reads it under the lock
    w.state_.store(state, std::memory_order_relaxed);
    owed.call(w);
  }
}

void core::serve_waiters(handoff& owed) noexcept {
  while (waiter* const w = waiters.front()) {
    if (can_serve(w->wanted_, owed)) {
      take({w->items_, w->wanted_}, caller(handed_over), if_spoiled::hand_out);
      finish(*w, waiter_served, owed);
    } else if (!admits(w->wanted_) && has(w->flags_, get_flags::limitfail)) {
      // "will return NULL without waiting" - as soon as it is its turn to find the limit reached
      ++counts.fails;
      note_limit();
      finish(*w, waiter_refused, owed);
    } else {
      break;
    }
  }
  const bool hungry = is_hungry();
  if (starving.load(std::memory_order_relaxed) != hungry) {  // relaxed: written under the lock
    starving.store(hungry, std::memory_order_relaxed);       // a hint for feed_starving()
    registry::starving(hungry ? 1 : -1);
  }
  retune();
  if (waiters.empty()) return;
  waiter& w = *waiters.front();
  const bool may_ask_now = hungry && w.must_be_told_;
  w.must_be_told_ = !hungry;
  if (wait_queue::is_thread(w)) {
    if (!may_ask_now) return;
    w.state_.store(waiter_told, std::memory_order_relaxed);  // relaxed: it takes the lock to act
    owed.wake(&w.state_);
    return;
  }
  if (may_ask_now && !owed.feeds()) {
    pin::raise(*this);
    owed.feed(*this);
  }
  if (hungry && retry_due == os::never) {
    retry_pause = first_pause;
    make_due(retry_due, os::steady_ns() + retry_pause, owed);
  } else if (hungry && !housekeeping::is_kept()) {
    owed.ring_housekeeping();
  }
}

void core::enqueue(waiter& w, const request& r, bool at_limit, handoff& owed) noexcept {
  w.core_ = this;
  w.items_ = r.items.data();
  w.wanted_ = r.items.size();
  w.flags_ = r.flags;
  w.since_ns_ = os::steady_ns();
  w.must_be_told_ = at_limit;
  w.state_.store(waiter_queued, std::memory_order_relaxed);  // relaxed: published by the lock
  waiters.push(w);  // wait.1: all is recalled, under this lock, or it would not have to wait
  ++counts.waits;
  POOL9_PROBE(wait, id, +name, w.wanted_, waiters.size());
  serve_waiters(owed);
}

namespace {

bulk_outcome outcome_of(std::uint32_t state) noexcept {
  if (state == waiter_served) return bulk_outcome::served;
  return state == waiter_beyond ? bulk_outcome::beyond_limit : bulk_outcome::short_of_items;
}

/// Ends a wait when a stop is requested, and only then.
class stopper {
 public:
  stopper(core& c, waiter& w) noexcept : core_(c), waiter_(w) {}
  void operator()() const noexcept { static_cast<void>(core_.cancel(waiter_)); }

 private:
  core& core_;
  waiter& waiter_;
};

}

bulk_outcome core::wait(const request& r, bool at_limit, handoff& owed) noexcept {
  thread_waiter w;
  enqueue(w, r, at_limit, owed);
  std::uint64_t pause = first_pause;
#if defined(__cpp_lib_jthread)
  std::optional<std::stop_callback<stopper>> on_stop;  // lives and dies outside the lock
  if (r.stop != nullptr) {
    leave(owed);
    on_stop.emplace(*r.stop, stopper(*this, w));
    mutex.lock();
  }
#endif
  while (is_queued(w)) {
    w.state_.store(waiter_queued, std::memory_order_relaxed);  // relaxed: told by the lock's holder
    const bool asks_again = is_hungry();
    w.must_be_told_ = !asks_again;
    leave(owed);
    os::wait(w.state_, waiter_queued,  // wait.2
             asks_again ? std::min(r.until, os::steady_ns() + pause) : r.until);
    // acquire: pairs with finish(), which left the items there; then no lock is needed
    const std::uint32_t state = w.state_.load(std::memory_order_acquire);
    if (state != waiter_queued && state != waiter_told) {
      if (state == waiter_served) note_served(r);
      return outcome_of(state);
    }
    mutex.lock();  // wait.3: what came meanwhile counts, late as it may be
    if (!is_queued(w)) break;
    if (os::steady_ns() >= r.until) {
      ++counts.timeouts;
      waiters.remove(w);
      serve_waiters(owed);
      leave(owed);
      return bulk_outcome::short_of_items;
    }
    bool grew = true;
    while (grew && is_queued(w) && is_hungry() && os::steady_ns() < r.until)
      grew = grow(r.flags, owed);
    pause = grew ? 0 : longer(pause);
    if (grew || !is_hungry() || !has(r.flags, get_flags::urgent)) continue;
    const std::size_t out = n_issued();
    leave(owed);
    panic_for_memory(r.by.where, out);
  }
  const std::uint32_t state = w.state_.load(std::memory_order_relaxed);  // relaxed: under the lock
  leave(owed);
  if (state == waiter_served) note_served(r);
  return outcome_of(state);
}

void core::note_served(const request& r) noexcept {
  if (watch == nullptr) return;
  const base::locked hold(mutex);
  for (void* item : r.items)
    if (ledger::record* const known = watch->records.find(item)) ledger::note(known->got, r.by);
}

bool core::cancel(waiter& w) noexcept {
  if (w.core_ != this) {
    if (handoff::awaits(w))
      say(report_kind::misuse, {}, "cancel", &w,
          "where it was queued: a waiter is cancelled in the pool that it waits for",
          "waiter %p: waits for another pool", static_cast<void*>(&w));
    return false;
  }
  mutex.lock();
  if (is_queued(w)) {
    handoff owed;
    ++counts.cancels;
    waiters.remove(w);
    const bool is_thread = wait_queue::is_thread(w);
    const void* const address = &w.state_;
    void* const block = lends() && !is_thread ? drop_block(w.item_) : nullptr;
    w.state_.store(waiter_idle, std::memory_order_release);  // pairs with wait(); the last touch
    if (is_thread) owed.wake(address);
    serve_waiters(owed);
    leave(owed);  // whose last call may end the pool
    std::free(block);
    return true;
  }
  // relaxed: under the lock
  const bool is_served = w.state_.load(std::memory_order_relaxed) == waiter_served;
  if (!is_served || wait_queue::is_thread(w) || !handoff::take_back(w)) {
    mutex.unlock();
    return false;
  }
  ++counts.cancels;
  w.state_.store(waiter_idle, std::memory_order_relaxed);  // relaxed: under the lock
  put_with_care(w.item_, {});                              // the next in line gets it
  return true;
}

void core::cancel_ended(waiter& w) noexcept {
  if (!cancel(w)) return;
  say(report_kind::misuse, {}, "~waiter", &w,
      "who destroys it: a waiter lives until its call begins, or it is cancelled",
      "waiter %p: was destroyed while it waited", static_cast<void*>(&w));
}

void core::feed_waiters() noexcept {
  handoff owed(handoff::purpose::feeding);
  mutex.lock();
  std::uint64_t pause = retry_pause;  // grow() may begin anew with the first
  // Without waiting: the thread is not the waiter's.
  while (is_hungry() && !inside::of(*this) && grow(get_flags::nowait, owed)) pause = 0;
  if (is_hungry() && !wait_queue::is_thread(*waiters.front())) {
    retry_pause = longer(pause);
    make_due(retry_due, os::steady_ns() + retry_pause, owed);
  }
  leave(owed);
}

void core::after_fork() noexcept {
  handoff owed;
  mutex.lock();
  waiters.drop_threads();
  caches.park_strangers();
  serve_waiters(owed);
  if (retry_due != os::never) owed.ring_housekeeping();  // leave() does so for other reasons
  leave(owed);
}

}
