// SPDX-License-Identifier: BSD-2-Clause
// Getting and putting items.
//
// A get decides in this order: a free item, if nobody waits before it; below the limit, a new page;
// the hook, once; then fail, panic or wait, as its flags say:
//
//                          0      WAITOK  WAITOK|LIMITFAIL  URGENT  URGENT|WAITOK  all three
//   at the hard limit      fail*  wait    fail*             panic*  wait           panic*
//   below, no memory       fail   wait    wait              panic   panic          panic
//
//   * with the limit's warning.  LIMITFAIL without WAITOK changes nothing.
#include <algorithm>
#include <cstdlib>

#include "base/probe.hpp"
#include "pool/core.hpp"
#include "pool/guard.hpp"
#include "pool/housekeeping.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;

bulk_outcome core::get(const request& r) noexcept {
  if (!lends()) return get_in_turn(r);
  bring_blocks(r);
  const bulk_outcome outcome = get_in_turn(r);
  // A waiter that is queued keeps its block.
  if (outcome != bulk_outcome::served && r.enqueue == nullptr) drop_blocks(r.items);
  return outcome;
}

bulk_outcome core::get_in_turn(const request& r) noexcept {
  const std::size_t n = r.items.size();
  const bool nested = inside::of(*this);  // neither grows nor waits
  bool hook_called = nested;
  bool may_ask = !nested;  // the source, until it refuses
  handoff owed;
  mutex.lock();
  if (r.enqueue != nullptr && handoff::awaits(*r.enqueue)) {
    leave(owed);
    say(report_kind::misuse, r.by.where, "get_or_enqueue", r.enqueue,
        "who queues it again: it waits for one get until it was called, or cancelled",
        "waiter %p: is queued already", static_cast<void*>(r.enqueue));
    return bulk_outcome::short_of_items;
  }
  for (;;) {
    if (r.bulk && n > bounds.hard) {
      leave(owed);
      return bulk_outcome::beyond_limit;
    }
    if (waiters.empty() && can_serve(n, owed)) break;
    if (reserve_may_be_cached()) {
      recall_all(owed);
      if (waiters.empty() && can_serve(n, owed)) break;
    }
    if (may_ask && !is_at_limit(n)) {
      may_ask = grow(r.flags, owed);
      continue;
    }
    // From here the lock is held until it is decided.
    if (recall_for(is_at_limit(n) ? scarcity::at_limit : scarcity::of_memory, owed)) {
      if (waiters.empty() && can_serve(n, owed)) break;
      if (may_ask && !is_at_limit(n)) continue;  // what caches held is issued no more
    }
    const bool at_limit = is_at_limit(n);
    if (hook_called || hook.call == nullptr) return fall_short(r, at_limit, nested, owed);
    hook_called = true;
    may_ask = !nested;
    call_hook(at_limit ? shortage::hard_limit : shortage::page_source, owed);
  }
  if (!take(r.items, r.by, if_spoiled::keep)) {
    leave(owed);  // which reports it
    // Who must be served is, once that is said: what was spoiled is as new.
    const bool must_be_served = has(r.flags, get_flags::waitok) || r.enqueue != nullptr;
    return must_be_served ? get_in_turn(r) : bulk_outcome::short_of_items;
  }
  // "The minimum number of items to keep": tried without waiting; a failure is counted.
  while (n_at_hand() < bounds.low && !nested && grow(get_flags::nowait, owed)) continue;
  leave(owed);
  return bulk_outcome::served;
}

bool core::is_at_limit(std::size_t n) const noexcept {
  return !admits(n) || (!waiters.empty() && !is_hungry());
}

void core::call_hook(shortage why, handoff& owed) noexcept {
  const shortage_hook now = hook;
  leave(owed);
  {
    const inside call(*this);
    now.call(now.context, owner, why);
  }
  mutex.lock();
}

