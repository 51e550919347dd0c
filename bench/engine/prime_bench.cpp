// SPDX-License-Identifier: BSD-2-Clause
// Setting items aside in a new pool with prime(), against getting as many: what a program pays at
// its start so that it pays nothing later.
//
// No item is touched, so no page is resident: the faults come with the first use.
#include "race.hpp"

namespace {

using namespace pool9;

void prime(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto primed = [=] {
    pool p(bench::options(size));
    return bench::seconds([&] {
      if (!p.prime(n)) std::abort();
    });
  };
  const auto got = [=] {
    pool p(bench::options(size));
    return bench::seconds([&] {
      for (std::size_t i = 0; i < n; ++i) benchmark::DoNotOptimize(p.get());
    });
  };
  bench::race(state, n, "of_getting", primed, got);
}
BENCHMARK(prime)
    ->ArgsProduct({{64, 4096}, {1000, 100'000}})
    ->ArgNames({"size", "items"})
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(15)
    ->UseManualTime();

}
