// SPDX-License-Identifier: BSD-2-Clause
// What users of other pools ran into, each once over this one: Boost.Pool's tickets and issues, and
// what GCC's pool resources had.  The numbers are theirs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <numeric>
#include <pool9/memory_resource.hpp>
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "resource/upstreams.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

template <class Pool>
class Neighbours : public testing::Test {};
using pools = testing::Types<pool, unsynchronized_pool>;
TYPED_TEST_SUITE(Neighbours, pools, );

template <class T, class Pool>
void trample() {
  Pool p({.name = "trampled", .item_size = sizeof(T)});
  std::vector<void*> items(10'000);
  for (void*& item : items) {
    item = p.try_get();
    ASSERT_NE(item, nullptr);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(item) % alignof(T), 0u);
    std::memset(item, 0xff, sizeof(T));
  }
  EXPECT_EQ(p.check(), "");
  EXPECT_EQ(std::set<void*>(items.begin(), items.end()).size(), items.size());
  p.put_bulk(items);
  EXPECT_EQ(p.stats().out, 0u);
}

// 1252: items of a size that asked for no alignment were misaligned, or overlapped what the pool
// kept among them.
TYPED_TEST(Neighbours, ItemsFilledToTheBrimAreAlignedAndHarmNothing) {
  trample<char, TypeParam>();
  trample<short, TypeParam>();
  trample<double, TypeParam>();
  trample<long double, TypeParam>();
  trample<char[3], TypeParam>();
  trample<char[1501], TypeParam>();
}

// 3349: to give unused memory back freed some that was in use.
TYPED_TEST(Neighbours, WhatIsOutStaysWhenTheRestGoesBack) {
  TypeParam p({.name = "rest", .item_size = 256});
  std::vector<void*> items(1000);
  for (void*& item : items) item = p.try_get();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % 100 == 7) {
      std::memset(items[i], int(i / 100), 256);
    } else {
      p.put(items[i]);
    }
  }

  EXPECT_GT(p.reclaim(), 0u);

  for (std::size_t i = 7; i < items.size(); i += 100) {
    const auto* const bytes = static_cast<const unsigned char*>(items[i]);
    EXPECT_TRUE(std::all_of(bytes, bytes + 256, [&](unsigned char b) { return b == i / 100; }));
    p.put(items[i]);
  }
  EXPECT_EQ(p.check(), "");
}

