// SPDX-License-Identifier: BSD-2-Clause
// Putting an item chosen at random, getting another and writing its first word, against the same
// with malloc: a cache or a table in full swing.
//
// Few items show the engine's work where no two puts concern the same page; many show how it bears
// cache misses.  malloc runs without a lock that anybody else wants, from a thread cache; the pool
// here has none.
#include <cstdlib>
#include <random>

#include "race.hpp"

namespace {

using namespace pool9;

constexpr std::size_t turn = 1000;

template <class Get, class Put>
class table {
 public:
  table(std::size_t n, Get get, Put put) : get_(get), put_(put), items_(n) {
    for (void*& item : items_) item = fresh();
    std::shuffle(items_.begin(), items_.end(), random_);
  }
  ~table() {
    for (void* item : items_) put_(item);
  }
  table(const table&) = delete;
  table& operator=(const table&) = delete;

  double operator()() {
    std::uniform_int_distribution<std::size_t> any(0, items_.size() - 1);
    for (std::size_t& c : chosen_) c = any(random_);
    return bench::seconds([&] {
      for (const std::size_t c : chosen_) {
        put_(items_[c]);
        items_[c] = fresh();
      }
    });
  }

 private:
  void* fresh() {
    void* const item = get_();
    *static_cast<std::size_t*>(item) = 1;
    return item;
  }

  Get get_;
  Put put_;
  std::vector<void*> items_;
  std::size_t chosen_[turn] = {};
  std::minstd_rand random_{1};
};

void replace(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  pool p(bench::options(size));
  table ours(
      n, [&] { return p.get(); }, [&](void* item) { p.put(item); });
  table theirs(
      n, [=] { return std::malloc(size); }, [](void* item) { std::free(item); });
  bench::race(
      state, turn, "of_malloc", [&] { return ours(); }, [&] { return theirs(); });
}

void sizes_and_items(benchmark::internal::Benchmark* b) {
  constexpr std::size_t most_bytes = 64 << 20;
  for (const std::size_t size : bench::sizes)
    for (const std::size_t n :
         {std::size_t{1000}, std::min<std::size_t>(1'000'000, most_bytes / size)})
      b->Args({static_cast<std::int64_t>(size), static_cast<std::int64_t>(n)});
}
BENCHMARK(replace)
    ->Apply(sizes_and_items)
    ->ArgNames({"size", "items"})
    ->Unit(benchmark::kMicrosecond)
    ->MinTime(0.1)
    ->UseManualTime();

}
