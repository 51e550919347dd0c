// SPDX-License-Identifier: BSD-2-Clause
// Thread caches as a matter of policy: when magazines may be open, how deep they are, what moves
// between them and the pages.
//
// A thread that finds nothing in its magazine, or no room, or a closed one, or has none, visits the
// pool: here.  A visit first settles what the thread left behind (cache/magazine.hpp), and then
// moves half a magazine of items at once, which is what makes visits rare.
//
// Calm and tight.  While the pool is calm, what magazines hold counts as issued, and so much is
// admitted that the limit holds even if all of it went out unseen: n_issued <= hard.  A get that
// finds nothing more to issue does not fail: it recalls all magazines, and then the pool knows
// exactly what is out.  From there it is tight, every get and put goes to the pool itself, until
// there is room to spare again; otherwise a pool near its limit would recall at every get.
#include <algorithm>

#include "base/probe.hpp"
#include "cache/thread.hpp"
#include "pool/core.hpp"
#include "pool/guard.hpp"

namespace pool9::inline v1::detail {

using cache::magazine;
namespace this_thread = cache::this_thread;

namespace {

/// A recall costs as much as some hundred gets under the lock, so it must be worth at least as
/// many.
constexpr std::size_t least_slack = 64;
constexpr std::size_t slack_of(std::size_t n) noexcept {
  return std::max(n / 8, std::min(n / 2, least_slack));
}
/// Magazines that hold less are not worth having.
constexpr std::size_t least_depth = 8;
/// What a magazine may tie up, and what a visit may move: under the lock, which others wait for.
constexpr std::size_t most_bytes = 8 * 1024 * 1024;
constexpr std::size_t most_moved = 1024;
/// What housekeeping moves at once: it has time, and whoever waits for it has not.  Cold items take
/// three times as long.
constexpr std::size_t most_aged = 64;

/// The inlined path for fenced magazines: the same steps, all sequentially consistent, which needs
/// no barrier from a recaller.
bool get_fenced(magazine& m, void*& popped) noexcept {
  void** const t = m.top.load(std::memory_order_relaxed);  // relaxed: its own
  if (t[-1] == nullptr) return false;
  popped = t[-1];
  m.top.store(t - 1, std::memory_order_seq_cst);
  return m.closed.load(std::memory_order_seq_cst) == 0;
}
bool put_fenced(magazine& m, void* item, bool& pushed) noexcept {
  void** const t = m.top.load(std::memory_order_relaxed);  // relaxed: its own
  if (t == m.limit) return false;
  *t = item;
  m.top.store(t + 1, std::memory_order_seq_cst);
  count_up(m.n_puts);
  pushed = true;
  return m.closed.load(std::memory_order_seq_cst) == 0;
}

/// A magazine's owner has ended.
void give_up(magazine& m) noexcept {
  pin hold;
  core* c = nullptr;
  {
    const base::locked hold_registry(registry::lock);
    c = static_cast<core*>(m.pool);
    if (c != nullptr) {
      pin::raise(*c);
      hold.adopt(*c);
    }
  }
  if (c == nullptr) return magazine::release(&m);
  c->park_at_exit(m);
}

}

// ---- Visits

bool core::may_open() noexcept {
  if (!is_calm() && n_at_hand() >= calm_from) retune();
  return is_calm() && depth_for(caches.n_open() + 1) >= least_depth;
}

void* core::visit_for_get(void* popped, const void* from) noexcept {
  magazine* const m = this_thread::find(slot);
  if (m != nullptr) {
    if (m->fenced && popped == nullptr && get_fenced(*m, popped)) return popped;
    return get_with(m, popped, from);
  }
  mutex.lock();
  const bool wants_one = may_open() && n_at_hand() != 0;
  void* const item = pages.n_free() >= quick_get && !wants_one ? pages.take() : nullptr;
  mutex.unlock();
  return wants_one ? get_with(nullptr, nullptr, from) : item;
}

void* core::get_with(magazine* m, void* item, const void* from) noexcept {
  const bool may_have_one = m == nullptr && this_thread::enter(give_up);
  handoff owed;
  mutex.lock_patiently();  // another visit may be moving its items
  if (m != nullptr) m = settle(*m, item, owed);
  if (item == nullptr) {
    if (may_have_one && n_at_hand() != 0 && may_open()) m = open_magazine(owed);
    if (m != nullptr) {
      item = refill(*m, owed);
    } else if (pages.n_free() >= quick_get) {
      item = pages.take();
    }
  }
  leave(owed);
  if (guard::is_near(item)) [[unlikely]] {
    caller by;
    by.note_stack(from);
    guard::note_get(item, by);
  }
  return item;
}

void core::visit_for_put(void* item, bool pushed, const caller& by) noexcept {
  magazine* const m = this_thread::find(slot);
  if (m != nullptr) {
    if (m->fenced && !pushed && put_fenced(*m, item, pushed)) return;
    return put_with(m, item, pushed, by);
  }
  mutex.lock();
  if (!may_open()) return put_under_lock(item, by);
  mutex.unlock();
  put_with(nullptr, item, false, by);
}

void core::put_with(magazine* m, void* item, bool pushed, const caller& by) noexcept {
  const bool may_have_one = m == nullptr && this_thread::enter(give_up);
  handoff owed;
  mutex.lock_patiently();
  const bool is_settled = pushed && m->pool_id == id;  // then it is dealt with in settle()
  void* nothing = nullptr;
  if (m != nullptr) m = settle(*m, nothing, owed);
  if (is_settled) return leave(owed);
  // Not every put can be checked; those that come here anyway are.
  const auto what = ask(item);
  if (what != page::give_result::ok) {
    leave(owed);
    return say_misput(what, item, by.where);
  }
  if (may_have_one && may_open()) m = open_magazine(owed);
  if (m == nullptr) {
    leave(owed);
    return put(item, by);
  }
  stow(*m, item, owed);
  leave(owed);
}

magazine* core::settle(magazine& m, void*& popped, handoff& owed) noexcept {
  if (m.pool_id != id) {  //                                                           settle.1
    this_thread::remove(slot);
    magazine::release(&m);
    popped = nullptr;
    return nullptr;
  }
  if (m.is_open()) return &m;
  // relaxed: its own                                                                  settle.2
  if (m.top.load(std::memory_order_relaxed) < m.taken) popped = nullptr;
  this_thread::remove(slot);
  settle_pushed(m, owed);
  return nullptr;
}

void core::settle_pushed(magazine& m, handoff& owed) noexcept {
  bool any = false;
  for (void* item = nullptr; cache::magazine_set::take_pushed(m, item);) {  //         settle.3
    give_from_magazine(item, owed);
    any = true;
  }
  caches.park(m);  //                                                                  settle.4
  if (any) after_put(owed);
}

void core::settle_this_thread(handoff& owed) noexcept {
  void* nothing = nullptr;
  if (magazine* const m = this_thread::find(slot)) settle(*m, nothing, owed);
}

void core::park_at_exit(magazine& m) noexcept {
  handoff owed;
  mutex.lock();
  if (m.pool != nullptr) {
    if (m.is_open()) caches.recall_own(m);
    settle_pushed(m, owed);
  } else {
    magazine::release(&m);  // abandoned meanwhile: the end of a thread is no call on the pool
  }
  leave(owed);
}

// ---- Opening, filling, emptying

std::size_t core::depth_for(std::size_t n_open) const noexcept {
  // Twice the mean, so that a thread's batch goes through it although others hold theirs.
  const std::size_t share = std::max(2 * pages.n_items() / n_open, magazine::smallest);
  return std::min({share, magazine::largest, most_bytes / layout.stride(),
                   bounds.hard == unlimited ? unlimited : bounds.hard / (4 * n_open)});
}

magazine* core::open_magazine(handoff& owed) noexcept {
  const std::size_t depth = depth_for(caches.n_open() + 1);
  for (void* item = nullptr; caches.n_in_next() > std::min(share_of(room()), depth);) {
    static_cast<void>(caches.draw(item));
    give_from_magazine(item, owed);
  }
  magazine* const m = caches.open(slot, depth);
  if (m == nullptr) return nullptr;
  m->pool = this;
  m->pool_id = id;
  return m;
}

void* core::refill(magazine& m, handoff& owed) noexcept {
  m.idle = false;
  drop_nulls(m, owed);
  if (m.n_held() != 0) return m.take_newest();
  caches.deepen(m, depth_for(caches.n_open()));
  std::size_t wanted = std::min({m.depth() / 2 + 1, most_moved, share_of(room())});
  if (reserve_may_be_cached()) wanted = std::min(wanted, share_of(n_at_hand()));
  const std::size_t moved = caches.move_to(m, wanted);
  const std::size_t spare = n_at_hand() - std::min(n_at_hand(), bounds.low);
  const std::size_t n = std::min({wanted - moved, spare, pages.n_free()});
  m.add(n, [this]() POOL9_ANNOTATE(no_thread_safety_analysis) { return pages.take(); });
  drop_nulls(m, owed);
  if (m.n_held() == 0) return nullptr;
  ++counts.refills;
  POOL9_PROBE(refill, id, +name, moved + n, n_at_hand());
  void* const item = guarded(m.take_newest());
  if (n_issued() > counts.peak_out)
    if (const std::size_t out = n_out(); out > counts.peak_out) note_peak(out);
  return item;
}

void core::stow(magazine& m, void* item, handoff& owed) noexcept {
  m.idle = false;
  if (m.n_held() == m.depth()) caches.deepen(m, depth_for(caches.n_open()));
  if (m.n_held() == m.depth()) {
    const std::size_t n = std::min(m.depth() / 2 + 1, most_moved);
    for (std::size_t i = 0; (i += pages.give_some({m.base + i, n - i})) < n; ++i)
      give_from_magazine(m.base[i], owed);
    m.drop_oldest(n);
    ++counts.flushes;
    POOL9_PROBE(flush, id, +name, n, n_at_hand());
  }
  push(m, item);
}

void core::drop_nulls(magazine& m, handoff& owed) noexcept {
  while (m.n_held() != 0 && m.top.load(std::memory_order_relaxed)[-1] == nullptr)
    give_from_magazine(m.take_newest(), owed);
}

void core::give_from_magazine(void* item, handoff& owed) noexcept {
  const auto r = give_back_item(item);
  if (r == page::give_result::ok) return;
  ++counts.misputs;
  owed.report(item, r);
}

// ---- Recalling

void core::note_recall() noexcept {
  ++counts.recalls;
  POOL9_PROBE(recall, id, +name, caches.n_recalled(), scarce);
}

void core::recall_open() noexcept {
  if (caches.recall([](const magazine&) { return true; })) note_recall();
}

void core::recall_all(handoff& owed) noexcept {
  recall_open();
  bool any = false;
  for (void* item = nullptr; caches.take_pushed(item);) {
    give_from_magazine(item, owed);
    any = true;
  }
  // Its owner will find nothing to give to those who wait.
  if (any && !waiters.empty()) serve_waiters(owed);
}

bool core::recall_for(scarcity why, handoff& owed) noexcept {
  if (slot == 0) return false;
  const std::size_t before = n_issued();
  scarce = why;
  recall_all(owed);
  retune();
  return n_issued() != before;
}

bool core::stock(std::size_t n, handoff& owed) noexcept {
  constexpr std::size_t at_once = 64;
  for (std::size_t i = 0; i < at_once || pages.n_free() < n; ++i) {
    void* item = nullptr;
    if (!caches.draw(item)) break;
    give_from_magazine(item, owed);
  }
  while (pages.n_free() < n && n_detained() != 0) pages.give(watch->release_oldest());
  return pages.n_free() >= n;
}

void core::draw_all(handoff& owed) noexcept {
  for (void* item = nullptr; caches.draw(item);) give_from_magazine(item, owed);
  while (n_detained() != 0) pages.give(watch->release_oldest());
}

void core::let_others_in() noexcept {
  mutex.unlock();
  mutex.lock();
}

void core::draw_in_steps(handoff& owed) noexcept {
  void* item = nullptr;
  for (std::size_t n = 1; caches.draw(item); ++n) {
    give_from_magazine(item, owed);
    if (n % most_aged == 0) let_others_in();
  }
  while (n_detained() != 0) pages.give(watch->release_oldest());
}

void core::age_caches(handoff& owed) noexcept {
  if (caches.recall([](const magazine& m) { return m.idle; })) note_recall();
  while (magazine* const m = caches.find_idle()) {
    const std::size_t n = std::min(m->n_recalled(), most_aged);
    for (std::size_t i = 0; i < n; ++i) give_from_magazine(caches.draw_from(*m), owed);
    let_others_in();
  }
  caches.age();
  while (n_detained() != 0) pages.give(watch->release_oldest());
}

// ---- Calm and tight

bool core::may_have_calm() const noexcept {
  return slot != 0 && n_walks == 0 && waiters.empty() && bounds.hard >= least_limit &&
         !bounds.too_many(pages);
}

std::size_t core::calm_from_now() const noexcept {
  if (!may_have_calm()) return unlimited;
  const std::size_t n = pages.n_items();
  switch (scarce) {
    case scarcity::none:
      return 0;
    case scarcity::of_memory:
      return slack_of(n);
    case scarcity::at_limit:
      break;
  }
  return n - std::min(n, bounds.hard - slack_of(bounds.hard));
}

}