// Issue 30: memory came back only after puts in one order.
TYPED_TEST(Neighbours, MemoryGoesBackWhateverTheOrderOfPuts) {
  TypeParam p({.name = "shuffled", .item_size = 64});
  std::vector<void*> items(10'000);
  for (void*& item : items) item = p.try_get();
  std::shuffle(items.begin(), items.end(), std::mt19937(1));
  for (void* item : items) p.put(item);
  EXPECT_GE(p.reclaim(), 600'000u);
  EXPECT_EQ(p.stats().total, 0u);
}

// 6701: the size of many items overflowed, and less memory was taken than was promised.
TYPED_TEST(Neighbours, MoreItemsThanMemoryCanHoldAreRefused) {
  TypeParam p({.name = "overflow", .item_size = 1024});
  for (const std::size_t n : {SIZE_MAX / 768, SIZE_MAX / 1024 + 2, SIZE_MAX / 512}) {
    EXPECT_FALSE(p.prime(n)) << n;
    EXPECT_THROW(TypeParam({.name = "overflow", .item_size = 1024, .reserve = n}), std::bad_alloc);
  }
  EXPECT_EQ(p.stats().total, 0u);
}

// Issues 54 and 66: what was asked for next doubled with each round of purge and get.
TYPED_TEST(Neighbours, RoundsThatEndWithAResetTakeTheSameMemory) {
  test_source source;
  TypeParam p({.name = "rounds", .item_size = 64, .source = &source});
  std::size_t n_first = 0;
  for (int round = 0; round < 40; ++round) {
    const std::size_t before = source.n_calls();
    for (int i = 0; i < 100; ++i) static_cast<void>(p.try_get());
    if (round == 0) n_first = source.n_calls() - before;
    EXPECT_EQ(source.n_calls() - before, n_first);
    EXPECT_TRUE(p.reset());
  }
}

template <class Resource>
class NeighbouringResources : public testing::Test {};
using resources = testing::Types<pool_resource, unsynchronized_pool_resource>;
TYPED_TEST_SUITE(NeighbouringResources, resources, );

// The same of a resource over an upstream, whose chunks do grow.
TYPED_TEST(NeighbouringResources, ChunksStartSmallAgainAfterARelease) {
  seeing_upstream up;
  TypeParam r(&up);
  std::size_t largest = 0;
  for (int round = 0; round < 40; ++round) {
    up.forget_requests();
    for (int i = 0; i < 300; ++i) static_cast<void>(r.allocate(16));
    if (round == 0) largest = up.largest_request();
    EXPECT_EQ(up.largest_request(), largest);
    r.release();
  }
}

/// Refuses what is larger than eight pages.
struct narrow_upstream : seeing_upstream {
  void* do_allocate(std::size_t bytes, std::size_t align) override {
    if (bytes > 32'768) throw refusal();
    return seeing_upstream::do_allocate(bytes, align);
  }
};

// 2696: memory that could not be had in one large piece was not asked for in smaller ones.
TYPED_TEST(NeighbouringResources, ManySmallChunksDoWhereALargeOneIsRefused) {
  narrow_upstream up;
  TypeParam r(&up);
  for (int i = 0; i < 10'000; ++i) ASSERT_NE(r.allocate(64), nullptr);
  EXPECT_GT(up.bytes_out(), 640'000u);
}

// GCC 118681: sizes that are no multiple of their alignment were misaligned.
TYPED_TEST(NeighbouringResources, SizesThatAreNoMultipleOfTheirAlignmentAreAligned) {
  TypeParam r;
  for (const std::size_t align : {8u, 16u, 32u, 64u}) {
    for (const std::size_t bytes : {9u, 12u, 24u, 40u, 48u, 56u, 72u}) {
      for (int i = 0; i < 3; ++i)
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.allocate(bytes, align)) % align, 0u)
            << bytes << " aligned to " << align;
    }
  }
}

// 4960: a vector of vectors of one allocator, and arrays of no elements, corrupted the pool.
TEST(NeighbouringAllocators, NestedContainersAndEmptyArraysShareAPool) {
  using numbers = std::vector<int, pool_allocator<int>>;
  std::vector<numbers, pool_allocator<numbers>> all;
  for (int i = 0; i < 100; ++i) {
    all.emplace_back();
    for (int k = 0; k < 100; ++k) all.back().push_back(k);
  }
  pool_allocator<int> a;
  for (int i = 0; i < 100; ++i) a.deallocate(a.allocate(0), 0);
  for (const numbers& n : all) EXPECT_EQ(std::accumulate(n.begin(), n.end(), 0), 4950);
}

// Lists in ten threads over one allocator broke each other.
TEST(NeighbouringAllocators, ListsOfManyThreadsShareAPool) {
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 10; ++seed) {
    threads.emplace_back([seed] {
      std::mt19937 random(seed);
      std::list<int, pool_allocator<int>> l;
      long long sum = 0;
      for (int i = 0; i < 20'000; ++i) {
        if (random() % 2 == 0 || l.empty()) {
          l.push_back(i);
          sum += i;
        } else {
          sum -= l.front();
          l.pop_front();
        }
      }
      EXPECT_EQ(std::accumulate(l.begin(), l.end(), 0LL), sum);
    });
  }
  for (std::thread& t : threads) t.join();
}

// 5526: a static object that holds memory of a pool which was first used after the object's
// constructor was destroyed after that pool.
struct late_holder {
  std::list<std::string, pool_allocator<std::string>>* texts = nullptr;
  ~late_holder() {
    if (texts == nullptr) return;
    if (texts->front() != "a text of the time before the end") std::abort();
    delete texts;
  }
};
late_holder holder;

TEST(NeighbouringAllocators, OutliveTheStaticObjectsThatUseThem) {
  if (holder.texts == nullptr)
    holder.texts = new std::list<std::string, pool_allocator<std::string>>;
  holder.texts->assign(1, "a text of the time before the end");
}

struct partly {
  inline static int n_alive = 0;
  explicit partly(bool throws) {
    if (throws) throw std::runtime_error("deliberately");
    ++n_alive;
  }
  ~partly() { --n_alive; }
};

// Objects that were never destroyed, beside such whose constructors threw, end with their pool.
TYPED_TEST(Neighbours, ObjectsEndOnceAndThoseThatNeverBeganDoNot) {
  {
    object_pool<partly, TypeParam> p({.name = "partly", .at_destroy = on_live::destroy});
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(p.try_make(false).release());
      EXPECT_THROW(static_cast<void>(p.try_make(true)), std::runtime_error);
    }
    EXPECT_EQ(partly::n_alive, 10);
  }
  EXPECT_EQ(partly::n_alive, 0);
}

}
}
