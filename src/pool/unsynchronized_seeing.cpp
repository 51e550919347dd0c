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
  s.free = pages.n_free() + n_detained();
  s.total = pages.n_items();
  s.reserve = bounds.reserve;
  s.low_watermark = bounds.low;
  s.high_watermark = bounds.high;
  s.hard_limit = bounds.hard;
  s.pages = pages.n_pages();
  s.idle_pages = pages.n_empty();
  s.resident_bytes = s.pages * s.page_size + pages.storage_bytes();
  s.tight = (bounds.too_many(pages) ? POOL_TIGHT_HIGHWAT : 0) |
            (diagnostic || logs || sanitized ? POOL_TIGHT_DIAGNOSTIC : 0) |
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

std::size_t unsynchronized_core::report_held(holders::line_function line, void* context,
                                             std::uint64_t age_ns) noexcept {
  const std::uint64_t now = base::os::steady_ns();
  holders held;
  held.find(watch, now - std::min(now, age_ns));
  return held.describe(name, watch != nullptr, n_out(), now, line, context);
}

void unsynchronized_core::tell(const telling& t) noexcept {
  message m(t, name, 0);
  m.add_known(watch, log);
  m.send();
}

void unsynchronized_core::say(report_kind kind, const call_site& where, const char* function,
                              const void* address, const char* look_at, const char* format,
                              ...) noexcept {
  char text[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(text, sizeof text, format, args);
  va_end(args);
  tell({.kind = kind,
        .where = where,
        .function = function,
        .address = address,
        .text = text,
        .look_at = look_at});
}

void unsynchronized_core::say_misput(page::give_result why, void* item, found when) noexcept {
  if (watch != nullptr)
    if (const finding f = std::exchange(watch->found, {})) return say_found(f, {}, "put");
  const bool is_interior = item != nullptr && why == page::give_result::interior;
  const refusal r{.why = why,
                  .item = item,
                  .pool = name,
                  .around = is_interior ? pages.item_around(item) : nullptr,
                  .was_here = watch != nullptr && watch->records.find(item) != nullptr,
                  .when = when};
  tell(charge_of(r).told({}, "put"));
}

void unsynchronized_core::say_found(const finding& f, const call_site& where,
                                    const char* function) noexcept {
  tell(charge_of(f, item_size).told(where, function));
}

}
