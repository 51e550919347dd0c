// SPDX-License-Identifier: BSD-2-Clause
// Statistics as text.
//
// One table says what every field of pool_stats is; JSON and OpenMetrics follow it, and nothing of
// the struct is missing there.  Counters have no TYPE: OpenMetrics wants that line to leave _total
// out and Prometheus's text format wants it in, and a metric without one is well-formed in both.
#include <pool9/render.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "base/arena.hpp"
#include "base/text.hpp"
#include "pool/core.hpp"

namespace pool9::inline v1 {
namespace {

enum class kind { gauge, bound, counter, nanoseconds };

struct field {
  const char* name;  // in JSON
  const char* metric;
  std::uint64_t pool_stats::*at;
  kind what;
  const char* help;
};

using s = pool_stats;
constexpr field fields[] = {
    {"item_size", "item_size_bytes", &s::item_size, kind::gauge, "Bytes of an item."},
    {"stride", "stride_bytes", &s::stride, kind::gauge, "Bytes from an item to the next."},
    {"page_size", "page_size_bytes", &s::page_size, kind::gauge, "Bytes of a page."},
    {"out", "out_items", &s::out, kind::gauge, "Items that callers hold."},
    {"cached", "cached_items", &s::cached, kind::gauge, "Free items in thread caches."},
    {"free", "free_items", &s::free, kind::gauge, "Free items in pages."},
    {"total", "items", &s::total, kind::gauge, "All items: out, cached and free."},
    {"reserve", "reserve_items", &s::reserve, kind::gauge, "Items that were primed."},
    {"low_watermark", "low_watermark_items", &s::low_watermark, kind::gauge,
     "Items to keep at hand."},
    {"high_watermark", "high_watermark_items", &s::high_watermark, kind::bound,
     "Items to keep at most."},
    {"hard_limit", "hard_limit_items", &s::hard_limit, kind::bound, "Items out at most."},
    {"waiters", "waiters", &s::waiters, kind::gauge, "Gets that wait."},
    {"oldest_wait_ns", "oldest_wait_seconds", &s::oldest_wait_ns, kind::nanoseconds,
     "How long the first of them has waited."},
    {"pages", "pages", &s::pages, kind::gauge, "Pages that the pool has."},
    {"idle_pages", "idle_pages", &s::idle_pages, kind::gauge, "Pages all of whose items are free."},
    {"resident_bytes", "resident_bytes", &s::resident_bytes, kind::gauge,
     "Bytes of pages and storage."},
    {"tight", "tight", &s::tight, kind::gauge, "Whether caches are closed for that reason."},
    {"gets", "gets_total", &s::gets, kind::counter, "Items that were got."},
    {"puts", "puts_total", &s::puts, kind::counter, "Items that were put."},
    {"fails", "fails_total", &s::fails, kind::counter, "Gets that got nothing."},
    {"waits", "waits_total", &s::waits, kind::counter, "Gets that began to wait."},
    {"timeouts", "timeouts_total", &s::timeouts, kind::counter, "Waits that ended too late."},
    {"cancels", "cancels_total", &s::cancels, kind::counter, "Waits that were cancelled."},
    {"limit_hits", "limit_hits_total", &s::limit_hits, kind::counter,
     "Gets that found the hard limit reached."},
    {"source_fails", "source_fails_total", &s::source_fails, kind::counter,
     "Times the page source had no page."},
    {"pages_requested", "pages_requested_total", &s::pages_requested, kind::counter,
     "Pages that came from the page source."},
    {"pages_released", "pages_released_total", &s::pages_released, kind::counter,
     "Pages that went back to it."},
    {"recalls", "recalls_total", &s::recalls, kind::counter, "Recalls of thread caches."},
    {"refills", "refills_total", &s::refills, kind::counter, "Fillings of thread caches."},
    {"flushes", "flushes_total", &s::flushes, kind::counter, "Emptyings of full thread caches."},
    {"peak_out", "peak_out_items", &s::peak_out, kind::gauge, "Most items that were out."},
    {"peak_out_time_ns", "peak_out_timestamp_seconds", &s::peak_out_time_ns, kind::nanoseconds,
     "When that was last so."},
    {"last_growth_time_ns", "last_growth_timestamp_seconds", &s::last_growth_time_ns,
     kind::nanoseconds, "When pages came last."},
    {"wait_ns_total", nullptr, &s::wait_ns_total, kind::nanoseconds, nullptr},  // the histogram's
    {"peak_pages", "peak_pages", &s::peak_pages, kind::gauge, "Most pages at a time."},
};
constexpr std::size_t n_buckets = std::extent_v<decltype(s::wait_histogram)>;
static_assert(sizeof(s) == sizeof s::name + (1 + std::size(fields) + n_buckets) * 8,
              "every field of pool_stats, and the identifier, is rendered");

constexpr struct {
  std::uint64_t bit;
  const char* name;
} reasons[] = {{POOL_TIGHT_WAITERS, "waiters"},
               {POOL_TIGHT_LIMIT, "limit"},
               {POOL_TIGHT_HIGHWAT, "highwat"},
               {POOL_TIGHT_DIAGNOSTIC, "diagnostic"},
               {POOL_TIGHT_MEMORY, "memory"}};

unsigned long long ull(std::uint64_t n) noexcept { return n; }

using line_text = base::text<4096>;  // JSON takes some 2.6 KiB
using cell_text = base::text<128>;   // a name of 31 bad bytes takes 93

struct sink {
  void (*line)(void*, std::string_view);
  void* context;
  void operator()(const line_text& t) const { line(context, t.view()); }
  void operator()(std::string_view t) const { line(context, t); }
};

// ---- Names

/// The bytes of the character of UTF-8 that `text` begins with; 0: of none, it is ill-formed.
std::size_t character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || n > text.size()) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if (byte(i) >> 6 != 2) return 0;
  const unsigned second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : n;
}

