// SPDX-License-Identifier: BSD-2-Clause
// Who waits for an item, in order of arrival.
//
// A waiter's node lives in its own frame, so waiting allocates nothing, and it may be gone as soon
// as it is told.  Two kinds are told in two ways (handoff.hpp):
//
//   threads    sleep on state_.  Their items are written under the pool's lock, then state_: the
//              last touch of the node.  A futex call on its address wakes them; one that wakes by
//              itself finds its items and needs no lock.
//   callbacks  are called after the lock is released.
#pragma once
#include <pool9/pool.hpp>

namespace pool9::inline v1::detail {

/// The values of waiter::state_, which changes under the pool's lock only.
enum waiter_state : std::uint32_t {
  waiter_idle,     // in no queue: not yet, or cancelled
  waiter_queued,   // in the queue
  waiter_told,     // in the queue; a thread that may ask the page source now
  waiter_served,   // out of the queue, its items are there
  waiter_refused,  // out of the queue with nothing: it found the limit reached, and would not wait
  waiter_beyond    // out of the queue with nothing: the limit is less than it wants
};

/// A thread that waits.
class thread_waiter final : public waiter {
 public:
  thread_waiter() noexcept : waiter(nullptr) {}
};

/// First in, first out.  Guarded by the pool's lock; those of handoff.hpp by one of their own.
class wait_queue {
 public:
  constexpr wait_queue() noexcept = default;

  bool empty() const noexcept { return head_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  waiter* front() const noexcept { return head_; }
  static waiter* after(const waiter& w) noexcept { return w.next_; }
  /// Whether it waits for a pool, and was not served yet.
  static bool is_in_line(const waiter& w) noexcept {
    const std::uint32_t state = w.state_.load(std::memory_order_relaxed);  // relaxed: by the lock
    return state == waiter_queued || state == waiter_told;
  }
  static wait_queue* of(const waiter& w) noexcept { return w.queue_; }
  static std::uint16_t& process_of(waiter& w) noexcept { return w.process_; }
  static bool is_thread(const waiter& w) noexcept { return w.served_ == nullptr; }
  static void call(waiter& w) noexcept { w.served_(w, w.item_); }
  void push(waiter& w) noexcept;
  /// Requires: `w` is in the queue.
  void remove(waiter& w) noexcept;
  /// Appends all of `other`, which is empty then.
  void append(wait_queue& other) noexcept;
  /// Forgets every waiting thread but the caller, which does not wait; callbacks stay.  For the
  /// child of a fork.
  void drop_threads() noexcept;
  /// Whether the links agree with each other and with size().
  bool check() const noexcept;

 private:
  friend struct layout_access;
  waiter* head_ = nullptr;
  waiter* tail_ = nullptr;
  std::size_t size_ = 0;
};

}
