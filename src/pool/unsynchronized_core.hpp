// SPDX-License-Identifier: BSD-2-Clause
// The engine of a pool that one thread uses: pages, limits and a private magazine, without a lock.
//
// The magazine is the pool's own, so what it holds is known at any moment: nothing is recalled,
// nothing is issued in advance, and a get fails only when no item is free.  While the pool is
// tight - too many pages, diagnostics, a tool that watches, a walk - the magazine is empty and
// barred, and every get and put comes here.
//
// Foreign code - sources, report handlers, those who visit items - may call the pool again, so
// state is whole whenever it runs, and is looked at anew when it has run.
//
// Invariants, between calls
//   U1  n_issued <= hard limit: what is out and what the magazine holds
//   U2  n_pages >= floor_pages for the reserve
//   U3  the magazine is open  <=>  may_cache(); barred, it is empty
#pragma once
#include <pool9/unsynchronized_pool.hpp>

#include "pool/diagnosis.hpp"
#include "pool/holders.hpp"
#include "pool/limits.hpp"
#include "pool/misput.hpp"
#include "pool/sanitizing.hpp"
#include "pool/usage_log.hpp"

namespace pool9::inline v1::detail {

struct layouts;

struct unsynchronized_core {
  /// Takes over the options.  `in_storage`: this memory is the caller's.
  unsynchronized_core(private_magazine& magazine, const pool_options& o, const layouts& l,
                      const char* name, bool in_storage) noexcept;
  /// Gives the magazine's memory back, not the pages.
  ~unsynchronized_core();
  unsynchronized_core(const unsynchronized_core&) = delete;
  unsynchronized_core& operator=(const unsynchronized_core&) = delete;

  // ---- unsynchronized_items.cpp: visits ----
  void* get(const caller& by) noexcept;
  bulk_outcome get_bulk(std::span<void*> items, const caller& by) noexcept;
  /// A put that was barred.
  void put(void* item, const caller& by) noexcept;
  /// A put that found the magazine full.
  void stow(void* item) noexcept;

  // ---- unsynchronized_supply.cpp ----
  bool prime(std::size_t n) noexcept;
  std::size_t prime(std::span<std::byte> storage, std::size_t at_most) noexcept;
  void set_low_watermark(std::size_t n) noexcept;
  void set_high_watermark(std::size_t n) noexcept;
  bool set_hard_limit(std::size_t n) noexcept;
  std::size_t reclaim() noexcept;
  /// Whether close() may be called now; if not, that is reported.
  bool may_close(const call_site& where, bool even_if_out) noexcept;
  /// Gives all pages back, and storage.
  void return_all_memory() noexcept;

  // ---- walk.cpp ----
  void for_each_item(void (*f)(void* context, void* item), void* context);

  // ---- unsynchronized_seeing.cpp ----
  void read(pool_stats& s) noexcept;
  std::string_view check() noexcept;
  std::size_t report_held(holders::line_function line, void* context,
                          std::uint64_t age_ns) noexcept;
  void tell(const telling& t) noexcept;
  [[gnu::format(printf, 7, 8)]] void say(report_kind kind, const call_site& where,
                                         const char* function, const void* address,
                                         const char* look_at, const char* format, ...) noexcept;

  // ---- steps of these ----
  std::size_t n_cached() const noexcept {
    return static_cast<std::size_t>(magazine.top - bottom()) + (magazine.newest != nullptr);
  }
  /// Items in quarantine, which are free to everybody but the pages.
  std::size_t n_detained() const noexcept { return watch != nullptr ? watch->n_detained : 0; }
  std::size_t n_issued() const noexcept { return pages.n_items() - pages.n_free() - n_detained(); }
  /// Misuse may have put more into the magazine than was out.
  std::size_t n_out() const noexcept { return n_issued() - std::min(n_issued(), n_cached()); }
  std::size_t room() const noexcept { return bounds.hard - std::min(bounds.hard, n_issued()); }
  void** bottom() const noexcept { return rounds != nullptr ? rounds + 1 : magazine.nothing + 1; }
  bool may_cache() const noexcept { return caches && n_walks == 0 && !bounds.too_many(pages); }
  /// What the magazine gives; nullptr: it is empty.
  void* pop() noexcept;
  /// Makes the magazine twice as deep, if it may be; its items stay.
  bool deepen() noexcept;
  /// Moves items from the pages to the magazine, which is empty.
  void refill() noexcept;
  /// Moves the oldest `n` of the magazine to the pages.
  void flush(std::size_t n) noexcept;
  void flush_all() noexcept;
  void give_from_magazine(void* item) noexcept;
  /// Draws items in quarantine until `n` are free; false: there are not so many.
  bool stock(std::size_t n) noexcept;
  /// Takes a free item out; nullptr: it, or what is around it, had been written to, and it stays.
  void* take(const caller& by) noexcept;
  /// What was taken stays, after all.
  void leave(void* item) noexcept;
  /// What was taken is somebody's now.
  void note_got(void* item, const caller& by) noexcept;
  page::give_result give(void* item, const caller& by) noexcept;
  void begin_walk() noexcept;
  void end_walk() noexcept;
  void* next_out(page::page_set::item_cursor& c) noexcept;
  /// Makes U3 true.
  void retune() noexcept;
  /// Sees to the low watermark, without which a get succeeds, too.
  void keep_at_hand() noexcept;
  void fail_at_limit() noexcept;
  void say_misput(page::give_result why, void* item, found when) noexcept;
  void say_found(const finding& f, const call_site& where, const char* function) noexcept;
  void note_peak() noexcept;
  bool grow() noexcept;
  void say_given_twice(void* page) noexcept;
  /// Asks the source; returns how many pages of those that came can be used.
  std::size_t ask_source(std::span<void*> into, bool to_reserve) noexcept;
  void return_pages(std::span<void* const> some) noexcept;
  /// The same of pages that cannot be used.
  void hand_back(std::span<void* const> some) noexcept;
  std::size_t give_back() noexcept;

  // Constant after construction.
  private_magazine& magazine;
  page_source& source;
  const char* const name;
  const std::size_t item_size;
  const on_live at_destroy;
  const bool in_storage;
  const bool diagnostic;
  const bool logs;
  const bool sanitized;  // a tool watches, and is told which items are free
  const bool caches;

  page::page_set pages;
  limits bounds;
  void** rounds = nullptr;  // a null, and `depth` items; nullptr: no memory for them yet
  std::size_t depth = 0;
  std::size_t n_walks = 0;  // that are in progress, one in another
  bool inside = false;      // the pool's own source is being called
  paced_warning warning;
  usage_log log;
  diagnosis* const watch;  // nullptr: no diagnostics, or no memory for them
  const tool_view tools;
  struct {
    std::uint64_t fails = 0, limit_hits = 0, source_fails = 0;
    std::uint64_t pages_requested = 0, pages_released = 0, refills = 0, flushes = 0;
    std::uint64_t peak_out = 0, peak_out_time_ns = 0, last_growth_time_ns = 0, peak_pages = 0;
    std::uint64_t told_gets = 0, told_puts = 0;  // no figure ever goes back
    std::uint64_t puts = 0, misputs = 0;         // not those, and of those, that magazines took
  } counts;
};

}
