// SPDX-License-Identifier: BSD-2-Clause
// Visits to the pages: what gets and puts come to when the magazine has no answer.
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "base/arena.hpp"
#include "base/os.hpp"
#include "pool/unsynchronized_core.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

using page::give_result;

namespace {

// As deep as a thread's magazine of a pool (src/cache/magazine.hpp), for the same reasons.
constexpr std::size_t first_depth = 64;
constexpr std::size_t deepest = 8192;
constexpr std::size_t most_bytes = 8 * 1024 * 1024;
constexpr std::size_t most_moved = 1024;

constexpr std::size_t bytes_of(std::size_t depth) noexcept { return (depth + 1) * sizeof(void*); }

}

unsynchronized_core::~unsynchronized_core() {
  std::destroy_at(&magazine);
  std::construct_at(&magazine);
  if (rounds != nullptr) base::arena::release(rounds, bytes_of(depth));
  diagnosis::release(watch);
}

// ---- One item

void* unsynchronized_core::get(const caller& by) noexcept {
  note_peak();  // the magazine has been emptied since the last visit
  for (;;) {
    if (void* const item = pop()) return item;
    if (room() == 0) {
      fail_at_limit();
      return nullptr;
    }
    if (stock(1)) break;
    if (!grow()) {
      ++counts.fails;
      return nullptr;
    }
  }
  void* const item = take(by);
  if (item == nullptr) return nullptr;
  note_got(item, by);
  keep_at_hand();
  if (n_cached() == 0) refill();
  note_peak();
  return item;
}

bool unsynchronized_core::stock(std::size_t n) noexcept {
  while (pages.n_free() < n && n_detained() != 0) pages.give(watch->release_oldest());
  return pages.n_free() >= n;
}

void* unsynchronized_core::take(const caller& by) noexcept {
  void* const item = pages.take();
  if (sanitized) tools.show_all(item);
  if (const finding f = watch != nullptr ? watch->in_items.look_at_free(item) : finding{}) {
    leave(item);
    say_found(f, by.where, "get");
    return nullptr;
  }
  return item;
}

void unsynchronized_core::leave(void* item) noexcept {
  pages.give(item);
  if (sanitized) tools.hide_all(item);
}

void unsynchronized_core::note_got(void* item, const caller& by) noexcept {
  if (sanitized) tools.tell_got(item);
  if (logs) log.add("get", item, by.where);
  if (watch != nullptr)
    diagnosis::note_got(watch->records.enter(item, [this](const void* i) { return pages.owns(i); }),
                        by);
}

void unsynchronized_core::keep_at_hand() noexcept {
  while (pages.n_free() + n_detained() + n_cached() < bounds.low && grow()) continue;
}

void unsynchronized_core::fail_at_limit() noexcept {
  ++counts.limit_hits;
  ++counts.fails;
  if (const char* const text = warning.due())
    say(report_kind::warning, {}, "get", nullptr, nullptr, "%s", text);
}

void unsynchronized_core::put(void* item, const caller& by) noexcept {
  note_peak();
  if (const give_result r = give(item, by); r != give_result::ok)
    return say_misput(r, item, found::at_once);
  ++counts.puts;
  if (bounds.too_many(pages)) give_back();
  retune();
}

give_result unsynchronized_core::give(void* item, const caller& by) noexcept {
  const give_result r = watch != nullptr
                            ? watch->give(pages, item, by, sanitized ? &tools : nullptr)
                            : pages.give(item);
  if (r != give_result::ok) return r;
  if (sanitized && watch == nullptr) tools.hide_put(item);
  if (logs) log.add("put", item, by.where);
  return r;
}

void unsynchronized_core::stow(void* item) noexcept {
  note_peak();
  if (magazine.top == magazine.limit && !deepen() && depth != 0)
    flush(std::min(depth / 2 + 1, most_moved));
  if (magazine.top == magazine.limit) return give_from_magazine(item);
  *magazine.top++ = item;
}

void unsynchronized_core::give_from_magazine(void* item) noexcept {
  const give_result r = pages.give(item);
  if (r == give_result::ok) return;
  ++counts.misputs;
  say_misput(r, item, found::in_own_magazine);
}

// ---- Many

