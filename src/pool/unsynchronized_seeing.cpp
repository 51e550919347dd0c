// SPDX-License-Identifier: BSD-2-Clause
// Statistics, checks and reports of the pool for one thread.
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "pool/report.hpp"
#include "pool/unsynchronized_core.hpp"

namespace pool9::inline v1::detail {

void unsynchronized_core::read(pool_stats& s) noexcept {
  note_peak();
  const page::layout& l = pages.items();
  std::snprintf(s.name, sizeof s.name, "%s", name);
  s.item_size = item_size;
  s.stride = l.stride();
  s.page_size = l.page_size();
  s.out = n_out();
  s.cached = n_issued() - s.out;
  s.free = pages.n_free();
  s.total = pages.n_items();
  s.reserve = bounds.reserve;
  s.low_watermark = bounds.low;
  s.high_watermark = bounds.high;
  s.hard_limit = bounds.hard;
  s.pages = pages.n_pages();
  s.idle_pages = pages.n_empty();
  s.resident_bytes = s.pages * s.page_size + pages.storage_bytes();
  s.tight = (bounds.too_many(pages) ? POOL_TIGHT_HIGHWAT : 0) |
            (diagnostic || logs ? POOL_TIGHT_DIAGNOSTIC : 0) |
            (s.out >= bounds.hard ? POOL_TIGHT_LIMIT : 0);
  const std::uint64_t all = counts.puts + magazine.n_puts;
  const std::uint64_t puts = all - std::min(all, counts.misputs);
  s.puts = counts.told_puts = std::max(counts.told_puts, puts);
  s.gets = counts.told_gets = std::max(counts.told_gets, puts + s.out);
  s.fails = counts.fails;
  s.limit_hits = counts.limit_hits;
  s.source_fails = counts.source_fails;
  s.pages_requested = counts.pages_requested;
  s.pages_released = counts.pages_released;
  s.refills = counts.refills;
  s.flushes = counts.flushes;
  s.peak_out = counts.peak_out;
  s.peak_out_time_ns = counts.peak_out_time_ns;
  s.last_growth_time_ns = counts.last_growth_time_ns;
  s.peak_pages = counts.peak_pages;
}

std::string_view unsynchronized_core::check() noexcept {
  if (!pages.check()) return "pages";
  if (pages.n_free() > pages.n_items() || n_cached() > n_issued()) return "magazine";
  if (n_issued() > bounds.hard) return "U1";
  if (pages.n_pages() < pages.items().pages_for(bounds.reserve)) return "U2";
  if ((magazine.barred == 0) != may_cache()) return "U3";
  if (magazine.barred != 0 && n_cached() != 0) return "U3";
  return {};
}

void unsynchronized_core::tell(const telling& t) noexcept {
  report_text text = compose(t, name);
  log.tell_of(t.address, text);
  if (t.look_at != nullptr) text.add("\n  look at %s", t.look_at);
  deliver({.kind = t.kind,
           .where = t.where,
           .pool = name,
           .text = text.view(),
           .address = t.address,
           .misuse = t.what,
           .item = t.item});
}

void unsynchronized_core::say(report_kind kind, const call_site& where, const char* function,
                              const void* address, const char* format, ...) noexcept {
  char text[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(text, sizeof text, format, args);
  va_end(args);
  tell({.kind = kind, .where = where, .function = function, .address = address, .text = text});
}

void unsynchronized_core::say_misput(page::give_result why, void* item, found when) noexcept {
  if (const finding f = std::exchange(found_by_give, {}))
    return tell(charge_of(f, item_size).told({}, "put"));
  const bool is_interior = item != nullptr && why == page::give_result::interior;
  const refusal r{.why = why,
                  .item = item,
                  .around = is_interior ? pages.item_around(item) : nullptr,
                  .when = when};
  tell(charge_of(r).told({}, "put"));
}

}
