// SPDX-License-Identifier: BSD-2-Clause
// A region_table against std::map.
#include "page/region_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "base/arena.hpp"

namespace pool9::test {
namespace {

using page::region;
using page::region_table;

/// Numbers that a multiplicative hash by the golden ratio sends to the same place, whatever the
/// size of the table: the upper `bits` bits of their products are the same.
std::vector<std::uintptr_t> colliding_numbers(std::size_t n, unsigned bits, std::uintptr_t place) {
  std::vector<std::uintptr_t> numbers;
  for (std::uintptr_t number = 0; numbers.size() < n; ++number)
    if ((number * 0x9E3779B97F4A7C15u) >> (64 - bits) == place) numbers.push_back(number);
  return numbers;
}

/// A table beside its model, which also says what H2 and H3 say.
class modelled_table {
 public:
  ~modelled_table() {
    while (!here_.empty()) remove(here_.begin()->first);
  }

  region_table table;

  void add(std::uintptr_t number) {
    ASSERT_TRUE(table.reserve_one());
    auto r = std::make_unique<region>();
    table.add(number, *r);
    // T3: the lowest number that nobody has.
    std::uint32_t lowest = 0;
    for (const std::uint32_t used : indices_) lowest += used == lowest ? 1 : 0;
    ASSERT_EQ(r->index, lowest);
    indices_.insert(lowest);
    if (number % 2 == 0) table.with_free.insert(lowest);
    if (number % 3 == 0) table.with_empty.insert(lowest);
    here_.emplace(number, std::move(r));
  }
  void remove(std::uintptr_t number) {
    const std::uint32_t index = here_.at(number)->index;
    table.with_free.erase(index);
    table.with_empty.erase(index);
    table.remove(number);
    indices_.erase(index);
    here_.erase(number);
  }
  bool contains(std::uintptr_t number) const { return here_.count(number) != 0; }

  void compare(const std::vector<std::uintptr_t>& numbers) const {
    ASSERT_EQ(table.n_regions(), here_.size());
    for (const std::uintptr_t number : numbers) {
      const auto r = here_.find(number);
      ASSERT_EQ(table.find(number), r == here_.end() ? nullptr : r->second.get()) << number;
    }
    for (const auto& [number, r] : here_) {
      ASSERT_EQ(table[r->index], r.get()) << number;                              // H1
      ASSERT_EQ(table.with_free.contains(r->index), number % 2 == 0) << number;   // H2
      ASSERT_EQ(table.with_empty.contains(r->index), number % 3 == 0) << number;  // H2
    }
    std::size_t n = 0;
    for (std::size_t i = 0; i < table.capacity(); ++i) n += table[i] != nullptr ? 1 : 0;
    ASSERT_EQ(n, here_.size());  // H1
  }

 private:
  std::map<std::uintptr_t, std::unique_ptr<region>> here_;
  std::set<std::uint32_t> indices_;
};

/// Adds and removes at random; the table grows in the first half of every wave.
void walk(const std::vector<std::uintptr_t>& numbers, std::size_t steps, std::uint64_t seed) {
  modelled_table t;
  std::mt19937_64 random(seed);
  for (std::size_t step = 0; step < steps; ++step) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << " step " << step);
    const bool ebb = (step / 200) % 2 != 0;
    const std::uintptr_t number = numbers[random() % numbers.size()];
    const bool wanted = random() % 5 == 0 ? ebb : !ebb;
    if (wanted && !t.contains(number)) {
      ASSERT_NO_FATAL_FAILURE(t.add(number));
    } else if (!wanted && t.contains(number)) {
      t.remove(number);
    }
    if (step % 8 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(t.compare(numbers));
  }
  ASSERT_NO_FATAL_FAILURE(t.compare(numbers));
}

TEST(RegionTable, AgreesWithAMapOnNeighbouringNumbers) {
  std::vector<std::uintptr_t> numbers;
  for (std::uintptr_t i = 0; i < 150; ++i) numbers.push_back(0x7fff'0000 + i);
  walk(numbers, 1600, 1);
}

TEST(RegionTable, AgreesWithAMapOnNumbersThatCollide) {
  walk(colliding_numbers(60, 10, 0), 1600, 2);
}

// The chains of the last places go on at the first.
TEST(RegionTable, AgreesWithAMapOnChainsAroundItsEnd) {
  std::vector<std::uintptr_t> numbers = colliding_numbers(20, 8, 255);
  for (const std::uintptr_t place : {0u, 1u, 254u})
    for (const std::uintptr_t number : colliding_numbers(15, 8, place)) numbers.push_back(number);
  walk(numbers, 1600, 3);
}

TEST(RegionTable, FindsNothingInItsBirth) {
  const region_table t;
  EXPECT_EQ(t.find(0), nullptr);
  EXPECT_EQ(t.find(12345), nullptr);
  EXPECT_EQ(t.n_regions(), 0u);
  EXPECT_EQ(t.capacity(), 0u);
}

TEST(RegionTable, KeepsItsContentsWhileItGrows) {
  std::vector<std::uintptr_t> numbers;
  for (std::uintptr_t i = 0; i < 600; ++i) numbers.push_back(i * 977);
  modelled_table t;
  for (const std::uintptr_t number : numbers) ASSERT_NO_FATAL_FAILURE(t.add(number));

  t.compare(numbers);
  EXPECT_GE(t.table.capacity(), numbers.size());
  EXPECT_EQ(t.table.with_free.last() % 2, 0u);
}

TEST(RegionTable, WithoutMemoryStaysAsItIs) {
  modelled_table t;
  std::vector<std::uintptr_t> numbers;
  for (std::uintptr_t i = 0; i < 100; ++i) {
    numbers.push_back(i * 31);
    const std::size_t before = base::arena::bytes_out();
    base::arena::set_refusal([]() noexcept { return true; });
    const bool had_room = t.table.reserve_one();
    base::arena::set_refusal(nullptr);
    ASSERT_EQ(base::arena::bytes_out(), before);
    ASSERT_TRUE(had_room || i == 0 || (i & (i - 1)) == 0 || i == 2) << i;
    ASSERT_NO_FATAL_FAILURE(t.add(numbers.back()));
  }
  t.compare(numbers);
}

TEST(RegionTable, GivesItsMemoryBackAtItsEnd) {
  const std::size_t before = base::arena::bytes_out();
  {
    modelled_table t;
    for (std::uintptr_t i = 0; i < 50; ++i) ASSERT_NO_FATAL_FAILURE(t.add(i));
    EXPECT_GT(base::arena::bytes_out(), before);
  }
  EXPECT_EQ(base::arena::bytes_out(), before);
}

}
}
