// SPDX-License-Identifier: BSD-2-Clause
// Getting a great many items from a new pool and writing the first word of each; putting them all
// in random order; and what the pool's own data about them takes.  Against malloc and free.
//
// Both start with no memory and are given zeroed pages by the system, one fault each, which is most
// of the time: a fill that is no slower than malloc's wastes no memory.
#include <malloc.h>

#include <cstdlib>
#include <random>

#include "base/arena.hpp"
#include "race.hpp"

namespace {

using namespace pool9;

/// 10^6, or 256 MiB of them.
std::size_t many(std::size_t size) {
  return std::min<std::size_t>(1'000'000, (std::size_t{256} << 20) / size);
}

template <class Get>
double fill(std::vector<void*>& items, Get get) {
  return bench::seconds([&] {
    for (void*& item : items) {
      item = get();
      *static_cast<std::size_t*>(item) = 1;
    }
  });
}

template <class Put>
double free_at_random(std::vector<void*>& items, Put put) {
  std::shuffle(items.begin(), items.end(), std::minstd_rand(1));
  return bench::seconds([&] {
    for (void* item : items) put(item);
  });
}

struct times {
  double fill, free;
};

times with_pool(std::size_t size, std::vector<void*>& items) {
  pool p(bench::options(size));
  const double filled = fill(items, [&] { return p.get(); });
  return {filled, free_at_random(items, [&](void* item) { p.put(item); })};
}

times with_malloc(std::size_t size, std::vector<void*>& items) {
  const double filled = fill(items, [=] { return std::malloc(size); });
  const double freed = free_at_random(items, [](void* item) { std::free(item); });
  malloc_trim(0);  // the next turn starts with no memory, too
  return {filled, freed};
}

template <double times::*Which>
void compare(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::vector<void*> items(many(size));
  bench::race(
      state, items.size(), "of_malloc", [&] { return with_pool(size, items).*Which; },
      [&] { return with_malloc(size, items).*Which; });
}

void fill(benchmark::State& state) { compare<&times::fill>(state); }
void free_in_random_order(benchmark::State& state) { compare<&times::free>(state); }

/// Not a time: bytes of the pool's own data, in percent of the bytes of its items.
void bookkeeping(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t n = many(size), before = base::arena::bytes_out();
  pool p(bench::options(size));
  std::size_t own = 0;
  for (auto _ : state) {
    state.SetIterationTime(bench::seconds([&] {
      for (std::size_t i = 0; i < n; ++i) benchmark::DoNotOptimize(p.get());
    }));
    own = base::arena::bytes_out() - before;
  }
  state.counters["percent"] = 100.0 * static_cast<double>(own) / static_cast<double>(n * size);
}

void all_sizes(benchmark::internal::Benchmark* b) {
  for (const std::size_t size : bench::sizes) b->Arg(static_cast<std::int64_t>(size));
  b->ArgName("size")->Unit(benchmark::kMillisecond)->UseManualTime();
}
BENCHMARK(fill)->Apply(all_sizes)->Iterations(7);
BENCHMARK(free_in_random_order)->Apply(all_sizes)->Iterations(7);
BENCHMARK(bookkeeping)->Apply(all_sizes)->Iterations(1);

}
