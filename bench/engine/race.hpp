// SPDX-License-Identifier: BSD-2-Clause
// Two contenders in one process, taking turns.
//
// A busy machine slows both alike as long as the turns are short, so their ratio can be trusted
// where neither time can: one turn each, over and over, and the median of the ratios.
#pragma once
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <pool9/pool.hpp>
#include <vector>

namespace pool9::bench {

/// Seconds that f() takes.
template <class F>
double seconds(F f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> v) {
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

/// Runs turns until `state` has enough.  `ours` and `theirs` do `n` operations each and return the
/// seconds that these took.  Reports the time of one operation of ours, and `ratio_name`, the
/// median of ours / theirs.
template <class Ours, class Theirs>
void race(benchmark::State& state, std::size_t n, const char* ratio_name, Ours ours,
          Theirs theirs) {
  std::vector<double> times, ratios;
  theirs();  // nobody pays for the first touch of caches
  ours();
  for (auto _ : state) {
    const double theirs_took = theirs();
    const double ours_took = ours();
    state.SetIterationTime(ours_took);
    times.push_back(ours_took);
    ratios.push_back(ours_took / theirs_took);
  }
  state.counters["ns"] = median(times) * 1e9 / static_cast<double>(n);
  state.counters[ratio_name] = median(ratios);
}

/// Options of a pool without thread caches that keeps its pages, and dies with whatever is out.
inline pool_options options(std::size_t size) {
  return {.name = "bench",
          .item_size = size,
          .idle_time = std::chrono::milliseconds::max(),
          .at_destroy = on_live::destroy,
          .thread_cache = false};
}

inline constexpr std::size_t sizes[] = {16, 64, 256, 1024, 4096};

}
