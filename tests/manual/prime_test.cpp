// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "PRIMING A POOL": pool_prime() without storage, and the reserve it makes.  Storage is in
// storage_test.cpp.
#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "pool_prime() adds items to the pool."
// "Storage space for the items is either allocated by using the page allocation routine specified
// to pool_create(), ..."
// "nitems: The number of items to add to the pool."
TEST(PoolPrime, AllocatesPagesForTheItems) {
  test_source source;
  c_pool p({.source = &source});

  EXPECT_EQ(pool_prime(p, 10, nullptr), 0);

  EXPECT_EQ(source.live_pages(), 3u);
  const pool_stats s = p.stats();
  EXPECT_EQ(s.reserve, 10u);
  EXPECT_EQ(s.free, 12u);
  EXPECT_EQ(s.out, 0u);
}

// "Resource pools set aside an amount of memory for exclusive use by the resource pool owner."
// "This can be used by applications to guarantee the availability of a minimum amount of memory
// needed to continue operation independent of the memory resources currently available from the
// system-wide memory allocator (malloc(9))."
TEST(PoolPrime, PrimedItemsAreThereWhateverThePageSourceDoes) {
  test_source source;
  c_pool p({.source = &source});
  ASSERT_EQ(pool_prime(p, 100, nullptr), 0);
  source.fail_now();

  for (int round = 0; round < 3; ++round) {
    auto items = get_n(p, 100);
    put_all(p, items);
    pool_reclaim(p);
    pool_drain(nullptr);
  }

  EXPECT_EQ(source.n_failures(), 0u) << "nobody had to ask";
  EXPECT_EQ(source.live_pages(), 25u);
}

TEST(PoolPrime, AddsWhateverIsHeldAlready) {
  test_source source;
  c_pool p({.source = &source});
  auto items = get_n(p, 5);
  EXPECT_EQ(source.live_pages(), 2u);

  ASSERT_EQ(pool_prime(p, 4, nullptr), 0);
  EXPECT_EQ(source.live_pages(), 3u);

  put_all(p, items);
  ASSERT_EQ(pool_prime(p, 4, nullptr), 0);
  EXPECT_EQ(source.live_pages(), 4u);
}

TEST(PoolPrime, IsCumulativeAndRoundsOnce) {
  test_source source;
  c_pool p({.source = &source});
  struct row {
    int nitems;
    std::size_t pages;
  };
  for (const row r :
       {row{1, 1}, row{1, 1}, row{2, 1}, row{1, 2}, row{3, 2}, row{9, 5}, row{0, 5}}) {
    EXPECT_EQ(pool_prime(p, r.nitems, nullptr), 0);
    EXPECT_EQ(source.live_pages(), r.pages) << "after " << r.nitems << " more";
  }
  EXPECT_EQ(p.stats().reserve, 17u);
}

TEST(PoolPrime, OfNothingChangesNothing) {
  test_source source;
  source.fail_now();
  c_pool p({.source = &source});
  EXPECT_EQ(pool_prime(p, 0, nullptr), 0);
  EXPECT_EQ(p.stats().reserve, 0u);
}

// "This function may return ENOMEM in case the requested number of items could not be allocated."
TEST(PoolPrime, ReturnsEnomemAndChangesNothingIfAnyPageFails) {
  for (std::size_t nth = 1; nth <= 5; ++nth) {
    test_source source;
    c_pool p({.source = &source});
    ASSERT_EQ(pool_prime(p, 3, nullptr), 0);
    source.fail_at(nth);

    EXPECT_EQ(pool_prime(p, 20, nullptr), ENOMEM);

    EXPECT_EQ(source.live_pages(), 1u) << "page " << nth << " failed";
    EXPECT_EQ(p.stats().reserve, 3u);
    EXPECT_EQ(p.stats().total, 4u);
    EXPECT_EQ(pool_prime(p, 20, nullptr), 0) << "and then it can";  // 23 items, 6 pages
    EXPECT_EQ(source.live_pages(), 6u);
  }
}

