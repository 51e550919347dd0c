// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "SETTING POOL RESOURCE WATERMARKS": pool_sethiwat() and pool_setlowat().
#include <algorithm>
#include <pool9/pool.hpp>
#include <random>

#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "The limits for the minimum and maximum number of items which a pool should keep at hand are
// known as the high and low watermarks." "The functions pool_sethiwat() and pool_setlowat() set a
// pool's high and low watermarks, respectively."
TEST(PoolWatermarks, AreSetAndShown) {
  c_pool p;
  EXPECT_EQ(p.stats().high_watermark, UINT64_MAX);
  EXPECT_EQ(p.stats().low_watermark, 0u);

  pool_sethiwat(p, 70);
  pool_setlowat(p, 7);

  EXPECT_EQ(p.stats().high_watermark, 70u);
  EXPECT_EQ(p.stats().low_watermark, 7u);
}

// ---- high

// "As items are returned and the total number of pages in the pool is larger than the maximum set
// by this function, any completely unused pages are released immediately (by calling prelease())."
TEST(PoolWatermarks, PutAboveHiwatReleasesTheUnusedPageAtOnce) {
  test_source source;
  c_pool p({.source = &source});
  auto items = get_n(p, 20);
  pool_sethiwat(p, 16);
  EXPECT_EQ(source.live_pages(), 5u) << "nothing is unused";

  for (const std::size_t i : {19u, 18u, 17u}) pool_put(p, items[i]);
  EXPECT_EQ(source.live_pages(), 5u) << "not completely";
  pool_put(p, items[16]);
  EXPECT_EQ(source.live_pages(), 4u) << "five pages were more than four";
  for (const std::size_t i : {15u, 14u, 13u, 12u}) pool_put(p, items[i]);
  EXPECT_EQ(source.live_pages(), 4u) << "four are not";

  items.resize(12);
  put_all(p, items);
}

// Any, so all of them: also those that became unused while the pool was within its watermark.
TEST(PoolWatermarks, PutAboveHiwatReleasesOlderUnusedPagesToo) {
  test_source source;
  c_pool p({.source = &source});
  pool_sethiwat(p, 20);
  auto items = get_n(p, 20);
  for (std::size_t i = 0; i < 8; ++i) pool_put(p, items[i]);
  EXPECT_EQ(source.live_pages(), 5u) << "two are unused, but five are not more than five";
  ASSERT_EQ(pool_prime(p, 4, nullptr), 0);  // the sixth

  pool_put(p, items[8]);

  EXPECT_EQ(source.live_pages(), 3u) << "those with items out; they are enough for the reserve";
  items.erase(items.begin(), items.begin() + 9);
  put_all(p, items);
}

// "n: The maximum number of items to keep in the pool."  It is rounded up to pages.
TEST(PoolWatermarks, HiwatIsRoundedUpToPages) {
  struct row {
    int n;
    std::size_t pages;
  };
  for (const row r : {row{0, 0}, row{1, 1}, row{4, 1}, row{5, 2}, row{8, 2}, row{9, 3}}) {
    test_source source;
    c_pool p({.source = &source});
    pool_sethiwat(p, r.n);
    auto items = get_n(p, 4 * r.pages);
    put_all(p, items);
    EXPECT_EQ(source.live_pages(), r.pages) << "as many pages as fit are kept";

    items = get_n(p, 4 * r.pages + 1);  // one page more than that
    EXPECT_EQ(source.live_pages(), r.pages + 1);
    put_all(p, items);

    EXPECT_LE(source.live_pages(), r.pages);
  }
}

// "Conversely, it will return unused memory to the system should the number of accumulated unused
// items in the pool exceed a programmable limit."
TEST(PoolWatermarks, SettingHiwatReleasesWhatIsUnusedAlready) {
  test_source source;
  c_pool p({.source = &source});
  auto items = get_n(p, 20);
  void* kept = items.back();
  items.pop_back();
  put_all(p, items);
  EXPECT_EQ(source.live_pages(), 5u);

  pool_sethiwat(p, 4);

  EXPECT_EQ(source.live_pages(), 1u);
  pool_put(p, kept);
}