bulk_outcome core::fall_short(const request& r, bool at_limit, bool nested,
                              handoff& owed) noexcept {
  const bool gives_up = at_limit && has(r.flags, get_flags::limitfail);
  const bool waits = has(r.flags, get_flags::waitok) && !gives_up;
  const bool panics = has(r.flags, get_flags::urgent) && !nested && !(at_limit && waits);
  if (at_limit) note_limit();
  if (r.enqueue != nullptr) {
    enqueue(*r.enqueue, r, at_limit, owed);
    leave(owed);
    return bulk_outcome::short_of_items;
  }
  if (waits && !panics && !nested) return wait(r, at_limit, owed);
  ++counts.fails;
  const char* const say_now = at_limit ? warning.due() : nullptr;
  const std::size_t out = n_issued(), limit = bounds.hard;
  leave(owed);
  if (say_now != nullptr)
    say(report_kind::warning, r.by.where, "get", nullptr, nullptr, "%s", say_now);
  if (panics && at_limit)
    say(report_kind::panic, r.by.where, "get", nullptr,
        "who holds the items: poolstat who, report_held()",
        "urgent: hard limit %zu reached, %zu out", limit, out);
  if (panics) panic_for_memory(r.by.where, out);
  return bulk_outcome::short_of_items;
}

void core::note_limit() noexcept {
  ++counts.limit_hits;
  POOL9_PROBE(limit, id, +name, n_issued(), bounds.hard);
}

void core::panic_for_memory(const call_site& where, std::size_t out) noexcept {
  say(report_kind::panic, where, "get", nullptr, look::at_memory, "urgent: no memory, %zu out",
      out);
  std::abort();
}

