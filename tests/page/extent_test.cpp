// SPDX-License-Identifier: BSD-2-Clause
// Storage: how much of it is used, and how its items are found.
#include "page/extent.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "page/page_set.hpp"
#include "support/storage.hpp"

namespace pool9::test {
namespace {

using base::address_of;
using page::extent;
using page::extent_set;
using page::give_result;
using page::item_shape;
using page::layout;
using page::page_set;

constexpr item_shape some_shape{.size = 40, .align = 8, .page_size = 4096};
constexpr layout some_items(some_shape);

std::span<std::byte> bytes_of(guarded_storage& s) {
  return {reinterpret_cast<std::byte*>(s.data()), s.size()};
}

/// Adds all of `s`.
std::span<std::byte> add(page_set& set, std::span<std::byte> s, std::size_t at_most = SIZE_MAX) {
  return set.add_storage(s, at_most, address_of(s.data()));
}

/// Whether `n` items fit into `bytes` bytes at `address`: behind a descriptor and a bit for each,
/// by the picture in extent.hpp.
bool fits(std::uintptr_t address, std::size_t bytes, const layout& l, std::size_t n) {
  const std::uintptr_t bits = base::round_up(address, alignof(extent)) + sizeof(extent);
  const std::uintptr_t first =
      l.first_from(bits + base::bit_tree::words_for(n) * sizeof(base::word));
  return l.end_of_run(first, n) <= address + bytes;
}

TEST(ExtentCapacity, IsTheMostThatFits) {
  guarded_storage storage(70000, 0);
  for (const item_shape& s :
       {item_shape{1, 1}, item_shape{8, 8}, item_shape{40, 8}, item_shape{96, 32, 8},
        item_shape{200, 256, 16}, item_shape{5000, 8}}) {
    const layout l(s);
    for (std::size_t bytes = 0; bytes < storage.size(); bytes += 1 + bytes / 9)
      for (std::size_t skip = 0; skip < 16; ++skip) {
        const std::span<std::byte> part = bytes_of(storage).subspan(skip, bytes - bytes / 32);
        const std::size_t n = extent_set::capacity(part, l, SIZE_MAX);
        const auto holds = [&](std::size_t items) {
          return items == 0 || fits(address_of(part.data()), part.size(), l, items);
        };
        ASSERT_TRUE(holds(n)) << s.size << " in " << part.size();
        ASSERT_FALSE(holds(n + 1)) << s.size << " in " << part.size();
        ASSERT_EQ(extent_set::capacity(part, l, n), n);
        ASSERT_EQ(extent_set::capacity(part, l, n / 2), n / 2);
      }
  }
}

TEST(ExtentCapacity, IsNothingWhereNotEvenTheDescriptorFits) {
  guarded_storage storage(sizeof(extent), 0);
  EXPECT_EQ(extent_set::capacity(bytes_of(storage), some_items, SIZE_MAX), 0u);
  EXPECT_EQ(extent_set::capacity({}, some_items, SIZE_MAX), 0u);
}

TEST(Extent, GivesOutExactlyItsCapacityAtEveryMisalignment) {
  for (const item_shape& s : {some_shape, item_shape{.size = 100, .align = 64, .align_offset = 12},
                              item_shape{.size = 1, .align = 1}}) {
    const layout l(s);
    for (std::size_t misalignment = 0; misalignment < 128; ++misalignment) {
      guarded_storage storage(3000, misalignment);
      const std::size_t capacity = extent_set::capacity(bytes_of(storage), l, SIZE_MAX);
      page_set set(l);
      add(set, bytes_of(storage));
      ASSERT_EQ(set.n_storage_items(), capacity);
      ASSERT_EQ(set.n_free(), capacity);

      std::set<std::uintptr_t> items;
      while (void* const item = set.take()) {
        ASSERT_TRUE(storage.holds(item, s.size));
        ASSERT_EQ((address_of(item) + s.align_offset) % s.align, 0u);
        ASSERT_TRUE(items.empty() || address_of(item) >= *items.rbegin() + s.size);
        ASSERT_EQ(set.ask(item), give_result::ok);
        items.insert(address_of(item));
        std::fill_n(static_cast<char*>(item), s.size, 'x');
      }

      ASSERT_EQ(items.size(), capacity);
      ASSERT_EQ(set.n_free(), 0u);
      ASSERT_TRUE(set.check());  // E1, E2
      ASSERT_TRUE(storage.is_intact());
    }
  }
}

TEST(Extent, HoldsNoMoreThanItIsTold) {
  guarded_storage storage(10000, 0);
  page_set set(some_items);

  const std::span<std::byte> items = add(set, bytes_of(storage), 7);

  EXPECT_EQ(set.n_storage_items(), 7u);
  EXPECT_EQ(items.size(), 7 * some_shape.size);
  EXPECT_TRUE(storage.holds(items.data(), items.size()));
  EXPECT_LE(set.storage_bytes(), storage.size());
}

TEST(Extent, TellsEveryAddressApart) {
  guarded_storage storage(1000, 3);
  page_set set(some_items);
  const std::span<std::byte> items = add(set, bytes_of(storage));
  ASSERT_FALSE(items.empty());
  const void* const out = set.take();

  for (std::size_t i = 0; i < items.size(); ++i) {
    const void* const p = &items[i];
    const give_result expected = p == out                       ? give_result::ok
                                 : i % some_items.stride() == 0 ? give_result::already_free
                                                                : give_result::interior;
    ASSERT_EQ(set.ask(p), expected) << i;
    ASSERT_TRUE(set.owns(p)) << i;
  }
  EXPECT_EQ(set.ask(items.data() - 1), give_result::interior);  // the descriptor's
  EXPECT_EQ(set.ask(storage.data() - 1), give_result::foreign);
  EXPECT_EQ(set.ask(items.data() + items.size()), give_result::foreign);
  EXPECT_FALSE(set.owns(items.data() + items.size()));
}

// E3.
TEST(Extent, IsRefusedWhereItOverlapsAnother) {
  guarded_storage storage(9000, 0);
  const std::span<std::byte> all = bytes_of(storage);
  page_set set(some_items);
  add(set, all.subspan(3000, 3000));
  const std::size_t n = set.n_storage_items();
  std::vector<std::byte> before(all.begin(), all.end());

  EXPECT_TRUE(add(set, all.subspan(3000, 3000)).empty());
  EXPECT_TRUE(add(set, all).empty());
  EXPECT_TRUE(add(set, all.subspan(3500, 1000)).empty());
  EXPECT_TRUE(add(set, all.subspan(1000, 2100)).empty());
  EXPECT_TRUE(add(set, all.subspan(5800, 3000)).empty());

  EXPECT_TRUE(std::equal(all.begin(), all.end(), before.begin())) << "something was written";
  EXPECT_EQ(set.n_storage_items(), n);
  EXPECT_TRUE(set.check());
}

// E3: what stands before the storage is the pool's, too.
TEST(Extent, ReachesFromWhatIsOursBeforeIt) {
  guarded_storage storage(9000, 0);
  const std::span<std::byte> all = bytes_of(storage);
  page_set set(some_items);
  set.add_storage(all.subspan(3000, 3000), SIZE_MAX, address_of(&all[2000]));

  EXPECT_TRUE(add(set, all.subspan(0, 2500)).empty());
  EXPECT_EQ(set.ask(&all[2000]), give_result::interior);
  EXPECT_EQ(set.ask(&all[1999]), give_result::foreign);
  EXPECT_FALSE(add(set, all.subspan(0, 2000)).empty());
}

TEST(Extent, MayAdjoinAnother) {
  guarded_storage storage(8000, 5);
  page_set set(some_items);
  for (const std::size_t begin : {2000u, 6000u, 0u, 4000u})
    ASSERT_FALSE(add(set, bytes_of(storage).subspan(begin, 2000)).empty()) << begin;

  EXPECT_TRUE(set.check());
  EXPECT_TRUE(storage.is_intact());
}

// E1 to E3 on many, in an order that has nothing to do with their addresses.
TEST(Extent, IsFoundAmongMany) {
  constexpr std::size_t n = 200, each = 1000;
  guarded_storage storage(n * each, 8);
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::mt19937_64 random(11);
  std::shuffle(order.begin(), order.end(), random);
  page_set set(some_items);
  for (const std::size_t i : order)
    ASSERT_FALSE(add(set, bytes_of(storage).subspan(i * each, each)).empty()) << i;
  ASSERT_TRUE(set.check());
  ASSERT_EQ(set.n_items(), set.n_storage_items());

  std::vector<void*> out;
  for (int step = 0; step < 6000; ++step) {
    if (out.empty() || random() % 8 > (step / 1500 % 2 == 0 ? 2u : 5u)) {
      void* const item = set.take();
      if (item != nullptr) out.push_back(item);
      ASSERT_EQ(item == nullptr, out.size() == set.n_items());
    } else {
      std::swap(out[random() % out.size()], out.back());
      ASSERT_EQ(set.give(out.back()), give_result::ok);
      ASSERT_EQ(set.give(out.back()), give_result::already_free);
      out.pop_back();
    }
    ASSERT_EQ(set.n_free(), set.n_items() - out.size());
    ASSERT_TRUE(step % 200 != 0 || set.check());
  }
  EXPECT_TRUE(storage.is_intact());
}

TEST(Extent, IsUsedBeforePagesAndNeverDetached) {
  guarded_storage storage(2000, 0);
  page_set set(some_items);
  const std::uintptr_t page = std::uintptr_t{1} << 44;
  ASSERT_EQ(set.adopt(base::pointer_to(page)), page::adopt_result::ok);
  add(set, bytes_of(storage));
  const std::size_t n = set.n_storage_items();

  std::vector<void*> items;
  for (std::size_t i = 0; i < n; ++i) items.push_back(set.take());

  for (void* const item : items) ASSERT_TRUE(storage.holds(item, some_shape.size));
  EXPECT_EQ(address_of(set.take()), some_items.address_of(page, 0));
  ASSERT_EQ(set.give(base::pointer_to(some_items.address_of(page, 0))), give_result::ok);
  for (void* const item : items) ASSERT_EQ(set.give(item), give_result::ok);
  EXPECT_EQ(set.detach_empty(), base::pointer_to(page));
  EXPECT_EQ(set.detach_empty(), nullptr);
  EXPECT_EQ(set.n_free(), n);
  EXPECT_TRUE(set.check());
}

// Storage and a page may share a region, and an item's address is looked for in both.
TEST(Extent, MayLieInTheRegionOfAPage) {
  guarded_storage storage(3 * 4096, 0);
  page_set set(some_items);
  void* const page = storage.data();  // never touched
  add(set, bytes_of(storage).subspan(4096));
  ASSERT_EQ(set.adopt(page), page::adopt_result::ok);

  std::vector<void*> items;
  while (void* const item = set.take()) items.push_back(item);

  EXPECT_EQ(items.size(), set.n_storage_items() + some_items.per_page());
  EXPECT_EQ(set.ask(storage.data() + 4096), give_result::interior);
  for (void* const item : items) ASSERT_EQ(set.give(item), give_result::ok);
  EXPECT_TRUE(set.check());
  EXPECT_EQ(set.detach_empty(), page);
}

}
}