TEST(PoolWatermarks, PagesOfAnyNumberOfItemsGoBack) {
  test_source source;
  for (const std::size_t size : {1u, 8u, 24u, 63u, 64u, 65u, 2048u, 4096u}) {
    for (const unsigned pagesz : {4096u, 65536u}) {
      c_pool p({.size = size, .align = 1, .pagesz = pagesz, .source = &source});
      pool_sethiwat(p, 0);
      auto items = get_n(p, 2 * (pagesz / size) + 1);
      EXPECT_EQ(source.live_pages(), 3u);
      std::shuffle(items.begin(), items.end(), std::mt19937(static_cast<unsigned>(size)));
      put_all(p, items);
      EXPECT_EQ(source.live_pages(), 0u) << size << " in " << pagesz;
    }
  }
}

TEST(PoolWatermarks, HiwatNeverReleasesAPageInUse) {
  test_source source;
  c_pool p({.source = &source});
  pool_sethiwat(p, 0);
  auto items = get_n(p, 16);
  std::vector<void*> one_each;  // one item of every page stays out
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % 4 == 0) one_each.push_back(items[i]);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % 4 != 0) pool_put(p, items[i]);
  }
  for (void* item : one_each) {
    EXPECT_TRUE(source.holds(item, 1024));
    std::memset(item, 1, 1024);
  }
  put_all(p, one_each);
  EXPECT_EQ(source.live_pages(), 0u);
}

// "If this function is not used to specify a maximum number of items, the pages will remain
// associated with the pool until the system runs low on memory, at which point the VM system will
// try to reclaim unused pages."
TEST(PoolWatermarks, WithoutHiwatPagesStayUntilTheyAreReclaimed) {
  test_source source;
  c_pool p({.source = &source});
  auto items = get_n(p, 40);
  put_all(p, items);
  EXPECT_EQ(source.live_pages(), 10u);

  EXPECT_EQ(pool_reclaim(p), 1);

  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(pool_reclaim(p), 0);
}

TEST(PoolWatermarks, DrainReclaimsFromEveryPool) {
  test_source a, b;
  c_pool p({.source = &a}), q({.source = &b});
  auto of_p = get_n(p, 8), of_q = get_n(q, 8);
  put_all(p, of_p);
  put_all(q, of_q);

  pool_drain(nullptr);

  EXPECT_EQ(a.live_pages() + b.live_pages(), 0u);
}

// "Until the system runs low on memory, at which point the VM system will try to reclaim unused
// pages": the call that does so asks first.
TEST(PoolWatermarks, DrainAsksTheHooksAndReclaimAsksNone) {
  test_source source;
  c_pool p({.source = &source});
  struct cache {
    c_pool& pool;
    std::vector<void*> items;
    std::vector<int> calls;
  } kept{p, get_n(p, 8), {}};
  const auto hook = [](void* arg, int flags) {
    auto& c = *static_cast<cache*>(arg);
    c.calls.push_back(flags);
    put_all(c.pool, c.items);
  };
  pool_set_drain_hook(p, hook, &kept);

  EXPECT_EQ(pool_reclaim(p), 0);
  EXPECT_EQ(kept.calls.size(), 0u);
  pool_drain(nullptr);

  EXPECT_EQ(kept.calls, std::vector{PR_NOWAIT});
  EXPECT_EQ(source.live_pages(), 0u);
}

// "This temporary memory will be automatically returned to the system at a later time."  For the
// pools of the C face that is within half a minute; here it is tried with a shorter idle time.
TEST(PoolWatermarks, IdlePagesGoBackByThemselves) {
  test_source source;
  pool9::pool p({.name = "idle",
                 .item_size = 1024,
                 .idle_time = std::chrono::milliseconds(20),
                 .page_size = 4096,
                 .source = &source});
  ASSERT_TRUE(p.prime(4));
  p.set_low_watermark(8);
  std::vector<void*> items;
  for (int i = 0; i < 40; ++i) items.push_back(p.try_get());
  for (void* item : items) p.put(item);

  EXPECT_TRUE(run_until([&] { return source.live_pages() == 2; })) << "down to the floors";
}

// ---- low

// "Unlike pool_prime(), this function does not allocate the necessary memory up-front."
TEST(PoolWatermarks, LowatAllocatesNothing) {
  test_source source;
  c_pool p({.source = &source});
  pool_setlowat(p, 100);
  EXPECT_EQ(source.n_calls(), 0u);
  EXPECT_EQ(p.stats().pages, 0u);
}

