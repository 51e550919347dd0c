// SPDX-License-Identifier: BSD-2-Clause
// Statistics, checks, prints and reports of one pool.
#include <array>
#include <cstdio>
#include <cstring>

#include "base/text.hpp"
#include "pool/core.hpp"
#include "pool/guard.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;

void core::read(pool_stats& s) noexcept {
  const base::locked hold(mutex);
  const page::layout& l = pages.items();
  const counters& c = counts;
  std::memcpy(s.name, name, sizeof name);
  s.id = id;
  s.item_size = item_size;
  s.stride = l.stride();
  s.page_size = l.page_size();
  const cache::magazine_set::tally in_caches = caches.count();
  s.out = n_issued() - std::min(n_issued(), in_caches.n_held);
  s.cached = n_issued() - s.out + caches.n_recalled();
  s.free = pages.n_free() + n_detained();
  s.total = pages.n_items();
  s.reserve = bounds.reserve;
  s.low_watermark = bounds.low;
  s.high_watermark = bounds.high;
  s.hard_limit = bounds.hard;
  s.waiters = waiters.size();
  if (!waiters.empty()) s.oldest_wait_ns = os::steady_ns() - waiters.front()->since_ns_;
  s.pages = pages.n_pages();
  s.idle_pages = pages.n_empty();
  s.resident_bytes = s.pages * s.page_size + pages.storage_bytes();
  s.tight = why_tight(s.out);
  const std::uint64_t all = n_puts + in_caches.n_puts, puts = all - std::min(all, c.misputs);
  s.puts = counts.told_puts = std::max(c.told_puts, puts);
  s.gets = counts.told_gets = std::max(c.told_gets, puts + s.out);
  s.fails = c.fails;
  s.waits = c.waits;
  s.timeouts = c.timeouts;
  s.cancels = c.cancels;
  s.limit_hits = c.limit_hits;
  s.source_fails = c.source_fails;
  s.pages_requested = c.pages_requested;
  s.pages_released = c.pages_released;
  s.recalls = c.recalls;
  s.refills = c.refills;
  s.flushes = c.flushes;
  if (s.out > c.peak_out) note_peak(s.out);  // it has not ended yet
  s.peak_out = c.peak_out;
  s.peak_out_time_ns = c.peak_out_time_ns;
  s.last_growth_time_ns = c.last_growth_time_ns;
  s.peak_pages = c.peak_pages;
  s.wait_ns_total = c.wait_ns_total;
  std::memcpy(s.wait_histogram, c.wait_histogram, sizeof c.wait_histogram);
}

std::uint64_t core::why_tight(std::size_t out) const noexcept {
  const bool at_limit = out >= bounds.hard || scarce == scarcity::at_limit ||
                        (slot != 0 && bounds.hard < least_limit);
  return (waiters.empty() ? 0 : POOL_TIGHT_WAITERS) | (at_limit ? POOL_TIGHT_LIMIT : 0) |
         (bounds.too_many(pages) ? POOL_TIGHT_HIGHWAT : 0) |
         (diagnostic || logs || sanitized ? POOL_TIGHT_DIAGNOSTIC : 0) |
         (scarce == scarcity::of_memory ? POOL_TIGHT_MEMORY : 0);
}

void read_unborn(pool_stats& s, const pool_options& o, const char* name) noexcept {
  std::memcpy(s.name, name, sizeof s.name);
  s.item_size = o.item_size;
  s.low_watermark = o.low_watermark;
  s.high_watermark = o.high_watermark;
  s.hard_limit = o.hard_limit;
}

bool core::owns(const void* p) noexcept {
  const base::locked hold(mutex);
  if (guard::is_near(p)) return guard::ask(p, id) != page::give_result::foreign;
  const ledger::record* const r = lends() ? watch->records.find(p) : nullptr;
  return pages.owns(p) || (r != nullptr && r->now == ledger::state::out);
}

