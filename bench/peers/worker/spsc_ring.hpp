// SPDX-License-Identifier: BSD-2-Clause
// One thread hands items to another: the ring of W5, for one producer and one consumer.
//
// Each side tells the other of its progress after every 32 items only, and looks at the other's
// progress only when it must, so that the ring costs much less than the items.  Numbers of items
// that go through must be multiples of 32.
#pragma once
#include <atomic>
#include <cstddef>

namespace peers {

class spsc_ring {
 public:
  static constexpr std::size_t n_slots = 1024;
  static constexpr std::size_t publish_every = 32;

  // ---- the producer's side ----
  [[nodiscard]] bool is_full() noexcept {
    if (n_pushed_ - head_seen_ < n_slots) return false;
    head_seen_ = head_.load(std::memory_order_acquire);  // pairs with pop: the slots are free
    return n_pushed_ - head_seen_ == n_slots;
  }
  /// Requires: not is_full().
  void push(void* item) noexcept {
    slots_[n_pushed_ % n_slots] = item;
    // pairs with is_empty: publishes the slots
    if (++n_pushed_ % publish_every == 0) tail_.store(n_pushed_, std::memory_order_release);
  }

  // ---- the consumer's side ----
  [[nodiscard]] bool is_empty() noexcept {
    if (n_popped_ != tail_seen_) return false;
    tail_seen_ = tail_.load(std::memory_order_acquire);  // pairs with push: the slots are filled
    return n_popped_ == tail_seen_;
  }
  /// Requires: not is_empty().
  void* pop() noexcept {
    void* const item = slots_[n_popped_ % n_slots];
    // pairs with is_full: the slots may be written again
    if (++n_popped_ % publish_every == 0) head_.store(n_popped_, std::memory_order_release);
    return item;
  }

 private:
  alignas(128) std::size_t n_pushed_ = 0;  // the producer's own
  std::size_t head_seen_ = 0;
  alignas(128) std::size_t n_popped_ = 0;  // the consumer's own
  std::size_t tail_seen_ = 0;
  alignas(128) std::atomic<std::size_t> tail_{0};
  alignas(128) std::atomic<std::size_t> head_{0};
  alignas(128) void* slots_[n_slots] = {};
};

}
