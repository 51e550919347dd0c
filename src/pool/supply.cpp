// SPDX-License-Identifier: BSD-2-Clause
// Memory in and out: the only place that talks to page sources.
//
// A source is always asked with no lock held, so several threads may ask at once; what is more than
// they needed stays.  A page that cannot be used - misaligned, or no memory to keep books on it -
// goes back as it came.
#include <algorithm>
#include <array>

#include "base/arena.hpp"
#include "base/probe.hpp"
#include "pool/core.hpp"
#include "pool/growth.hpp"
#include "pool/housekeeping.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;

namespace {

constinit thread_local const inside* innermost = nullptr;

using some_pages = std::array<void*, limits::most_pages_at_once>;

}

inside::inside(const core& c) noexcept : core_(c), outer_(innermost) { innermost = this; }
inside::~inside() { innermost = outer_; }
bool inside::of(const core& c) noexcept {
  for (const inside* i = innermost; i != nullptr; i = i->outer_)
    if (&i->core_ == &c) return true;
  return false;
}

std::size_t core::ask_source(std::span<void*> into, get_flags flags, asking what_for) noexcept {
  const std::size_t page_size = layout.page_size();
  std::size_t n = 0;
  {
    const inside call(*this);
    n = what_for == asking::to_reserve ? source.allocate_reserve(into, page_size)
                                       : source.allocate_some(into, page_size, flags);
  }
  const std::size_t n_good = keep_aligned(into.first(n), page_size, [&](void* page) {
    hand_back({&page, 1});
    say(report_kind::misuse, {}, "page source", page, look::at_source,
        "page %p is not aligned to %zu", page, page_size);
  });
  for (void* const page : into.first(n_good)) {
    if (watch != nullptr) watch->in_items.prepare_page(page, layout);
    tools.page_came(page);
  }
  return n_good;
}

void core::return_pages(std::span<void* const> some) noexcept {
  for (void* const page : some) tools.page_goes(page);
  hand_back(some);
}

void core::hand_back(std::span<void* const> some) noexcept {
  const inside call(*this);
  source.release_some(some, layout.page_size());
}

bool core::grow(get_flags flags, handoff& owed) noexcept {
  some_pages got;
  const std::size_t wanted = std::min(bounds.growth(pages), got.size());
  leave(owed);
  const std::size_t n = ask_source({got.data(), wanted}, flags, asking::to_grow);
  mutex.lock();
  counts.pages_requested += n;
  POOL9_PROBE(grow, id, +name, wanted, n);
  if (n == 0) ++counts.source_fails;
  const adoption a = adopt_some(pages, {got.data(), n});
  if (a.n_refused < n) note_growth();
  if (a.n_refused < n && scarce == scarcity::of_memory) scarce = scarcity::none;
  serve_waiters(owed);
  counts.pages_released += a.n_refused;
  if (a.n_refused != 0 || a.twice != nullptr) {
    leave(owed);
    return_pages({got.data(), a.n_refused});
    if (a.twice != nullptr) say_given_twice(a.twice);
    mutex.lock();
  }
  return a.n_refused < n && a.twice == nullptr;
}

void core::note_growth() noexcept {
  counts.last_growth_time_ns = os::coarse_real_ns();
  counts.peak_pages = std::max<std::uint64_t>(counts.peak_pages, pages.n_pages());
}

std::size_t core::give_back(std::size_t most, handoff& owed) noexcept {
  std::array<void*, limits::most_pages_back> going;
  std::size_t n_gone = 0;
  if (most == unlimited) draw_in_steps(owed);
  while (waiters.empty()) {
    const std::size_t n = std::min({bounds.releasable(pages), most - n_gone, going.size()});
    if (n == 0) break;
    for (std::size_t i = 0; i < n; ++i) going[i] = pages.detach_empty();
    counts.pages_released += n;
    POOL9_PROBE(reclaim, id, +name, n, pages.n_pages());
    n_gone += n;
    retune();
    mutex.unlock();
    owed.wake_sleepers();  // before foreign code runs; callbacks, which are such, come last
    return_pages({going.data(), n});
    owed.memory_came_back();
    mutex.lock();
  }
  return n_gone * layout.page_size();
}

struct core::page_list {
  explicit page_list(std::size_t capacity) noexcept;
  ~page_list();
  page_list(const page_list&) = delete;
  page_list& operator=(const page_list&) = delete;
  explicit operator bool() const noexcept { return pages != nullptr; }
  void** pages;
  std::size_t bytes;
  std::size_t n = 0;
};