std::string_view core::check() noexcept {
  const base::locked hold(mutex);
  if (!pages.check()) return "pages";
  if (!caches.check()) return "caches";
  if (!waiters.check()) return "waiters";
  if (pages.n_free() > pages.n_items()) return "C1";
  if (n_issued() > bounds.hard) return "C2";
  if (!waiters.empty() && admits(waiters.front()->wanted_) && !is_hungry()) return "C3";
  if (pages.n_pages() < layout.pages_for(bounds.reserve)) return "C4";
  if (starving != is_hungry()) return "C5";
  if (quick_get != quick_get_from()) return "C6";
  if (quick_put < quick_put_from()) return "C7";
  if (has_idle_pages() && idle_due == os::never) return "C8";
  if (above_floor != has_pages_to_spare()) return "C9";
  if (caches.n_open() != 0 && !(is_calm() && may_have_calm())) return "C10";
  if (!is_calm() && calm_from != calm_from_now()) return "C11";
  return {};
}

namespace {

using line_text = base::text<256>;

/// A number, or "none" for no limit.
struct or_none {
  explicit or_none(std::uint64_t n) noexcept {
    if (n == UINT64_MAX) {
      std::snprintf(text, sizeof text, "none");
    } else {
      std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(n));
    }
  }
  char text[24];
};

unsigned long long ull(std::uint64_t n) noexcept { return n; }

}

void core::print(void (*line)(void*, std::string_view), void* context, print_parts parts) noexcept {
  pool_stats s{};
  read(s);
  const auto say_line = [&](const line_text& t) { line(context, t.view()); };
  say_line(line_text().add(
      "pool '%s': item size %llu, stride %llu, page size %llu, items a page %zu", s.name,
      ull(s.item_size), ull(s.stride), ull(s.page_size), layout.per_page()));
  say_line(
      line_text().add("  items: %llu out, %llu free, %llu total; reserve %llu, low watermark %llu, "
                      "high watermark %s, hard limit %s",
                      ull(s.out), ull(s.free), ull(s.total), ull(s.reserve), ull(s.low_watermark),
                      or_none(s.high_watermark).text, or_none(s.hard_limit).text));
  say_line(line_text().add(
      "  pages: %llu, %llu unused, %llu requested, %llu released, source failed %llu", ull(s.pages),
      ull(s.idle_pages), ull(s.pages_requested), ull(s.pages_released), ull(s.source_fails)));
  say_line(
      line_text().add("  calls: %llu get, %llu put, %llu failed, %llu waited, %llu timed out, "
                      "%llu cancelled, %llu at the limit; most out %llu; waiting %llu",
                      ull(s.gets), ull(s.puts), ull(s.fails), ull(s.waits), ull(s.timeouts),
                      ull(s.cancels), ull(s.limit_hits), ull(s.peak_out), ull(s.waiters)));
  const auto wants = [&](print_parts p) {
    return (static_cast<int>(parts) & static_cast<int>(p)) != 0;
  };
  if (wants(print_parts::pages)) print_pages(line, context);
  if (wants(print_parts::log)) print_log(line, context);
}

void core::print_pages(void (*line)(void*, std::string_view), void* context) noexcept {
  page::page_set::cursor cursor;
  for (;;) {
    mutex.lock();
    const page::page_set::page_state p = pages.next_page(cursor);
    mutex.unlock();
    if (p.page == nullptr) return;
    line(context, line_text()
                      .add("  page %p: %zu of %zu items out", p.page, layout.per_page() - p.n_free,
                           layout.per_page())
                      .view());
  }
}

void core::print_log(void (*line)(void*, std::string_view), void* context) noexcept {
  // A copy of some entries at a time would tear; a copy of all is what a report takes, too.
  std::array<usage_log::entry, 64> last;
  std::size_t n = 0;
  mutex.lock();
  log.for_last(last.size(), nullptr, [&](const usage_log::entry& e) { last[n++] = e; });
  mutex.unlock();
  for (std::size_t i = 0; i < n; ++i) {
    line_text t;
    t.add("  log: ");
    usage_log::add_entry(t, last[i]);
    line(context, t.view());
  }
}

}
