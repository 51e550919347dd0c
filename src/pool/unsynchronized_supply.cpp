// SPDX-License-Identifier: BSD-2-Clause
// Memory in and out of the pool for one thread, and its settings.  As supply.cpp does, but for the
// lock: what a source does is done before the state is looked at again.
#include <array>

#include "base/arena.hpp"
#include "base/os.hpp"
#include "pool/growth.hpp"
#include "pool/unsynchronized_core.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

std::size_t unsynchronized_core::ask_source(std::span<void*> into, bool to_reserve) noexcept {
  const std::size_t page_size = pages.items().page_size();
  inside = true;
  const std::size_t n = to_reserve ? source.allocate_reserve(into, page_size)
                                   : source.allocate_some(into, page_size, get_flags::nowait);
  inside = false;
  counts.pages_requested += n;
  if (n == 0) ++counts.source_fails;
  const std::size_t n_good = keep_aligned(into.first(n), page_size, [&](void* page) {
    hand_back({&page, 1});
    say(report_kind::misuse, {}, "page source", page, look::at_source,
        "page %p is not aligned to %zu", page, page_size);
  });
  for (void* const page : into.first(n_good)) {
    if (watch != nullptr) watch->in_items.prepare_page(page, pages.items());
    tools.page_came(page);
  }
  return n_good;
}

void unsynchronized_core::return_pages(std::span<void* const> some) noexcept {
  if (some.empty()) return;
  for (void* const page : some) tools.page_goes(page);
  hand_back(some);
}

void unsynchronized_core::hand_back(std::span<void* const> some) noexcept {
  counts.pages_released += some.size();
  inside = true;
  source.release_some(some, pages.items().page_size());
  inside = false;
}

bool unsynchronized_core::grow() noexcept {
  if (inside) return false;
  std::array<void*, limits::most_pages_at_once> got;
  const std::size_t n = ask_source({got.data(), std::min(bounds.growth(pages), got.size())}, false);
  const adoption a = adopt_some(pages, {got.data(), n});
  if (a.n_refused < n) {
    counts.last_growth_time_ns = base::os::coarse_real_ns();
    counts.peak_pages = std::max<std::uint64_t>(counts.peak_pages, pages.n_pages());
  }
  retune();
  return_pages({got.data(), a.n_refused});
  if (a.twice != nullptr) say_given_twice(a.twice);
  return a.n_refused < n && a.twice == nullptr;
}

void unsynchronized_core::say_given_twice(void* page) noexcept {
  say(report_kind::misuse, {}, "page source", page, look::at_source, "page %p was given twice",
      page);
}

bool unsynchronized_core::prime(std::size_t n) noexcept {
  const page::layout& l = pages.items();
  if (inside || limits::are_absurd(n, l)) return false;
  const std::size_t needed = l.pages_for(bounds.reserve + n) - l.pages_for(bounds.reserve);
  const std::size_t bytes = (needed + 1) * sizeof(void*);
  auto** const got = static_cast<void**>(base::arena::allocate(bytes));
  if (got == nullptr) return false;
  std::size_t n_got = 0;
  while (n_got < needed) {
    const std::size_t wanted = std::min(needed - n_got, limits::most_pages_at_once);
    const std::size_t came = ask_source({got + n_got, wanted}, true);
    if (came == 0) break;
    n_got += came;
  }
  std::span<void*> all(got, n_got);
  const adoption a = n_got == needed ? adopt_all(pages, all) : adoption{.n_refused = n_got};
  const bool done = n_got == needed && a.n_refused == 0 && a.twice == nullptr;
  if (done) {
    bounds.reserve += n;
    counts.peak_pages = std::max<std::uint64_t>(counts.peak_pages, pages.n_pages());
    retune();
  } else {
    return_pages(all);
  }
  base::arena::release(got, bytes);
  if (a.twice != nullptr) say_given_twice(a.twice);
  return done;
}

std::size_t unsynchronized_core::prime(std::span<std::byte> storage, std::size_t at_most) noexcept {
  // The storage that holds this engine, too: no other may claim that part.
  const bool with_this = in_storage && storage.data() == reinterpret_cast<std::byte*>(this + 1);
  const std::uintptr_t ours = with_this ? base::address_of(this) : base::address_of(storage.data());
  const std::size_t before = pages.n_storage_items();
  const std::span<std::byte> items = pages.add_storage(storage, at_most, ours);
  if (watch != nullptr) watch->in_items.prepare_storage(items);
  if (sanitized) tools.hide_storage(items);
  retune();
  return pages.n_storage_items() - before;
}

std::size_t unsynchronized_core::give_back() noexcept {
  std::array<void*, limits::most_pages_back> going;
  std::size_t n_gone = 0;
  if (inside) return 0;
  stock(unlimited);
  while (const std::size_t n = std::min(bounds.releasable(pages), going.size())) {
    for (std::size_t i = 0; i < n; ++i) going[i] = pages.detach_empty();
    return_pages({going.data(), n});
    n_gone += n;
  }
  return n_gone * pages.items().page_size();
}

std::size_t unsynchronized_core::reclaim() noexcept {
  if (inside) return 0;
  flush_all();
  const std::size_t bytes = give_back();
  retune();
  return bytes;
}

void unsynchronized_core::set_low_watermark(std::size_t n) noexcept {
  bounds.low = n;
  retune();
}

void unsynchronized_core::set_high_watermark(std::size_t n) noexcept {
  bounds.high = n;
  retune();
  if (bounds.too_many(pages)) give_back();
  retune();
}

bool unsynchronized_core::set_hard_limit(std::size_t n) noexcept {
  if (n_out() > n) return false;
  if (n_issued() > n) flush_all();  // U1
  bounds.hard = n;
  return true;
}

bool unsynchronized_core::may_close(const call_site& where, bool even_if_out) noexcept {
  if (inside || n_walks != 0) {
    say(report_kind::misuse, where, "close", nullptr, look::at_closer,
        "called from its own page source, or from a visit to its items");
    return false;
  }
  flush_all();
  stock(unlimited);
  if (n_issued() != 0 && !even_if_out) {
    holders held;
    held.find(watch);
    tell(busy_charge(name, watch != nullptr ? &held : nullptr, n_issued(), 0).told(where));
    return false;
  }
  if (watch != nullptr) {
    const auto spoiled = watch->look_at_all_free(pages, sanitized ? &tools : nullptr);
    for (std::size_t i = 0; i < spoiled.n; ++i) say_found(spoiled.all[i], where, "close");
  }
  return true;
}

void unsynchronized_core::return_all_memory() noexcept {
  tools.pool_ends();
  std::array<void*, limits::most_pages_back> going;
  page::page_set::cursor cursor;
  for (bool more = true; more;) {
    std::size_t n = 0;
    while (n < going.size() && (going[n] = pages.detach_any(cursor)) != nullptr) ++n;
    more = n == going.size();
    return_pages({going.data(), n});
  }
  if (sanitized) tools.show_storage();
}

}
