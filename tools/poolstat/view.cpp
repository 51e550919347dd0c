// SPDX-License-Identifier: BSD-2-Clause
#include "view.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

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
    for (std::size_t i = 0; i < r.size(); ++i) widths_[i] = std::max(widths_[i], r[i].size());
    rows_.push_back(std::move(r));
  }
  /// The first `n_left` columns are text, and so is the last.
  void print(std::size_t n_left) const {
    for (const row& r : rows_) {
      for (std::size_t i = 0; i + 1 < r.size(); ++i)
        std::printf(i < n_left ? "%-*s  " : "%*s  ", static_cast<int>(widths_[i]), r[i].c_str());
      std::printf("%s\n", r.back().c_str());
    }
  }

 private:
  std::vector<std::size_t> widths_;
  std::vector<row> rows_;
};

std::string seconds_of(std::uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%llu.%03llu s", ull(ns / 1'000'000'000),
                ull(ns / 1'000'000 % 1000));
  return text;
}

/// A name without what might confuse a terminal.
std::string printable(const char* name) {
  std::string text = name;
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }, '?');
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
    const auto was = std::find_if(before.begin(), before.end(),
                                  [&](const reader::pool& b) { return b.stats.id == s.id; });
    const pool_stats none{};
    const pool_stats& b = was == before.end() ? none : was->stats;
    const auto rate = [&](auto... figures) {
      const std::uint64_t n = ((s.*figures < b.*figures ? 0 : s.*figures - b.*figures) + ...);
      return std::to_string(static_cast<std::uint64_t>(static_cast<double>(n) / seconds + 0.5));
    };
    using f = pool_stats;
    t.add({std::to_string(s.id), printable(s.name), std::to_string(s.out), std::to_string(s.cached),
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
           w.callback == 0 ? who(threads, w.address)
                           : "callback " + name_of(mapped, in.root(), w.callback)});
  }
  t.print(1);
}

void print_holders(target& in, const reader::pool& p, const held_items& items) {
  std::printf("pool %llu '%s': %llu items out\n", ull(p.stats.id), printable(p.stats.name).c_str(),
              ull(p.stats.out));
  if (items.from == held_items::source::none) {
    std::printf(
        "who has them is not known: the pool keeps no log.  Turn one on with\n"
        "pool_options::usage_log, or PR_LOGGING, or compile callers with POOL_DIAGNOSTIC.\n");
    return;
  }
  if (items.from == held_items::source::samples) {
    std::printf("who has them is known of %zu, which the sampled guard watches:\n",
                items.known.size());
    for (const held& h : items.known) std::printf("item %#llx%s\n", ull(h.item), h.site.c_str());
    return;
  }
  const bool has_times = items.from == held_items::source::records;
  const std::vector<mapping> mapped = in.mappings();
  struct group {
    std::uint64_t n = 0, oldest = 0, newest = UINT64_MAX, example = 0;
  };
  std::map<std::string, group> sites;
  std::map<std::uint64_t, std::string> names;  // finding one takes a look into the file
  for (const held& h : items.known) {
    std::string site = h.site;
    for (const std::uint64_t caller : h.stack) {
      std::string& name = names[caller];
      if (name.empty()) name = name_of(mapped, in.root(), caller);
      site += (site.empty() ? "" : " < ") + name;
    }
    group& g = sites[site.empty() ? "(place unknown)" : site];
    ++g.n;
    if (h.age >= g.oldest) g.example = h.item;
    g.oldest = std::max(g.oldest, h.age);
    g.newest = std::min(g.newest, h.age);
  }
  table t({"ITEMS", "OLDEST", "NEWEST", "OLDEST ITEM", "GOT AT"});
  const auto age = [&](std::uint64_t n) { return has_times ? seconds_of(n) : std::to_string(n); };
  for (const auto& [site, g] : sites) {
    char item[24];
    std::snprintf(item, sizeof item, "%#llx", ull(g.example));
    t.add({std::to_string(g.n), age(g.oldest), age(g.newest), item, site});
  }
  t.print(0);
  if (!has_times) std::printf("OLDEST and NEWEST: how many calls the log has seen since.\n");
  if (items.known.size() < p.stats.out)
    std::printf("%llu more were got before the log's oldest entry.\n",
                ull(p.stats.out - items.known.size()));
}

}