bool core::prime(std::size_t n) noexcept {
  if (inside::of(*this) || limits::are_absurd(n, layout)) return false;
  handoff owed;
  page_list got(layout.pages_for(n) + 1);
  if (!got) return false;
  mutex.lock();
  for (;;) {
    // "Adds items to the pool": as many pages as the grown reserve needs more than the present one,
    // whatever is held.  Another prime may have come between.
    const std::size_t needed =
        layout.pages_for(bounds.reserve + n) - layout.pages_for(bounds.reserve);
    if (got.n >= needed) break;
    leave(owed);
    const std::size_t wanted = std::min(needed - got.n, limits::most_pages_at_once);
    const std::size_t came =
        ask_source({got.pages + got.n, wanted}, get_flags::nowait, asking::to_reserve);
    got.n += came;
    mutex.lock();
    counts.pages_requested += came;
    POOL9_PROBE(grow, id, +name, wanted, came);
    if (came != 0) continue;
    ++counts.source_fails;
    return unprime(got, owed);
  }
  std::span<void*> to_add(got.pages, got.n);
  if (const adoption a = adopt_all(pages, to_add); a.n_refused != 0 || a.twice != nullptr) {
    got.n = to_add.size();
    retune();
    unprime(got, owed);
    if (a.twice != nullptr) say_given_twice(a.twice);
    return false;
  }
  bounds.reserve += n;
  if (got.n != 0) note_growth();
  serve_waiters(owed);
  leave(owed);
  return true;
}

void core::say_given_twice(void* page) noexcept {
  say(report_kind::misuse, {}, "page source", page, look::at_source, "page %p was given twice",
      page);
}

bool core::unprime(page_list& got, handoff& owed) noexcept {
  counts.pages_released += got.n;
  leave(owed);
  if (got.n != 0) return_pages({got.pages, got.n});
  owed.memory_came_back();
  owed.pay();
  return false;
}

core::page_list::page_list(std::size_t capacity) noexcept
    : pages(static_cast<void**>(base::arena::allocate(capacity * sizeof(void*)))),
      bytes(capacity * sizeof(void*)) {}
core::page_list::~page_list() { base::arena::release(pages, bytes); }

std::size_t core::prime(std::span<std::byte> storage, std::size_t at_most) noexcept {
  handoff owed;
  mutex.lock();
  // The storage that holds this core, too: no other may claim that part.
  const bool with_core = in_storage && storage.data() == reinterpret_cast<std::byte*>(this + 1);
  const std::uintptr_t ours = with_core ? base::address_of(this) : base::address_of(storage.data());
  const std::span<std::byte> items = pages.add_storage(storage, at_most, ours);
  const std::size_t n = items.empty() ? 0 : pages.stored_items().items_in(items.size());
  if (watch != nullptr) watch->in_items.prepare_storage(items);
  if (sanitized) tools.hide_storage(items);
  serve_waiters(owed);
  leave(owed);
  return n;
}

std::size_t core::reclaim() noexcept {
  if (inside::of(*this)) return 0;
  handoff owed;
  mutex.lock();
  recall_all(owed);
  const std::size_t bytes = give_back(unlimited, owed);
  leave(owed);
  return bytes;
}

void core::make_due(std::uint64_t& which, std::uint64_t when, handoff& owed) noexcept {
  which = when;
  // seq_cst: before the look at who keeps house in ring(); pairs with set_housekeeping(), where a
  // thread takes over and then looks here.  The thread itself takes the lock anyway.
  due.store(std::min({idle_due, retry_due, held_due}), std::memory_order_seq_cst);
  owed.ring_housekeeping();
}

bool core::has_pages_to_spare() const noexcept {
  return idle_ns != os::never && pages.n_pages() > bounds.floor_pages(pages);
}
bool core::has_idle_pages() const noexcept {
  if (!has_pages_to_spare()) return false;
  return caches.n_open() != 0 || caches.n_recalled() != 0 || n_detained() != 0 ||
         bounds.releasable(pages) != 0;
}
bool core::has_pages_on_the_edge() const noexcept {
  return idle_due == os::never && pages.n_empty() != 0 && has_pages_to_spare();
}

void core::watch_idle_pages(handoff& owed) noexcept {
  if (watch != nullptr) watch_held(owed);
  // Whoever listens to the system listens for the hook, too.
  if (hook.call != nullptr && idle_ns != os::never && !housekeeping::is_kept())
    owed.ring_housekeeping();
  if (!has_idle_pages()) {
    if (has_pages_on_the_edge()) quick_put = unlimited;
    return;
  }
  if (idle_due == os::never) {
    pages.forget();
    make_due(idle_due, os::steady_ns() + idle_ns / 2, owed);
  } else if (!housekeeping::is_kept()) {
    owed.ring_housekeeping();
  }
}

void core::tick(std::uint64_t now) noexcept {
  if (inside::of(*this)) return;  // by hand, from its own source or hook
  handoff owed;
  mutex.lock();
  const bool asks_again = retry_due <= now;
  if (asks_again) retry_due = os::never;
  if (idle_due <= now) {
    idle_due = now + idle_ns / 2;  // at once: another may keep house, too, while the lock is free
    age_caches(owed);
    // What was empty all through the last interval was not needed in it.
    give_back(pages.n_empty_min(), owed);
    pages.forget();
    if (!has_idle_pages()) idle_due = os::never;
  }
  if (held_due <= now) say_held_too_long(now);
  due.store(std::min({idle_due, retry_due, held_due}), std::memory_order_release);
  leave(owed);
  if (asks_again) feed_waiters();
}

}