/// Appends the name: `escape` writes those characters that cannot stand for themselves.  Returns
/// how many characters it was.
template <std::size_t Size>
std::size_t add_name(base::text<Size>& out, const pool_stats& p,
                     bool (*escape)(base::text<Size>&, std::string_view)) noexcept {
  std::string_view left(p.name, ::strnlen(p.name, sizeof p.name));
  std::size_t n_characters = 0;
  for (; !left.empty(); ++n_characters) {
    const std::size_t n = character(left);
    if (n == 0) {
      out.add("\xEF\xBF\xBD");
    } else if (!escape(out, left.substr(0, n))) {
      out.add("%.*s", static_cast<int>(n), left.data());
    }
    left.remove_prefix(std::max<std::size_t>(n, 1));
  }
  return n_characters;
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }

bool escape_json(line_text& out, std::string_view c) noexcept {
  if (c == "\"" || c == "\\") {
    out.add("\\%c", c[0]);
  } else if (is_control(c[0])) {
    out.add("\\u%04x", static_cast<unsigned>(c[0]));
  } else {
    return false;
  }
  return true;
}
bool escape_label(line_text& out, std::string_view c) noexcept {
  const bool escapes = c == "\"" || c == "\\" || c == "\n";
  if (escapes) out.add("\\%c", c == "\n" ? 'n' : c[0]);
  return escapes;
}
bool escape_cell(cell_text& out, std::string_view c) noexcept {
  const bool is_second_set = c >= "\xC2\x80" && c <= "\xC2\x9F";  // of control characters
  const bool confuses = is_control(c[0]) || is_second_set;        // a terminal
  if (confuses) out.add("?");
  return confuses;
}

template <std::size_t Size>
void add_number(base::text<Size>& out, std::uint64_t n, kind what,
                const char* unlimited_is) noexcept {
  if (what == kind::bound && n == UINT64_MAX) {
    out.add("%s", unlimited_is);
  } else {
    out.add("%llu", ull(n));
  }
}

// ---- For people