const char* paced_warning::due() noexcept {
  if (what.text == nullptr) return nullptr;
  const std::uint64_t now = os::steady_ns();
  const auto seconds_since = static_cast<std::int64_t>((now - said_at) / 1'000'000'000);
  if (said_at != 0 && seconds_since < what.at_most_every.count()) return nullptr;
  said_at = now;
  return what.text;
}

bool core::take(std::span<void*> items, const caller& by, if_spoiled then) noexcept {
  bool intact = true;
  for (void*& item : items) {
    void* const block = lends() ? item : nullptr;
    item = pages.take();
    if (lends()) item = lend(block, item);
    if (sanitized) tools.show_all(item);
    const finding f = watch != nullptr ? watch->in_items.look_at_free(item) : finding{};
    if (!f) continue;
    watch->found = f;
    intact = false;
  }
  if (!intact && then == if_spoiled::keep) {
    for (void* item : items) {
      pages.give(item);
      if (sanitized) tools.hide_all(item);
    }
    return false;
  }
  note_got(items, by);
  return intact;
}

void core::note_got(std::span<void* const> items, const caller& by) noexcept {
  for (void* item : items) {
    if (sanitized) tools.tell_got(item);
    if (keeps_log(by.where)) log.add("get", item, by.where);
    if (watch != nullptr) diagnosis::note_got(enter(item), by);
  }
}

ledger::record* core::enter(const void* item) noexcept {
  const auto lives = [this](const void* i) POOL9_ANNOTATE(no_thread_safety_analysis) {
    return lends() ? watch->records.find(i)->now != ledger::state::free : pages.owns(i);
  };
  return watch->records.enter(item, lives);
}

page::give_result core::give(void* item, const caller& by) noexcept {
  using page::give_result;
  const give_result r = watch != nullptr
                            ? watch->give(pages, item, by, sanitized ? &tools : nullptr)
                            : give_back_item(item);
  if (r != give_result::ok) return r;
  note_put(item, by);
  if (sanitized && watch == nullptr) tools.hide_put(item);
  return r;
}

void core::note_put(void* item, const caller& by) noexcept {
  // A peak is noted when it ends: at the first put after it.
  if (caches.n_open() == 0 && n_issued() >= counts.peak_out) note_peak(n_issued() + 1);
  ++n_puts;
  if (keeps_log(by.where) && !lends()) log.add("put", item, by.where);
}

void core::note_peak(std::size_t out) noexcept {
  counts.peak_out = std::max<std::uint64_t>(counts.peak_out, out);
  counts.peak_out_time_ns = os::coarse_real_ns();
  retune();
}

inline bool core::is_watched() const noexcept {
  return !above_floor || (idle_due != os::never && housekeeping::is_kept());
}

void core::put_under_lock(void* item, const caller& by) noexcept {
  using page::give_result;
  const bool quick = pages.n_free() >= quick_put && by.where.file == nullptr;
  if (!quick) [[unlikely]]
    return put_with_care(item, by);
  const give_result r = pages.give(shape.spot_of(base::address_of(item)));
  if (r == give_result::ok || (r == give_result::ok_page_empty && is_watched())) [[likely]] {
    ++n_puts;
    return mutex.unlock();
  }
  if (r == give_result::foreign && guard::is_near(item)) return put_with_care(item, by);
  if (r != give_result::ok_page_empty) return refuse(r, item, by);
  ++n_puts;
  emptied_a_page();
}

void core::put(void* item, const caller& by) noexcept {
  mutex.lock();
  put_under_lock(item, by);
}

void core::emptied_a_page() noexcept {
  handoff owed;
  leave(owed);  // which sees to it
}

void core::put_with_care(void* item, const caller& by) noexcept {
  void* block = nullptr;
  if (lends() && !unlend(item, block, by)) return refuse(page::give_result::foreign, item, by);
  if (const auto r = give(item, by); r != page::give_result::ok) return refuse(r, item, by);
  handoff owed;
  after_put(owed);
  void* const start = start_of(block);
  leave(owed);  // whose last call may end the pool
  std::free(start);
}

void core::refuse(page::give_result why, void* item, const caller& by) noexcept {
  const finding f = take_finding();
  mutex.unlock();
  if (f) return say_found(f, by.where, "put");
  say_misput(why, item, by.where);
}

void core::put_bulk(std::span<void* const> items, const caller& by) noexcept {
  if (lends()) {
    for (void* const item : items) put(item, by);
    return;
  }
  handoff owed;
  mutex.lock();
  for (void* const item : items) {
    const auto r = give(item, by);
    if (r == page::give_result::ok) continue;
    serve_waiters(owed);
    const finding f = take_finding();
    leave(owed);
    if (f) {
      say_found(f, by.where, "put");
    } else {
      say_misput(r, item, by.where);
    }
    mutex.lock();
  }
  after_put(owed);
  leave(owed);
}

std::size_t core::quick_get_from() const noexcept {
  if (!waiters.empty() || logs || sanitized) return unlimited;
  const std::size_t n = pages.n_items();
  const std::size_t above = std::max(bounds.low, n > bounds.hard ? n - bounds.hard : 0);
  return above == unlimited ? unlimited : above + 1;
}
std::size_t core::quick_put_from() const noexcept {
  if (!waiters.empty() || logs || sanitized || bounds.too_many(pages)) return unlimited;
  if (has_pages_on_the_edge()) return unlimited;
  const std::size_t n = pages.n_items();
  return n > counts.peak_out ? n - counts.peak_out : 0;
}

void core::retune() noexcept {
  quick_get = quick_get_from();
  quick_put = quick_put_from();
  above_floor = has_pages_to_spare();
  calm_from = calm_from_now();
  if (n_at_hand() < calm_from) return recall_open();
  scarce = scarcity::none;
  calm_from = 0;
}

void core::after_put(handoff& owed) noexcept {
  serve_waiters(owed);
  // "If the number of available items in the pool exceeds the maximum pool size set by
  // pool_sethiwat() and there are no outstanding requests for pool items, the excess items will be
  // returned to the system".
  if (bounds.too_many(pages)) give_back(unlimited, owed);
}

}
