// SPDX-License-Identifier: BSD-2-Clause
// A doubly linked list through its members.
//
// A member is in one list at most; the list owns nothing and never fails.  Not thread-safe.
#pragma once

namespace pool9::base {

struct list_link {
  list_link* next = nullptr;  // nullptr: in no list
  list_link* prev = nullptr;
};

class list {
 public:
  constexpr list() noexcept : head_{&head_, &head_} {}
  list(const list&) = delete;
  list& operator=(const list&) = delete;

  void push_back(list_link& l) noexcept { insert_before(head_, l); }
  /// Puts `l` behind `where`, which may be end().
  static void insert_after(list_link& where, list_link& l) noexcept {
    insert_before(*where.next, l);
  }
  static void remove(list_link& l) noexcept {
    l.prev->next = l.next;
    l.next->prev = l.prev;
    l = {};
  }
  /// The first member, or end().
  list_link* begin() noexcept { return head_.next; }
  list_link* end() noexcept { return &head_; }

 private:
  static void insert_before(list_link& where, list_link& l) noexcept {
    l.next = &where;
    l.prev = where.prev;
    l.prev->next = &l;
    where.prev = &l;
  }
  list_link head_;
};

}
