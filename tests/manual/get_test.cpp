// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "ALLOCATING ITEMS FROM A POOL": pool_get().  What each flag does when there is no item
// is in truth_table_test.cpp.
#include <set>

#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "These utility routines provide management of pools of fixed-sized areas of memory."
// "pool_get() allocates an item from the pool and returns a pointer to it."
TEST(PoolGet, ReturnsAnItemOfItsOwn) {
  c_pool p({.size = 48});
  auto items = get_n(p, 1000);

  EXPECT_EQ(std::set<void*>(items.begin(), items.end()).size(), 1000u);
  EXPECT_TRUE(are_disjoint(items, 48));
  EXPECT_EQ(p.stats().out, 1000u);
  put_all(p, items);
}

TEST(PoolGet, ReturnsItemsThatWerePutBefore) {
  test_source source;
  c_pool p({.size = 1024, .source = &source});
  auto items = get_n(p, 4);
  const std::set<void*> before(items.begin(), items.end());
  put_all(p, items);

  items = get_n(p, 4);

  EXPECT_EQ(std::set<void*>(items.begin(), items.end()), before);
  EXPECT_EQ(source.n_calls(), 1u);
  put_all(p, items);
}

// "A pool will attempt to increase its resource usage to keep up with the demand for its items."
TEST(PoolGet, KeepsUpWithDemand) {
  test_source source;
  c_pool p({.size = 512, .source = &source});
  auto items = get_n(p, 5000);
  EXPECT_EQ(p.stats().total, 5000u);
  put_all(p, items);
}

// "The pool manager can optionally obtain temporary memory by calling the palloc() function passed
// to pool_init(), for extra pool items in case the number of allocations exceeds the nominal number
// of pool items managed by a pool resource."
TEST(PoolGet, ObtainsTemporaryPagesBeyondThePrimedOnes) {
  test_source source;
  c_pool p({.size = 1024, .source = &source});
  ASSERT_EQ(pool_prime(p, 8, nullptr), 0);

  auto items = get_n(p, 8);
  EXPECT_EQ(source.n_calls(), 2u);
  items.push_back(pool_get(p, PR_NOWAIT));

  EXPECT_NE(items.back(), nullptr);
  EXPECT_EQ(source.n_calls(), 3u);
  put_all(p, items);
}

// "Otherwise pool_get() returns NULL."
TEST(PoolGet, ReturnsNullWhenThereIsNothing) {
  test_source source;
  source.fail_now();
  c_pool p({.source = &source});

  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  EXPECT_EQ(pool_get(p, PR_LIMITFAIL), nullptr);

  const pool_stats s = p.stats();
  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.fails, 2u);
}

TEST(PoolGet, FailureLeavesThePoolAsItWas) {
  test_source source;
  source.bound(2);
  c_pool p({.source = &source});
  auto items = get_n(p, 8);

  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  EXPECT_EQ(p.stats().out, 8u);
  EXPECT_EQ(p.stats().pages, 2u);

  source.bound(3);
  items.push_back(pool_get(p, PR_NOWAIT));
  EXPECT_NE(items.back(), nullptr);
  put_all(p, items);
}

TEST(PoolGet, EveryFailedPageCanBeAskedForAgain) {
  for (std::size_t nth = 1; nth <= 6; ++nth) {
    test_source source;
    source.fail_at(nth);
    c_pool p({.source = &source});
    auto items = get_all(p, 24);

    EXPECT_EQ(items.size(), (nth - 1) * 4) << "the pages that were given";
    while (items.size() < 24) items.push_back(pool_get(p, PR_NOWAIT));

    EXPECT_TRUE(are_disjoint(items, 1024));
    put_all(p, items);
  }
}

TEST(PoolGet, PanicsWithoutAPool) {
  EXPECT_DEATH((void)pool_get(nullptr, PR_NOWAIT), "pool_get: .*pp");
}

TEST(PoolGet, PanicsOnWhatIsNoPool) {
  static struct pool zeroed;
  EXPECT_DEATH((void)pool_get(&zeroed, PR_NOWAIT), "pool_get: .*not a pool");
}

// ---- pool_get_timed(): what the manual lacks

constexpr timespec milliseconds(long n) { return {n / 1000, n % 1000 * 1000000}; }

TEST(PoolGetTimed, ReturnsAFreeItemAtOnce) {
  c_pool p;
  const timespec forever = milliseconds(3600 * 1000);
  void* item = pool_get_timed(p, PR_WAITOK, &forever);
  EXPECT_NE(item, nullptr);
  pool_put(p, item);
}

TEST(PoolGetTimed, ReturnsNullAfterItsTime) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_NOWAIT);
  const timespec t = milliseconds(30);

  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(pool_get_timed(p, PR_WAITOK, &t), nullptr);
  const auto waited = std::chrono::steady_clock::now() - start;

  EXPECT_GE(waited, std::chrono::milliseconds(30));
  const pool_stats s = p.stats();
  EXPECT_EQ(s.timeouts, 1u);
  EXPECT_EQ(s.waiters, 0u);
  EXPECT_EQ(s.out, 1u);
  pool_put(p, item);
}

TEST(PoolGetTimed, TimeOfZeroDoesNotWait) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  const timespec none{0, 0};
  EXPECT_EQ(pool_get_timed(p, PR_WAITOK, &none), nullptr);
}

TEST(PoolGetTimed, NoTimeIsForEver) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_NOWAIT);
  struct pool* const pp = p;

  getter waiting([pp] { return pool_get_timed(pp, PR_WAITOK, nullptr); });
  await_waiters(p, 1);
  pool_put(p, item);

  EXPECT_EQ(waiting.result(), item);
  pool_put(p, item);
}

TEST(PoolGetTimed, LongestTimesDoNotOverflow) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_NOWAIT);
  struct pool* const pp = p;
  const timespec ages{std::numeric_limits<time_t>::max(), 999999999};

  getter waiting([&] { return pool_get_timed(pp, PR_WAITOK, &ages); });
  await_waiters(p, 1);
  pool_put(p, item);

  EXPECT_EQ(waiting.result(), item);
  pool_put(p, item);
}

TEST(PoolGetTimed, HonoursLimitfail) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  EXPECT_EQ(pool_get_timed(p, PR_WAITOK | PR_LIMITFAIL, nullptr), nullptr);
}

TEST(PoolGetTimed, PanicsOnTimesThatAreNone) {
  c_pool p({.wchan = "foo"});
  const timespec negative{-1, 0};
  const timespec too_many{0, 1000000000};
  EXPECT_PANIC((void)pool_get_timed(p, PR_WAITOK, &negative), "pool_get_timed", "foo",
               "timeout: .*-1");
  EXPECT_PANIC((void)pool_get_timed(p, PR_WAITOK, &too_many), "pool_get_timed", "foo",
               "timeout: .*1000000000");
}

}  // namespace