// "n: The minimum number of items to keep in the pool."
TEST(PoolWatermarks, GetRefillsToTheLowWatermark) {
  test_source source;
  c_pool p({.source = &source});
  pool_setlowat(p, 10);

  void* item = pool_get(p, PR_WAITOK | PR_LIMITFAIL);

  EXPECT_EQ(source.live_pages(), 3u) << "one out and eleven at hand";
  const auto calls = source.calls();
  EXPECT_EQ(calls[0].flags, PR_WAITOK | PR_LIMITFAIL) << "what the caller needs";
  for (std::size_t i = 1; i < calls.size(); ++i) EXPECT_EQ(calls[i].flags, 0) << "never waits";
  pool_put(p, item);
}

TEST(PoolWatermarks, GetAboveTheLowWatermarkAllocatesNothing) {
  test_source source;
  c_pool p({.source = &source});
  ASSERT_EQ(pool_prime(p, 20, nullptr), 0);
  pool_setlowat(p, 10);

  auto items = get_n(p, 10);
  EXPECT_EQ(source.live_pages(), 5u);
  items.push_back(pool_get(p, PR_NOWAIT));
  EXPECT_EQ(source.live_pages(), 6u) << "nine were left";

  put_all(p, items);
}

TEST(PoolWatermarks, RefillThatFailsIsCountedAndTheGetSucceeds) {
  test_source source;
  source.bound(1);
  c_pool p({.source = &source});
  pool_setlowat(p, 10);
  report_catcher caught;

  auto items = get_n(p, 4);

  EXPECT_GE(p.stats().source_fails, 1u);
  EXPECT_EQ(p.stats().fails, 0u);
  EXPECT_EQ(caught.n_reports(), 0u);
  put_all(p, items);
}

// "The number pages in the pool will not decrease below the required value to accommodate the
// minimum number of items specified by this function."
TEST(PoolWatermarks, PagesNeverFallBelowTheLowWatermark) {
  test_source source;
  c_pool p({.source = &source});
  auto items = get_n(p, 40);
  pool_setlowat(p, 9);
  put_all(p, items);

  pool_reclaim(p);
  EXPECT_EQ(source.live_pages(), 3u);
  pool_drain(nullptr);
  EXPECT_EQ(source.live_pages(), 3u);
  pool_sethiwat(p, 0);
  EXPECT_EQ(source.live_pages(), 3u) << "floors beat ceilings";
  items = get_n(p, 12);
  put_all(p, items);
  EXPECT_GE(source.live_pages(), 3u);

  pool_setlowat(p, 0);
  pool_reclaim(p);
  EXPECT_EQ(source.live_pages(), 0u);
}

// At hand means free: pages whose items are out do not count.
TEST(PoolWatermarks, FreeItemsNeverFallBelowTheLowWatermark) {
  test_source source;
  c_pool p({.source = &source});
  auto items = get_n(p, 40);
  pool_setlowat(p, 8);
  void* kept = items.back();
  items.pop_back();
  put_all(p, items);

  pool_reclaim(p);

  EXPECT_GE(p.stats().free, 8u);
  EXPECT_EQ(source.live_pages(), 3u) << "three beside the one that is out, and eight";
  pool_put(p, kept);
}

TEST(PoolWatermarks, EveryOrderOfTheSettingsIsLegal) {
  test_source source;
  c_pool p({.source = &source});
  pool_sethiwat(p, 4);
  pool_setlowat(p, 12);  // above the high watermark
  auto items = get_n(p, 8);
  put_all(p, items);
  EXPECT_GE(source.live_pages(), 3u) << "floors beat ceilings";

  pool_setlowat(p, 2);
  pool_sethiwat(p, 1);
  pool_reclaim(p);
  EXPECT_EQ(source.live_pages(), 1u);
}

TEST(PoolWatermarks, PanicOnNegativeCounts) {
  c_pool p({.wchan = "foo"});
  EXPECT_PANIC(pool_sethiwat(p, -1), "pool_sethiwat", "foo", "n: -1");
  EXPECT_PANIC(pool_setlowat(p, -2), "pool_setlowat", "foo", "n: -2");
}

TEST(PoolWatermarks, PanicWithoutAPool) {
  static struct pool zeroed;
  EXPECT_DEATH(pool_sethiwat(nullptr, 1), "pool_sethiwat: .*pp");
  EXPECT_DEATH(pool_setlowat(nullptr, 1), "pool_setlowat: .*pp");
  EXPECT_DEATH(pool_sethiwat(&zeroed, 1), "pool_sethiwat: .*not a pool");
  EXPECT_DEATH(pool_setlowat(&zeroed, 1), "pool_setlowat: .*not a pool");
}

}  // namespace
