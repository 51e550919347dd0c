// SPDX-License-Identifier: BSD-2-Clause
// Memory that comes back, and memory that is ready.  bench/peers/memory.py runs it and makes tables
// of what it prints: a line for each figure, what,contender,figure,unit,most - the last is what
// pool9 promises, or 0.
//
//   memory [--only=memory|cost|breath|fill] [--turns=N]    N: turns of each fill, 5 if not given
#include <cstdlib>
#include <cstring>
#include <functional>

#include "scenarios.hpp"

namespace {

using namespace pool9;
using namespace pool9::bench;

constexpr const char* our_name = "pool9";

void say(const std::string& what, const std::string& who, double figure, const char* unit,
         double most = 0) {
  std::printf("%s,%s,%.6g,%s,%g\n", what.c_str(), who.c_str(), figure, unit, most);
  std::fflush(stdout);
}

/// Every contender's figures, all at once; ours come first, then those of the mallocs.
std::vector<std::pair<const char*, std::vector<double>>> of_all(
    std::size_t size, const std::function<std::vector<double>(pool_items&)>& ours,
    const std::function<std::vector<double>(malloc_items&)>& theirs) {
  std::vector<std::pair<const char*, std::vector<double>>> all;
  std::vector<std::pair<const char*, child>> running;
  const auto start = [&](const char* name, auto run) {
    running.emplace_back(name, child::start(run));
  };
  start(our_name, [&] {
    pool_items items(size);
    return ours(items);
  });
  for (const malloc_library& l : mallocs)
    start(l.name, [&] {
      malloc_items items(l, size);
      return items.is_here() ? theirs(items) : std::vector<double>();
    });
  for (auto& [name, c] : running) all.emplace_back(name, c.read());
  return all;
}

void show_memory() {
  for (const unsigned n_threads : {1u, 8u}) {
    const auto run = [=](auto& items) { return memory_after(items, n_threads); };
    const std::string by = n_threads == 1 ? " by 1 thread" : " by 8 threads";
    for (const auto& [name, figures] : of_all(256, run, run)) {
      if (figures.size() < 2) continue;
      const bool is_ours = name == std::string(our_name);
      say("99 % put" + by, name, figures[0], "of the peak", is_ours ? 0.20 : 0);
      say("all put" + by, name, figures[1], "of the peak", is_ours ? 0.01 : 0);
      for (std::size_t i = 2; i < figures.size(); ++i)
        say("resident" + by, name, figures[i], "of the peak");
    }
  }
  const auto run = [](auto& items) {
    std::vector<void*> all(many, &items);
    const double before = static_cast<double>(resident_bytes());
    fill(items, all);
    return std::vector<double>{(static_cast<double>(resident_bytes()) - before) / many};
  };
  for (const auto& [name, figures] : of_all(64, run, run))
    if (!figures.empty())
      say("a live item of 64 B", name, figures[0], "B", name == std::string(our_name) ? 66 : 0);
}

void show_cost() {
  const auto f =
      child::start([] {
        const cost_of_return c = measure_return();
        return std::vector<double>{c.quiet_ns, c.busy_ns, c.quiet_p99_ns,   c.busy_p99_ns,
                                   c.cpu_ms,   c.pages,   c.longest_hold_us};
      }).read();
  if (f.size() < 7) return;
  say("a working thread's pair meanwhile: median", our_name, f[1] / f[0], "of its usual", 1.1);
  say("a working thread's pair meanwhile: 99th percentile of turns of 1000", our_name, f[3] / f[2],
      "of its usual");
  say("housekeeping's time on a processor for 50 000 pages", our_name, f[4] * 50'000 / f[5], "ms",
      20);
  say("housekeeping's longest hold of a lock", our_name, f[6], "us", 50);
}

void show_breath() {
  for (const bool cached : {false, true}) {
    const auto f =
        child::start([=] { return std::vector<double>{calls_of_a_breathing_pool(cached)}; }).read();
    if (f.empty()) continue;
    const std::string with = cached ? "with" : "without";
    say("10^7 operations at a page's edge " + with + " a thread cache", our_name, f[0],
        "calls of the source", 10);
  }
}

/// One turn of each contender, in a process of its own; the names come with the first.
void fill_in_turn(std::size_t size, std::size_t n,
                  std::vector<std::pair<std::string, std::vector<double>>>& times) {
  std::size_t i = 0;
  const auto turn = [&](const char* name, auto run) {
    use_memory(n * size + n * size / 4);
    const auto figures = child::start(run).read();
    if (i == times.size()) times.emplace_back(name, std::vector<double>());
    if (!figures.empty()) times[i].second.push_back(figures[0]);
    ++i;
  };
  turn(our_name, [=] {
    pool_items items(size);
    return std::vector<double>{fill_ns(items, n)};
  });
  turn("pool9 with huge pages", [=] {
    static constinit system_memory huge({.huge_pages = when::automatic});
    pool_items items(size, &huge);
    return std::vector<double>{fill_ns(items, n)};
  });
  for (const malloc_library& l : mallocs)
    turn(l.name, [=] {
      malloc_items items(l, size);
      return items.is_here() ? std::vector<double>{fill_ns(items, n)} : std::vector<double>();
    });
}

void show_fill(int n_turns) {
  for (const std::size_t size : {std::size_t{64}, std::size_t{256}, std::size_t{4096}}) {
    const std::size_t n = std::min(many, (std::size_t{1} << 30) / size);
    std::vector<std::pair<std::string, std::vector<double>>> times;
    for (int i = 0; i < n_turns; ++i) fill_in_turn(size, n, times);
    const std::string what = "fill " + std::to_string(size) + " B";
    double own = 0, best = 1e9;
    for (auto& [name, ns] : times) {
      if (ns.empty()) continue;
      std::sort(ns.begin(), ns.end());
      const double median = ns[ns.size() / 2];
      say(what, name, median, "ns");
      if (name == our_name) own = median;
      if (name.find(our_name) == std::string::npos) best = std::min(best, median);
    }
    say(what + " by the best peer's", our_name, own / best, "", 1.1);
  }
}

}

int main(int argc, char** argv) {
  // jemalloc wants room for its thread-local data where it is loaded late.
  constexpr const char *tunables = "GLIBC_TUNABLES", *room = "glibc.rtld.optional_static_tls=65536";
  if (std::getenv(tunables) == nullptr && setenv(tunables, room, 1) == 0)
    execv("/proc/self/exe", argv);
  int n_turns = 5;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--turns=", 8) == 0) n_turns = std::atoi(argv[i] + 8);
    if (std::strncmp(argv[i], "--only=", 7) == 0) only = argv[i] + 7;
  }
  const auto wanted = [&](const char* name) { return only.empty() || only == name; };
  if (wanted("memory")) show_memory();
  if (wanted("cost")) show_cost();
  if (wanted("breath")) show_breath();
  if (wanted("fill")) show_fill(std::max(n_turns, 1));
}