struct column {
  const char* title;
  void (*add)(cell_text&, const pool_stats&) noexcept;
};

template <std::uint64_t pool_stats::*At, kind What = kind::gauge>
void add_figure(cell_text& out, const pool_stats& p) noexcept {
  add_number(out, p.*At, What, "-");
}
void add_kib(cell_text& out, const pool_stats& p) noexcept {
  out.add("%llu", ull(p.resident_bytes / 1024));
}

constexpr column columns[] = {
    {"SIZE", add_figure<&s::item_size>},  {"OUT", add_figure<&s::out>},
    {"CACHED", add_figure<&s::cached>},   {"FREE", add_figure<&s::free>},
    {"TOTAL", add_figure<&s::total>},     {"LIMIT", add_figure<&s::hard_limit, kind::bound>},
    {"PEAK", add_figure<&s::peak_out>},   {"GETS", add_figure<&s::gets>},
    {"FAILS", add_figure<&s::fails>},     {"WAITS", add_figure<&s::waits>},
    {"WAITERS", add_figure<&s::waiters>}, {"PAGES", add_figure<&s::pages>},
    {"IDLE", add_figure<&s::idle_pages>}, {"KIB", add_kib},
};

void add_state(line_text& out, const pool_stats& p) noexcept {
  if (p.tight == 0) out.add("calm");
  const char* before = "tight:";
  for (const auto& r : reasons) {
    if ((p.tight & r.bit) == 0) continue;
    out.add("%s%s", before, r.name);
    before = ",";
  }
}

void render_table(std::span<const pool_stats> pools, const sink& say) noexcept {
  std::size_t id_width = 2, name_width = 4, widths[std::size(columns)];
  for (std::size_t i = 0; i < std::size(columns); ++i) widths[i] = std::strlen(columns[i].title);
  for (const pool_stats& p : pools) {
    cell_text id, name;
    id_width = std::max(id_width, id.add("%llu", ull(p.id)).view().size());
    name_width = std::max(name_width, add_name(name, p, escape_cell));
    for (std::size_t i = 0; i < std::size(columns); ++i) {
      cell_text cell;
      columns[i].add(cell, p);
      widths[i] = std::max(widths[i], cell.view().size());
    }
  }
  line_text heading;
  heading.add("%*s  %-*s", static_cast<int>(id_width), "ID", static_cast<int>(name_width), "NAME");
  for (std::size_t i = 0; i < std::size(columns); ++i)
    heading.add("  %*s", static_cast<int>(widths[i]), columns[i].title);
  say(heading.add("  STATE"));
  for (const pool_stats& p : pools) {
    line_text row;
    row.add("%*llu  ", static_cast<int>(id_width), ull(p.id));
    cell_text name;
    const std::size_t n = add_name(name, p, escape_cell);
    row.add("%s%*s", name.view().data(), static_cast<int>(name_width - n), "");
    for (std::size_t i = 0; i < std::size(columns); ++i) {
      cell_text cell;
      columns[i].add(cell, p);
      row.add("  %*s", static_cast<int>(widths[i]), cell.view().data());
    }
    add_state(row.add("  "), p);
    say(row);
  }
}

// ---- For programs

void render_json(std::span<const pool_stats> pools, const sink& say) noexcept {
  say("{\"pools\": [");
  for (const pool_stats& p : pools) {
    line_text t;
    t.add("{\"name\": \"");
    add_name(t, p, escape_json);
    t.add("\", \"id\": %llu", ull(p.id));
    for (const field& f : fields) {
      t.add(", \"%s\": ", f.name);
      if (f.at != &s::tight) {
        add_number(t, p.*f.at, f.what, "null");
        continue;
      }
      t.add("[");
      const char* before = "";
      for (const auto& r : reasons)
        if ((p.tight & r.bit) != 0) t.add("%s\"%s\"", std::exchange(before, ", "), r.name);
      t.add("]");
    }
    t.add(", \"wait_histogram\": [");
    for (std::size_t i = 0; i < n_buckets; ++i)
      t.add(i == 0 ? "%llu" : ", %llu", ull(p.wait_histogram[i]));
    say(t.add(&p == &pools.back() ? "]}" : "]},"));
  }
  say("]}");
}

