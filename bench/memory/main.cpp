// SPDX-License-Identifier: BSD-2-Clause
// Memory that comes back, and memory that is ready: every figure with its target.
//
//   memory [--only=memory|cost|breath|fill] [--turns=N]    N: turns of each fill, 5 if not given
//
// Arguments that are Google Benchmark's are for the others.
#include <cstdlib>
#include <cstring>
#include <functional>

#include "scenarios.hpp"

namespace {

using namespace pool9;
using namespace pool9::bench;

void say(const char* what, double figure, const char* unit, double target) {
  std::printf("  %-66s %9.3f %-5s", what, figure, unit);
  if (target > 0) std::printf("  target %g: %s", target, figure <= target ? "met" : "MISSED");
  std::printf("\n");
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
  start("pool9", [&] {
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
    std::printf(
        "\nW6: 10^6 items of 256 B, freed at random by %u thread%s; resident, of the peak\n",
        n_threads, n_threads == 1 ? "" : "s that went to sleep");
    const auto run = [=](auto& items) { return memory_after(items, n_threads); };
    for (const auto& [name, figures] : of_all(256, run, run)) {
      if (figures.size() < 3) continue;
      const bool ours = std::strcmp(name, "pool9") == 0;
      const std::string who = name;
      say((who + ": after 99 %, three idle times later").c_str(), figures[0], "", ours ? 0.20 : 0);
      say((who + ": after all, three idle times later").c_str(), figures[1], "", ours ? 0.01 : 0);
    }
  }
  std::printf("\nResident bytes for each of 10^6 live items of 64 B\n");
  const auto run = [](auto& items) {
    std::vector<void*> all(many, &items);
    const double before = static_cast<double>(resident_bytes());
    fill(items, all);
    return std::vector<double>{(static_cast<double>(resident_bytes()) - before) / many};
  };
  for (const auto& [name, figures] : of_all(64, run, run))
    if (!figures.empty()) say(name, figures[0], "B", std::strcmp(name, "pool9") == 0 ? 66 : 0);
}

void show_cost() {
  std::printf("\nWhat it costs to return the pages of 99 %% of 10^6 items of 256 B\n");
  const auto f =
      child::start([] {
        const cost_of_return c = measure_return();
        return std::vector<double>{c.quiet_ns, c.busy_ns, c.quiet_p99_ns,   c.busy_p99_ns,
                                   c.cpu_ms,   c.pages,   c.longest_hold_us};
      }).read();
  if (f.size() < 7) return;
  say("a working thread's pair, quiet", f[0], "ns", 0);
  say("the same while pages go back", f[1], "ns", 0);
  say("slow-down, median of turns of 1000 pairs", f[1] / f[0], "", 1.1);
  say("slow-down, 99th percentile of turns", f[3] / f[2], "", 0);
  say("pages that went back", f[5], "", 0);
  say("housekeeping's time on a processor, for 50 000 pages", f[4] * 50'000 / f[5], "ms", 20);
  say("longest hold of a lock by housekeeping", f[6], "us", 50);
}

void show_breath() {
  std::printf("\nCalls of the source in 10^7 gets and puts around a page's edge\n");
  for (const bool cached : {false, true}) {
    const auto f =
        child::start([=] { return std::vector<double>{calls_of_a_breathing_pool(cached)}; }).read();
    if (!f.empty()) say(cached ? "with a thread cache" : "without", f[0], "", 10);
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
  turn("pool9", [=] {
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
  std::printf(
      "\nGetting an item of a new pool and writing its first word; time on a processor, "
      "medians of %d turns\n",
      n_turns);
  for (const std::size_t size : {std::size_t{64}, std::size_t{256}, std::size_t{4096}}) {
    const std::size_t n = std::min(many, (std::size_t{1} << 30) / size);
    std::vector<std::pair<std::string, std::vector<double>>> times;
    for (int i = 0; i < n_turns; ++i) fill_in_turn(size, n, times);
    double ours = 0, best = 1e9;
    for (auto& [name, ns] : times) {
      if (ns.empty()) continue;
      std::sort(ns.begin(), ns.end());
      const double median = ns[ns.size() / 2];
      say((std::to_string(size) + " B: " + name).c_str(), median, "ns", 0);
      if (name == "pool9") ours = median;
      if (name.find("pool9") == std::string::npos) best = std::min(best, median);
    }
    say((std::to_string(size) + " B: pool9 by the best peer").c_str(), ours / best, "", 1.1);
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
