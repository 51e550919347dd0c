// SPDX-License-Identifier: BSD-2-Clause
#include "view.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "symbols.hpp"

namespace poolstat {
namespace {

unsigned long long ull(std::uint64_t n) { return n; }

/// A row of cells for each line, printed so that columns stand under each other.
class table {
 public:
  using row = std::vector<std::string>;
  explicit table(row heading) { add(std::move(heading)); }
  void add(row r) {
    widths_.resize(std::max(widths_.size(), r.size()));
    for (std::size_t i = 0; i < r.size(); ++i) {
      r[i] = printable(std::move(r[i]));
      widths_[i] = std::max(widths_[i], width(r[i]));
    }
    rows_.push_back(std::move(r));
  }
  /// The first `n_left` columns are text, and so is the last.
  void print(std::size_t n_left) const {
    for (const row& r : rows_) {
      for (std::size_t i = 0; i + 1 < r.size(); ++i) {
        const std::string fill(widths_[i] - width(r[i]), ' ');
        std::printf("%s%s  ", (i < n_left ? r[i] : fill).c_str(),
                    (i < n_left ? fill : r[i]).c_str());
      }
      std::printf("%s\n", r.back().c_str());
    }
  }

 private:
  /// Characters: what continues one in UTF-8 takes no column.
  static std::size_t width(const std::string& cell) {
    return static_cast<std::size_t>(std::count_if(
        cell.begin(), cell.end(), [](char c) { return static_cast<unsigned char>(c) >> 6 != 2; }));
  }

  std::vector<std::size_t> widths_;
  std::vector<row> rows_;
};

std::string seconds_of(std::uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%llu.%03llu s", ull(ns / 1'000'000'000),
                ull(ns / 1'000'000 % 1000));
  return text;
}

/// The thread in whose stack `address` lies: stacks grow down, so the nearest stack pointer below.
const thread* owner_of(const std::vector<thread>& all, std::uint64_t address) {
  constexpr std::uint64_t largest_frames = 64 << 20;
  const thread* best = nullptr;
  for (const thread& t : all)
    if (t.stack_pointer != 0 && t.stack_pointer <= address &&
        address - t.stack_pointer < largest_frames &&
        (best == nullptr || t.stack_pointer > best->stack_pointer))
      best = &t;
  return best;
}

std::string who(const std::vector<thread>& threads, std::uint64_t address) {
  const thread* const t = owner_of(threads, address);
  if (t == nullptr) return "a thread";
  return "thread " + std::to_string(t->id) + (t->name.empty() ? "" : " " + t->name);
}

/// Items that were got at one place.
struct group {
  std::uint64_t n = 0, example = 0;
  std::optional<std::uint64_t> oldest, newest;
};

/// Where `h` was got, and who called that: "file:line < function < function".
class place_names {
 public:
  explicit place_names(target& in) : mapped_(in.mappings()) {}
  std::string of(const held& h) {
    std::string place = h.site;
    for (const std::uint64_t caller : h.stack) {
      std::string& name = known_[caller];
      if (name.empty()) name = name_of(mapped_, caller);
      place += (place.empty() ? "" : " < ") + name;
    }
    return place.empty() ? "(place unknown)" : place;
  }

 private:
  const std::vector<mapping> mapped_;
  std::map<std::uint64_t, std::string> known_;  // finding one takes a look into the file
};

void print_sites(target& in, const held_items& items) {
  place_names names(in);
  std::map<std::string, group> places;
  for (const held& h : items.known) {
    group& g = places[names.of(h)];
    if (g.n++ == 0 || h.age >= g.oldest) g.example = h.item;
    if (!h.age) continue;
    g.oldest = std::max(g.oldest.value_or(0), *h.age);
    g.newest = std::min(g.newest.value_or(UINT64_MAX), *h.age);
  }
  std::vector<std::pair<std::string, group>> most_first(places.begin(), places.end());
  std::stable_sort(most_first.begin(), most_first.end(),
                   [](const auto& a, const auto& b) { return a.second.n > b.second.n; });
  table t({"ITEMS", "OLDEST", "NEWEST", "OLDEST ITEM", "GOT AT"});
  const auto age = [&](std::optional<std::uint64_t> n) -> std::string {
    if (!n) return "?";
    return items.from == held_items::source::log ? std::to_string(*n) : seconds_of(*n);
  };
  for (const auto& [place, g] : most_first) {
    char item[24];
    std::snprintf(item, sizeof item, "%#llx", ull(g.example));
    t.add({std::to_string(g.n), age(g.oldest), age(g.newest), item, place});
  }
  t.print(0);
}

}