// "Otherwise, the return value is 0."
TEST(PoolPrime, ReturnsZeroOnlyWithEveryItemThere) {
  test_source source;
  source.bound(7);
  c_pool p({.source = &source});

  EXPECT_EQ(pool_prime(p, 28, nullptr), 0);
  EXPECT_EQ(pool_prime(p, 1, nullptr), ENOMEM);

  auto items = get_all(p);
  EXPECT_EQ(items.size(), 28u);
  put_all(p, items);
}

TEST(PoolPrime, AsksPallocWithFlagsOfZero) {
  test_source source;
  c_pool p({.source = &source});
  ASSERT_EQ(pool_prime(p, 9, nullptr), 0);
  for (const source_call& call : source.calls()) {
    EXPECT_EQ(call.flags, 0);
    EXPECT_EQ(call.bytes, 4096u);
    EXPECT_EQ(call.tag, source.tag());
  }
}

// The reserve is a floor that no other setting takes away.
TEST(PoolPrime, ReserveOutlivesEveryWatermark) {
  test_source source;
  c_pool p({.source = &source});
  ASSERT_EQ(pool_prime(p, 20, nullptr), 0);

  pool_setlowat(p, 1);
  pool_setlowat(p, 0);
  pool_sethiwat(p, 4);
  pool_sethiwat(p, 0);
  pool_reclaim(p);
  auto items = get_n(p, 20);
  put_all(p, items);

  EXPECT_EQ(source.live_pages(), 5u);
  EXPECT_EQ(source.n_releases(), 0u);
}

// While fewer than n are out a get succeeds without the source, whoever holds the rest.
TEST(PoolPrime, ReserveHoldsAfterMoreThanItWasOut) {
  test_source source;
  c_pool p({.size = 4096, .source = &source});  // one item to a page: those in use have none free
  ASSERT_EQ(pool_prime(p, 8, nullptr), 0);
  auto kept = get_n(p, 3);
  auto items = get_n(p, 27);
  put_all(p, items);
  pool_reclaim(p);
  source.fail_now();

  items = get_n(p, 5);

  EXPECT_EQ(source.live_pages(), 8u);
  EXPECT_EQ(source.n_failures(), 0u) << "nobody had to ask";
  put_all(p, items);
  put_all(p, kept);
}

TEST(PoolPrime, HardLimitIsStrongerThanTheReserve) {
  c_pool p;
  ASSERT_EQ(pool_prime(p, 10, nullptr), 0);
  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);

  auto items = get_all(p);

  EXPECT_EQ(items.size(), 3u);
  put_all(p, items);
}

TEST(PoolPrime, ServesThoseWhoWaitForMemory) {
  test_source source;
  source.bound(1);
  c_pool p({.source = &source});
  auto items = get_n(p, 4);
  auto waiting = start_waiting(p);

  source.bound(2);
  ASSERT_EQ(pool_prime(p, 4, nullptr), 0);

  items.push_back(waiting->result());
  EXPECT_NE(items.back(), nullptr);
  put_all(p, items);
}

TEST(PoolPrime, PanicsOnANegativeCount) {
  c_pool p({.wchan = "foo"});
  char storage[1];
  EXPECT_PANIC(pool_prime(p, -1, nullptr), "pool_prime", "foo", "nitems: -1");
  EXPECT_PANIC(pool_prime(p, -7, storage), "pool_prime", "foo", "nitems: -7");
}

TEST(PoolPrime, PanicsWithoutAPool) {
  static struct pool zeroed;
  EXPECT_DEATH(pool_prime(nullptr, 1, nullptr), "pool_prime: .*pp");
  EXPECT_DEATH(pool_prime(&zeroed, 1, nullptr), "pool_prime: .*not a pool");
}

}  // namespace