bulk_outcome unsynchronized_core::get_bulk(std::span<void*> items, const caller& by) noexcept {
  std::size_t n_cached_now = 0;
  for (;;) {
    if (items.size() > bounds.hard) return bulk_outcome::beyond_limit;
    n_cached_now = std::min(n_cached(), items.size());
    const std::size_t wanted = items.size() - n_cached_now;
    if (wanted > room()) {
      fail_at_limit();
      return bulk_outcome::short_of_items;
    }
    if (stock(wanted)) break;
    if (grow()) continue;
    ++counts.fails;
    return bulk_outcome::short_of_items;
  }
  for (void*& item : items.first(n_cached_now)) item = pop();
  const auto from_pages = items.subspan(n_cached_now);
  for (std::size_t n = 0; n < from_pages.size(); ++n) {
    if ((from_pages[n] = take(by)) != nullptr) continue;
    // Diagnostics found something, so nothing was cached.
    for (void* taken : from_pages.first(n)) leave(taken);
    if (bounds.too_many(pages)) give_back();
    return bulk_outcome::short_of_items;
  }
  for (void* item : from_pages) note_got(item, by);
  keep_at_hand();
  note_peak();
  return bulk_outcome::served;
}

// ---- The magazine

void* unsynchronized_core::pop() noexcept {
  if (magazine.newest != nullptr) return std::exchange(magazine.newest, nullptr);
  return magazine.top[-1] != nullptr ? *--magazine.top : nullptr;
}

bool unsynchronized_core::deepen() noexcept {
  const std::size_t bound = std::min({deepest, most_bytes / pages.items().stride(), bounds.hard,
                                      std::max(first_depth, 2 * pages.n_items())});
  const std::size_t deeper = std::min(std::max(first_depth, 2 * depth), bound);
  if (deeper <= depth) return false;
  auto* const memory = static_cast<void**>(base::arena::allocate(bytes_of(deeper)));
  if (memory == nullptr) return false;
  const auto held = static_cast<std::size_t>(magazine.top - bottom());
  memory[0] = nullptr;
  std::memcpy(memory + 1, bottom(), held * sizeof(void*));
  if (rounds != nullptr) base::arena::release(rounds, bytes_of(depth));
  rounds = memory;
  depth = deeper;
  magazine.top = rounds + 1 + held;
  magazine.limit = rounds + 1 + depth;
  return true;
}

void unsynchronized_core::refill() noexcept {
  if (magazine.barred != 0) return;
  deepen();
  const std::size_t spare = pages.n_free() - std::min(pages.n_free(), bounds.low);
  const std::size_t n = std::min({depth / 2, most_moved, room(), spare});
  if (n == 0) return;
  ++counts.refills;
  // The lowest address on top, to be the next that is got.
  for (std::size_t i = n; i-- > 0;) bottom()[i] = pages.take();
  magazine.top = bottom() + n;
}

void unsynchronized_core::flush(std::size_t n) noexcept {
  constexpr std::size_t most_misputs = 8;  // more are counted
  struct {
    void* item;
    give_result why;
  } misputs[most_misputs];
  std::size_t n_misputs = 0;
  void** const first = bottom();
  for (std::size_t i = 0; i < n; ++i) {
    const give_result r = pages.give(first[i]);
    if (r == give_result::ok) continue;
    if (n_misputs < most_misputs) misputs[n_misputs] = {first[i], r};
    ++n_misputs;
  }
  const auto left = static_cast<std::size_t>(magazine.top - first) - n;
  std::memmove(first, first + n, left * sizeof(void*));
  magazine.top = first + left;
  ++counts.flushes;
  counts.misputs += n_misputs;
  for (std::size_t i = 0; i < std::min(n_misputs, most_misputs); ++i)
    say_misput(misputs[i].why, misputs[i].item, found::in_own_magazine);
  if (n_misputs > most_misputs)
    say(report_kind::misuse, {}, "put", nullptr, look::at_reports_before,
        "%zu more items like these were found in its cache", n_misputs - most_misputs);
}

void unsynchronized_core::flush_all() noexcept {
  if (n_cached() == 0) return;
  note_peak();
  if (const auto n = static_cast<std::size_t>(magazine.top - bottom()); n != 0) flush(n);
  if (void* const item = std::exchange(magazine.newest, nullptr)) give_from_magazine(item);
}

void unsynchronized_core::retune() noexcept {
  if (may_cache()) {
    magazine.barred = 0;
  } else if (magazine.barred == 0) {
    magazine.barred = UINTPTR_MAX;
    flush_all();
  }
}

void unsynchronized_core::note_peak() noexcept {
  const std::size_t out = n_out();
  if (out <= counts.peak_out) return;
  counts.peak_out = out;
  counts.peak_out_time_ns = base::os::coarse_real_ns();
}

}
