// SPDX-License-Identifier: BSD-2-Clause
// Visiting the items that are out.
//
// Free items in magazines look like items that are out, so the walk begins by returning them to the
// pages, and while it lasts no magazine is open.  Items of other threads' magazines are recalled,
// which is exact because those threads do not use the pool.
#include "pool/core.hpp"
#include "pool/guard.hpp"
#include "pool/unsynchronized_core.hpp"

namespace pool9::inline v1::detail {
namespace {

/// Ends when `f` throws, too.
template <class Core, class Next>
void walk(Core& c, Next next, void (*f)(void*, void*), void* context) {
  c.begin_walk();
  const struct ending {
    ~ending() { c.end_walk(); }
    Core& c;
  } at_end{c};
  while (void* const item = next()) f(context, item);
}

/// What was put meanwhile may be in quarantine.
void* next_not_free(const page::page_set& pages, const diagnosis* watch,
                    page::page_set::item_cursor& c) noexcept {
  void* item = pages.next_out(c);
  while (item != nullptr && watch != nullptr && watch->holds(item)) item = pages.next_out(c);
  return item;
}

}

void core::begin_walk() noexcept {
  handoff owed;
  mutex.lock();
  ++n_walks;
  recall_all(owed);
  settle_this_thread(owed);
  draw_all(owed);
  retune();
  leave(owed);
}
void core::end_walk() noexcept {
  handoff owed;
  mutex.lock();
  --n_walks;
  retune();
  leave(owed);
}
void* core::next_out(page::page_set::item_cursor& c) noexcept {
  const base::locked hold(mutex);
  void* const item = next_not_free(pages, watch, c);
  return item == nullptr || guard_one_in == 0 ? item : guard::standing_in_for(item, id);
}
bool core::is_walked() noexcept {
  const base::locked hold(mutex);
  return n_walks != 0;
}
void core::for_each_item(void (*f)(void*, void*), void* context) {
  page::page_set::item_cursor in_pages;
  std::size_t of_lent = 0;
  const auto next = [&] { return lends() ? next_lent(of_lent) : next_out(in_pages); };
  walk(*this, next, f, context);
}

void unsynchronized_core::begin_walk() noexcept {
  ++n_walks;
  retune();
  stock(unlimited);
}
void unsynchronized_core::end_walk() noexcept {
  --n_walks;
  retune();
}
void* unsynchronized_core::next_out(page::page_set::item_cursor& c) noexcept {
  return next_not_free(pages, watch, c);
}
void unsynchronized_core::for_each_item(void (*f)(void*, void*), void* context) {
  page::page_set::item_cursor cursor;
  walk(
      *this, [&] { return next_out(cursor); }, f, context);
}

}
