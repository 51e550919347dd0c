// SPDX-License-Identifier: BSD-2-Clause
// A list whose links live in what it lists, so that being listed takes no memory.
#pragma once

namespace httpd {

/// Base of what a ring can hold; in one ring at a time.
class ring_link {
 public:
  ring_link() noexcept = default;
  ring_link(const ring_link&) = delete;
  ring_link& operator=(const ring_link&) = delete;

 private:
  template <class T>
  friend class ring;
  ring_link* next_ = this;
  ring_link* prev_ = this;
};

/// The T in the order they were appended.  Guarded by whoever owns it.
template <class T>
class ring {
 public:
  [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }

  void append(T& element) noexcept {
    ring_link& link = element;
    link.prev_ = head_.prev_;
    link.next_ = &head_;
    head_.prev_->next_ = &link;
    head_.prev_ = &link;
  }
  void remove(T& element) noexcept {
    ring_link& link = element;
    link.prev_->next_ = link.next_;
    link.next_->prev_ = link.prev_;
    link.next_ = link.prev_ = &link;
  }
  /// Calls f for each; f may remove the one it is given.
  template <class F>
  void for_each(F f) {
    for (ring_link* link = head_.next_; link != &head_;) {
      ring_link* const next = link->next_;
      f(static_cast<T&>(*link));
      link = next;
    }
  }

 private:
  ring_link head_;
};

}  // namespace httpd
