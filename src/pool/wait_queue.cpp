// SPDX-License-Identifier: BSD-2-Clause
#include "pool/wait_queue.hpp"

namespace pool9::inline v1::detail {

void wait_queue::push(waiter& w) noexcept {
  w.next_ = nullptr;
  w.prev_ = tail_;
  (tail_ != nullptr ? tail_->next_ : head_) = &w;
  tail_ = &w;
  w.queue_ = this;
  ++size_;
}

void wait_queue::remove(waiter& w) noexcept {
  (w.prev_ != nullptr ? w.prev_->next_ : head_) = w.next_;
  (w.next_ != nullptr ? w.next_->prev_ : tail_) = w.prev_;
  w.next_ = w.prev_ = nullptr;
  w.queue_ = nullptr;
  --size_;
}

void wait_queue::append(wait_queue& other) noexcept {
  while (waiter* const w = other.front()) {
    other.remove(*w);
    push(*w);
  }
}

void wait_queue::drop_threads() noexcept {
  wait_queue callbacks;
  while (waiter* const w = head_) {
    remove(*w);
    if (!is_thread(*w)) callbacks.push(*w);
  }
  append(callbacks);
}

bool wait_queue::check() const noexcept {
  std::size_t n = 0;
  const waiter* before = nullptr;
  for (const waiter* w = head_; w != nullptr; before = w, w = w->next_, ++n) {
    if (w->prev_ != before || !is_in_line(*w)) return false;
  }
  return n == size_ && tail_ == before;
}

}
