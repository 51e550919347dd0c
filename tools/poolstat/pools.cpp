// SPDX-License-Identifier: BSD-2-Clause
#include "pools.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <unordered_set>
#include <utility>

namespace poolstat {
namespace {

constexpr int most_tries = 20;
constexpr std::chrono::milliseconds pause{2};  // a change takes microseconds, unless it is stopped
constexpr std::size_t most_links = 1 << 20;

std::uint64_t less(std::uint64_t a, std::uint64_t b) { return a - std::min(a, b); }

/// Calls f(strict) until it says true, at last with strict == false; false: it never did before.
template <class F>
bool try_often(F f) {
  for (int i = 0; i < most_tries; ++i) {
    if (f(true)) return true;
    std::this_thread::sleep_for(pause);
  }
  f(false);
  return false;
}

}

reader::reader(target& in) : in_(in), libraries_(find_libraries(in)) {
  if (libraries_.empty())
    throw trouble(exit_code::no_pools, in.name() + ": no program that uses pool9");
}

bool reader::walk(const library& l, std::uint64_t head, bool strict, const visit& f) {
  std::uint64_t before = head;
  std::unordered_set<std::uint64_t> visited;  // a list in the middle of a change may turn in itself
  object link(in_, l.members, "link", head);
  while (link && visited.size() < most_links) {
    const std::uint64_t at = link["next"];
    link = object(in_, l.members, "link", at);
    if (!link || (strict && link["prev"] != before)) return false;
    if (at == head) return true;
    if (!visited.insert(at).second) return false;
    if (!f(at) && strict) return false;
    before = at;
  }
  return false;
}

std::vector<reader::pool> reader::pools() {
  std::vector<pool> all;
  for (const library& l : libraries_) {
    std::vector<pool> some;
    if (!try_often([&](bool strict) { return read_pools(l, strict, some); })) incomplete_ = true;
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

bool reader::read_pools(const library& l, bool strict, std::vector<pool>& into) {
  into.clear();
  const object before(in_, l.members, "root", l.root);
  const std::uint64_t generation = before["n_changes"];
  if (!before || (strict && generation % 2 != 0)) return false;
  const std::uint64_t place = l.members.at("core", "place").offset;
  const bool whole = walk(l, before.address_of("pools"), strict, [&](std::uint64_t link) {
    const object entry(in_, l.members, "entry", link);
    const std::uint64_t core = entry["pool"];
    if (!entry || (core != 0 && core + place != link)) return false;
    pool p{{}, core, &l};
    if (core != 0 && read_pool(l, core, p)) into.push_back(p);
    return true;
  });
  return whole && object(in_, l.members, "root", l.root)["n_changes"] == generation;
}

bool reader::read_pool(const library& l, std::uint64_t address, pool& into) {
  // What moves between pages and caches meanwhile would count twice, or not at all; where that goes
  // on and on, so do the figures, and no look at them is far off.
  const auto read = [&](bool strict) {
    tally t;
    for (int i = 0; i < most_tries && !t.is_of_one_moment; ++i) {
      const object core(in_, l.members, "core", address);
      t = {};
      if (!core || !count(l, core, strict, t)) return false;
      derive(l, core, t, into.stats);
    }
    return true;
  };
  if (try_often(read)) return true;
  // Its numbers are right without what lies in caches.
  const object core(in_, l.members, "core", address);
  if (!core || core["id"] == 0) return false;
  derive(l, core, {.n_puts = core["caches.puts_of_gone"]}, into.stats);
  incomplete_ = true;
  return true;
}

/// As magazine_set::count() does.
bool reader::count(const library& l, const object& core, bool strict, tally& t) {
  t.n_puts = core["caches.puts_of_gone"];
  const std::uint64_t link_at = l.members.at("magazine", "link").offset;
  const auto add_all = [&](const char* list, const char* from) {
    return walk(l, core.address_of(list), strict, [&](std::uint64_t link) {
      const object m(in_, l.members, "magazine", link - link_at);
      if (!m) return false;
      t.n_puts += m["n_puts"];
      const std::uint64_t held = from == nullptr ? 0 : less(m["top"], m[from]) / 8;
      if (held > m["capacity"]) return false;
      t.n_held += held;
      return true;
    });
  };
  if (!add_all("caches.open", "base") || !add_all("caches.closed", "taken") ||
      !add_all("caches.parked", nullptr))
    return false;
  // The same lists as before, and the same pool.
  const object after(in_, l.members, "core", core.address());
  if (!after || after["id"] != core["id"]) return false;
  t.is_of_one_moment = after == core;
  std::vector<unsigned char> was(l.members.at("core", "caches").size), is(was.size());
  core.copy("caches", was.data(), was.size());
  after.copy("caches", is.data(), is.size());
  return was == is;
}

namespace {

std::uint64_t why_tight(const layout& l, const object& c, std::uint64_t out) {
  const std::uint64_t hard = c["bounds.hard"], high = c["bounds.high"], low = c["bounds.low"];
  const std::uint64_t per_page = std::max<std::uint64_t>(1, c["layout.per_page"]);
  const auto pages_for = [&](std::uint64_t n) {
    return n / per_page + (n % per_page != 0 ? 1 : 0);
  };
  const std::uint64_t floor =
      std::max(pages_for(c["bounds.reserve"]), pages_for(less(low, c["pages.storage_items"])));
  const bool too_many = high != UINT64_MAX && c["pages.n_pages"] > std::max(pages_for(high), floor);
  const bool at_limit = out >= hard || c["scarce"] == l.constant("core", "at_limit") ||
                        (c["slot"] != 0 && hard < l.constant("core", "least_limit"));
  return (c["waiters.size"] != 0 ? POOL_TIGHT_WAITERS : 0) | (at_limit ? POOL_TIGHT_LIMIT : 0) |
         (too_many ? POOL_TIGHT_HIGHWAT : 0) |
         (c["diagnostic"] != 0 || c["logs"] != 0 || c["sanitized"] != 0 ? POOL_TIGHT_DIAGNOSTIC
                                                                        : 0) |
         (c["scarce"] == l.constant("core", "of_memory") ? POOL_TIGHT_MEMORY : 0);
}

}

/// As core::read() does.
void reader::derive(const library& l, const object& c, const tally& t, pool_stats& s) {
  s = {};
  c.copy("name", s.name, sizeof s.name - 1);
  s.id = c["id"];
  s.item_size = c["item_size"];
  s.stride = c["layout.stride"];
  s.page_size = std::uint64_t{1} << (c["layout.page_shift"] & 63);
  s.pages = c["pages.n_pages"];
  s.idle_pages = c["pages.n_empty"];
  // Quarantine: free to everybody but the pages.
  const object watch(in_, l.members, "watch", c["watch"]);
  const std::uint64_t detained = watch ? watch["n_detained"] : 0;
  s.free = c["pages.n_free"] + detained;
  s.total = s.pages * c["layout.per_page"] + c["pages.storage_items"];
  s.resident_bytes = s.pages * s.page_size + c["pages.storage_bytes"];
  const std::uint64_t recalled = c["caches.n_recalled"];
  const std::uint64_t issued = less(less(s.total, s.free), recalled);
  s.out = less(issued, t.n_held);
  s.cached = issued - s.out + recalled;
  s.reserve = c["bounds.reserve"];
  s.low_watermark = c["bounds.low"];
  s.high_watermark = c["bounds.high"];
  s.hard_limit = c["bounds.hard"];
  s.waiters = c["waiters.size"];
  if (const std::uint64_t first = c["waiters.head"]; first != 0)
    if (const object w(in_, l.members, "waiter", first); w)
      if (const auto now = in_.steady_ns()) s.oldest_wait_ns = less(*now, w["since_ns"]);
  s.tight = why_tight(l.members, c, s.out);
  s.puts = std::max(c["counts.told_puts"], less(c["n_puts"] + t.n_puts, c["counts.misputs"]));
  s.gets = std::max(c["counts.told_gets"], s.puts + s.out);
  s.fails = c["counts.fails"];
  s.waits = c["counts.waits"];
  s.timeouts = c["counts.timeouts"];
  s.cancels = c["counts.cancels"];
  s.limit_hits = c["counts.limit_hits"];
  s.source_fails = c["counts.source_fails"];
  s.pages_requested = c["counts.pages_requested"];
  s.pages_released = c["counts.pages_released"];
  s.recalls = c["counts.recalls"];
  s.refills = c["counts.refills"];
  s.flushes = c["counts.flushes"];
  s.peak_out = std::max(s.out, c["counts.peak_out"]);
  s.peak_out_time_ns = c["counts.peak_out_time_ns"];
  s.last_growth_time_ns = c["counts.last_growth_time_ns"];
  s.peak_pages = c["counts.peak_pages"];
  s.wait_ns_total = c["counts.wait_ns_total"];
  c.copy("counts.wait_histogram", s.wait_histogram, sizeof s.wait_histogram);
}

std::vector<waiting> reader::waiters(const pool& p) {
  const layout& l = p.of->members;
  std::vector<waiting> all;
  const auto read = [&](bool strict) {
    all.clear();
    const object core(in_, l, "core", p.core);
    std::uint64_t before = 0, at = core["waiters.head"];
    const std::uint64_t n = core["waiters.size"];
    std::unordered_set<std::uint64_t> visited;
    while (at != 0 && all.size() < most_links) {
      const object w(in_, l, "waiter", at);
      if (!w || (strict && w["prev"] != before) || !visited.insert(at).second) return false;
      all.push_back({at, w["served"], w["since_ns"], w["wanted"]});
      before = std::exchange(at, w["next"]);
    }
    const object after(in_, l, "core", p.core);
    return core && after && all.size() == n && after["id"] == p.stats.id &&
           after["waiters.size"] == n;
  };
  if (!try_often(read)) incomplete_ = true;
  return all;
}

}
