// SPDX-License-Identifier: BSD-2-Clause
// A get and a put, the pair, against locking and unlocking twice the kind of mutex that the pool
// locks: what a pool without thread caches cannot do without.
//
// So many items are out meanwhile, from ten to a gibibyte of them: the pair must not feel them.  It
// gets the same item again and again, so this shows the engine's own work and none of the misses
// that a program's items cause; replace_bench.cpp shows those.
#include <map>
#include <memory>

#include "base/mutex.hpp"
#include "race.hpp"

namespace {

using namespace pool9;

constexpr std::size_t turn = 1000;  // some 30 microseconds

/// A pool with so many items out; made once.
pool& pool_with(std::size_t size, std::size_t n_out) {
  static std::map<std::pair<std::size_t, std::size_t>, std::unique_ptr<pool>> pools;
  auto& p = pools[{size, n_out}];
  if (p != nullptr) return *p;
  p = std::make_unique<pool>(bench::options(size));
  for (std::size_t i = 0; i < n_out; ++i) benchmark::DoNotOptimize(p->get());
  return *p;
}

void pair(benchmark::State& state) {
  pool& p =
      pool_with(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  base::mutex m;
  const auto one_pair = [&] {
    void* const item = p.try_get();
    benchmark::DoNotOptimize(item);
    p.put(item);
  };
  const auto two_locks = [&] {
    for (int i = 0; i < 2; ++i) {
      m.lock();
      benchmark::ClobberMemory();
      m.unlock();
    }
  };
  const auto repeated = [](auto operation) {
    return [=] {
      return bench::seconds([&] {
        for (std::size_t i = 0; i < turn; ++i) operation();
      });
    };
  };
  bench::race(state, turn, "of_two_locks", repeated(one_pair), repeated(two_locks));
}

void sizes_and_items_out(benchmark::internal::Benchmark* b) {
  constexpr std::size_t gibibyte = std::size_t{1} << 30;
  for (const std::size_t size : bench::sizes)
    for (const std::size_t n_out :
         {std::size_t{10}, std::size_t{1024}, std::size_t{100'000}, gibibyte / size})
      b->Args({static_cast<std::int64_t>(size), static_cast<std::int64_t>(n_out)});
}
BENCHMARK(pair)
    ->Apply(sizes_and_items_out)
    ->ArgNames({"size", "out"})
    ->Unit(benchmark::kMicrosecond)
    ->MinTime(0.1)
    ->UseManualTime();

}