void print(pool9::stats_format f, const std::vector<reader::pool>& pools) {
  std::vector<pool_stats> all;
  for (const reader::pool& p : pools) all.push_back(p.stats);
  pool9::render(
      f, all,
      [](void*, std::string_view line) {
        std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
      },
      nullptr);
}

void print_rates(const std::vector<reader::pool>& before, const std::vector<reader::pool>& now,
                 double seconds) {
  table t({"ID", "NAME", "OUT", "CACHED", "FREE", "WAITERS", "GETS/S", "FAILS/S", "WAITS/S",
           "VISITS/S", "RECALLS/S", "PAGES/S", "STATE"});
  for (const reader::pool& p : now) {
    const pool_stats& s = p.stats;
    const auto was = std::find_if(before.begin(), before.end(), [&](const reader::pool& b) {
      return b.of == p.of && b.stats.id == s.id;
    });
    const pool_stats none{};
    const pool_stats& b = was == before.end() ? none : was->stats;
    const auto rate = [&](auto... figures) {
      const std::uint64_t n = ((s.*figures < b.*figures ? 0 : s.*figures - b.*figures) + ...);
      return std::to_string(static_cast<std::uint64_t>(static_cast<double>(n) / seconds + 0.5));
    };
    using f = pool_stats;
    t.add({std::to_string(s.id), s.name, std::to_string(s.out), std::to_string(s.cached),
           std::to_string(s.free), std::to_string(s.waiters), rate(&f::gets), rate(&f::fails),
           rate(&f::waits), rate(&f::refills, &f::flushes), rate(&f::recalls),
           rate(&f::pages_requested, &f::pages_released), s.tight == 0 ? "calm" : "tight"});
  }
  t.print(2);
}

void print_waiters(target& in, const reader::pool& p, const std::vector<waiting>& all) {
  std::printf("pool %llu '%s': %zu waiting, %llu of %s items out\n", ull(p.stats.id),
              printable(p.stats.name).c_str(), all.size(), ull(p.stats.out),
              p.stats.hard_limit == UINT64_MAX ? "any number of"
                                               : std::to_string(p.stats.hard_limit).c_str());
  if (all.empty()) return;
  const std::vector<thread> threads = in.threads();
  const std::vector<mapping> mapped = in.mappings();
  const auto now = in.steady_ns();
  table t({"", "WAITED", "ITEMS", "WHO"});
  std::size_t n = 0;
  for (const waiting& w : all) {
    const std::string waited =
        now.has_value() ? seconds_of(*now - std::min(*now, w.since_ns)) : "?";
    t.add({std::to_string(++n), waited, std::to_string(w.n_items),
           w.callback == 0 ? who(threads, w.address) : "callback " + name_of(mapped, w.callback)});
  }
  t.print(1);
}

void print_holders(target& in, const reader::pool& p, const held_items& items) {
  using source = held_items::source;
  std::printf("pool %llu '%s': %llu items out\n", ull(p.stats.id), printable(p.stats.name).c_str(),
              ull(p.stats.out));
  if (p.stats.out == 0) return;
  if (items.from == source::none) {
    std::printf(
        "who has them is not known.  POOL9_OPTIONS=diagnostic:NAME or pool_options::diagnostic\n"
        "keeps a record of each; pool_options::usage_log, PR_LOGGING and POOL_DIAGNOSTIC a log.\n");
    return;
  }
  print_sites(in, items);
  if (items.from == source::log)
    std::printf("OLDEST and NEWEST: how many calls the log has seen since.\n");
  if (items.known.size() >= p.stats.out) return;
  const std::uint64_t n = p.stats.out - items.known.size();
  if (items.from == source::samples)
    std::printf("The sampled guard watches these; who has the %llu others is not known.\n", ull(n));
  if (items.from == source::log)
    std::printf("%llu more were got before the log's oldest entry.\n", ull(n));
}

}