// ---- For monitoring

/// pool9_METRIC{id="1",name="...", without the closing brace.
void add_labels(line_text& t, const char* metric, const pool_stats& p) noexcept {
  t.add("pool9_%s{id=\"%llu\",name=\"", metric, ull(p.id));
  add_name(t, p, escape_label);
  t.add("\"");
}

void add_seconds(line_text& t, std::uint64_t ns) noexcept {
  t.add("%llu.%09llu", ull(ns / 1'000'000'000), ull(ns % 1'000'000'000));
}

void render_field(const field& f, const pool_stats& p, const sink& say) noexcept {
  if (f.at == &s::tight) {
    for (const auto& r : reasons) {
      line_text t;
      add_labels(t, f.metric, p);
      say(t.add(",reason=\"%s\"} %d", r.name, (p.tight & r.bit) != 0 ? 1 : 0));
    }
    return;
  }
  line_text t;
  add_labels(t, f.metric, p);
  t.add("} ");
  if (f.what == kind::nanoseconds) {
    add_seconds(t, p.*f.at);
  } else {
    add_number(t, p.*f.at, f.what, "+Inf");
  }
  say(t);
}

void render_waits(const pool_stats& p, const sink& say) noexcept {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < n_buckets; ++i) {
    n += p.wait_histogram[i];
    line_text t;
    add_labels(t, "wait_seconds_bucket", p);
    if (i + 1 < n_buckets) {
      const std::uint64_t us = std::uint64_t{1} << i;
      t.add(",le=\"%llu.%06llu\"} %llu", ull(us / 1'000'000), ull(us % 1'000'000), ull(n));
    } else {
      t.add(",le=\"+Inf\"} %llu", ull(n));  // it has no end
    }
    say(t);
  }
  line_text count, sum;
  add_labels(count, "wait_seconds_count", p);
  say(count.add("} %llu", ull(n)));
  add_labels(sum, "wait_seconds_sum", p);
  add_seconds(sum.add("} "), p.wait_ns_total);
  say(sum);
}

void render_openmetrics(std::span<const pool_stats> pools, const sink& say) noexcept {
  for (const field& f : fields) {
    if (f.metric == nullptr) continue;
    if (f.what != kind::counter) say(line_text().add("# TYPE pool9_%s gauge", f.metric));
    say(line_text().add("# HELP pool9_%s %s", f.metric, f.help));
    for (const pool_stats& p : pools) render_field(f, p, say);
  }
  say("# TYPE pool9_wait_seconds histogram");
  say("# HELP pool9_wait_seconds How long those waited who were told in the end.");
  for (const pool_stats& p : pools) render_waits(p, say);
  say("# EOF");
}

}

void render(stats_format f, std::span<const pool_stats> pools,
            void (*line)(void*, std::string_view), void* context) noexcept {
  const sink say{line, context};
  switch (f) {
    case stats_format::table:
      return render_table(pools, say);
    case stats_format::json:
      return render_json(pools, say);
    case stats_format::openmetrics:
      return render_openmetrics(pools, say);
  }
}

bool render_all(stats_format f, void (*line)(void*, std::string_view), void* context) noexcept {
  std::size_t room = 16;  // and some more for those that are born meanwhile
  for (detail::registry::visitor v; v.next() != nullptr;) ++room;
  const std::size_t bytes = room * sizeof(pool_stats);
  auto* const copies = static_cast<pool_stats*>(base::arena::allocate(bytes));
  if (copies == nullptr) return false;
  std::size_t n = 0;
  for (detail::registry::visitor v; n < room; ++n) {
    detail::core* const c = v.next();
    if (c == nullptr) break;
    c->read(*::new (&copies[n]) pool_stats{});
  }
  render(f, {copies, n}, line, context);
  base::arena::release(copies, bytes);
  return true;
}

}
