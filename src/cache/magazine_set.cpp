// SPDX-License-Identifier: BSD-2-Clause
#include "cache/magazine_set.hpp"

#include <algorithm>

#include "cache/barrier.hpp"
#include "cache/thread.hpp"

namespace pool9::cache {

using base::list;
using base::list_link;

namespace {

magazine& at(list_link* l) noexcept { return *static_cast<magazine*>(l); }

void for_all(list& l, auto f) noexcept {
  for (list_link *i = l.begin(), *next = nullptr; i != l.end(); i = next) {
    next = i->next;
    f(at(i));
  }
}

}

magazine_set::tally magazine_set::count() noexcept {
  tally t{puts_of_gone_, 0};
  const auto add = [&](const magazine& m, void* const* from) {
    // acquire: pairs with push(); a put that is counted is seen to be held, too
    t.n_puts += m.n_puts.load(std::memory_order_acquire);
    void* const* const top = m.top.load(std::memory_order_relaxed);
    if (top > from) t.n_held += static_cast<std::size_t>(top - from);
  };
  for_all(open_, [&](const magazine& m) { add(m, m.base); });
  for_all(closed_, [&](const magazine& m) { add(m, m.taken); });
  for_all(parked_,
          [&](const magazine& m) { t.n_puts += m.n_puts.load(std::memory_order_relaxed); });
  return t;
}

// ---- Opening

std::size_t magazine_set::n_in_next() noexcept {
  return parked_.begin() == parked_.end() ? 0 : at(parked_.begin()).n_recalled();
}

magazine* magazine_set::open(std::uint32_t slot, std::size_t depth) noexcept {
  if (parked_.begin() == parked_.end()) {
    magazine* const fresh = magazine::make(magazine::smallest);
    if (fresh == nullptr) return nullptr;
    put_in_line(parked_, *fresh);
  }
  magazine& m = at(parked_.begin());
  if (!this_thread::insert(slot, m)) return nullptr;  //                                attach.2
  const std::size_t n = m.n_recalled();
  n_recalled_ -= n;
  m.limit = m.base + std::min(std::max(m.depth(), n), depth);
  // relaxed, both: the next recall reads and writes them under the lock that is held
  m.top.store(m.left, std::memory_order_relaxed);  //                                  attach.1
  m.closed.store(0, std::memory_order_relaxed);
  m.owner = this_thread::id();
  m.idle = false;
  list::remove(m);
  open_.push_back(m);
  ++n_open_;
  open_depth_ += m.depth();
  return &m;
}

std::size_t magazine_set::move_to(magazine& m, std::size_t n) noexcept {
  std::size_t moved = 0;
  while (moved < n) {
    list_link* const first = parked_.begin();
    if (first == parked_.end() || at(first).n_recalled() == 0) break;
    magazine& from = at(first);
    const std::size_t some = std::min(n - moved, from.n_recalled());
    m.add({from.left - some, some});
    from.left -= some;
    moved += some;
    if (from.n_recalled() == 0) put_in_line(parked_, from);
  }
  n_recalled_ -= moved;
  return moved;
}

void magazine_set::deepen(magazine& m, std::size_t most) noexcept {
  open_depth_ -= m.depth();
  m.deepen(most);
  open_depth_ += m.depth();
}

void magazine_set::park(magazine& m) noexcept {
  if (m.idle) m.limit = m.base + std::clamp(m.n_recalled(), magazine::smallest, m.capacity);
  m.owner = nullptr;
  m.idle = false;
  put_in_line(parked_, m);
}

/// M3.
void magazine_set::put_in_line(list& l, magazine& m) noexcept {
  if (m.next != nullptr) list::remove(m);
  if (m.n_recalled() != 0) {
    list::insert_after(*l.end(), m);
  } else {
    l.push_back(m);
  }
}

// ---- Recalling

bool magazine_set::recall(bool (*which)(const magazine&)) noexcept {
  bool any = false, any_without_fences = false;
  for_all(open_, [&](magazine& m) {
    if (!which(m)) return;
    m.closed.store(1, std::memory_order_seq_cst);  // pairs with get.4, put.4            recall.1
    any = true;
    any_without_fences |= !m.fenced;
  });
  if (!any) return false;
  if (any_without_fences) barrier::pass();  //                                           recall.2
  for_all(open_, [&](magazine& m) {
    if (!m.is_open()) take_over(m);
  });
  return true;
}

void magazine_set::recall_own(magazine& m) noexcept {
  m.closed.store(1, std::memory_order_relaxed);  // relaxed: nobody else looks
  take_over(m);
}

void magazine_set::take_over(magazine& m) noexcept {
  // acquire and more: pairs with get.3, put.3                                           recall.3
  m.taken = m.left = m.top.load(std::memory_order_seq_cst);
  n_recalled_ += m.n_recalled();
  --n_open_;
  open_depth_ -= m.depth();
  put_in_line(closed_, m);
}

bool magazine_set::take_pushed(magazine& m, void*& item) noexcept {
  // acquire: pairs with put.3                                                           recall.3
  if (m.top.load(std::memory_order_acquire) <= m.taken) return false;
  item = *m.taken++;
  return true;
}

bool magazine_set::take_pushed(void*& item) noexcept {
  for (list_link* l = closed_.begin(); l != closed_.end(); l = l->next)
    if (take_pushed(at(l), item)) return true;
  return false;
}

void* magazine_set::draw_from(magazine& m) noexcept {
  void* const item = *--m.left;
  --n_recalled_;
  if (m.n_recalled() == 0) put_in_line(m.owner != nullptr ? closed_ : parked_, m);
  return item;
}

bool magazine_set::draw(void*& item) noexcept {
  for (list* l : {&parked_, &closed_}) {
    if (l->begin() == l->end() || at(l->begin()).n_recalled() == 0) continue;
    item = draw_from(at(l->begin()));
    return true;
  }
  return false;
}

magazine* magazine_set::find_idle() noexcept {
  for (list* l : {&parked_, &closed_})
    for (list_link* i = l->begin(); i != l->end() && at(i).n_recalled() != 0; i = i->next)
      if (at(i).idle) return &at(i);
  return nullptr;
}

void magazine_set::age() noexcept {
  for_all(parked_, [&](magazine& m) {
    if (m.idle && m.n_recalled() == 0) dispose(m);
  });
  for (list* l : {&open_, &closed_, &parked_}) for_all(*l, [](magazine& m) { m.idle = true; });
}

void magazine_set::dispose(magazine& m) noexcept {
  list::remove(m);
  puts_of_gone_ += m.n_puts.load(std::memory_order_relaxed);
  magazine::release(&m);
}

// ---- The end

void magazine_set::park_strangers() noexcept {
  for_all(closed_, [&](magazine& m) {
    if (m.owner != this_thread::id()) park(m);
  });
}

void magazine_set::abandon() noexcept {
  for_all(parked_, [&](magazine& m) { dispose(m); });
  for_all(closed_, [&](magazine& m) {
    puts_of_gone_ += m.n_puts.load(std::memory_order_relaxed);
    m.pool = nullptr;
    list::remove(m);
  });
  n_recalled_ = 0;
}

bool magazine_set::check() noexcept {
  std::size_t n_open = 0, depth = 0, recalled = 0;
  bool good = true;
  for_all(open_, [&](const magazine& m) {
    ++n_open;
    depth += m.depth();
    good &= m.is_open() && m.owner != nullptr;
  });
  for (list* l : {&closed_, &parked_}) {
    bool drained = false;
    for_all(*l, [&](const magazine& m) {
      recalled += m.n_recalled();
      good &= !m.is_open() && (m.owner != nullptr) == (l == &closed_);
      good &= m.base <= m.left && m.left <= m.taken;
      good &= !drained || m.n_recalled() == 0;
      drained |= m.n_recalled() == 0;
    });
  }
  return good && n_open == n_open_ && depth == open_depth_ && recalled == n_recalled_;
}

}
