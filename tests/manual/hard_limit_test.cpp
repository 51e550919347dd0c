// SPDX-License-Identifier: BSD-2-Clause
// The hard limit of pool(9), "ALLOCATING ITEMS FROM A POOL", and pool_sethardlimit(), which sets
// it.
#include <atomic>
#include <thread>

#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "the pool has reached its hard limit"
TEST(PoolHardLimit, IsExact) {
  c_pool p;
  for (const unsigned limit : {1u, 7u, 0u, 100u}) {
    ASSERT_EQ(pool_sethardlimit(p, limit, nullptr, 0), 0);
    EXPECT_EQ(p.stats().hard_limit, limit);
    auto items = get_all(p);
    EXPECT_EQ(items.size(), limit);
    put_all(p, items);
  }
}

// It counts items out, so one that came back can go out again at once.
TEST(PoolHardLimit, CountsItemsOut) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);
  auto items = get_n(p, 3);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
    pool_put(p, items[static_cast<std::size_t>(i % 3)]);
    items[static_cast<std::size_t>(i % 3)] = pool_get(p, PR_NOWAIT);
    ASSERT_NE(items[static_cast<std::size_t>(i % 3)], nullptr);
  }
  put_all(p, items);
}

TEST(PoolHardLimit, HoldsForAnyNumberOfThreads) {
  c_pool p({.size = 64});
  const std::size_t limit = 5;
  ASSERT_EQ(pool_sethardlimit(p, limit, nullptr, 0), 0);
  std::atomic<std::size_t> out{0}, most{0};
  struct pool* const pp = p;

  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        void* item = pool_get(pp, (i + t) % 3 == 0 ? PR_NOWAIT : PR_WAITOK);
        if (item == nullptr) continue;
        const std::size_t now = ++out;
        std::size_t before = most.load();
        while (now > before && !most.compare_exchange_weak(before, now)) {
        }
        --out;
        pool_put(pp, item);
      }
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_LE(most.load(), limit);
  EXPECT_LE(p.stats().peak_out, limit);
  EXPECT_TRUE(is_quiet(p));
}

// Below the present number of items out: EINVAL, and nothing changes.
TEST(PoolHardLimit, BelowWhatIsOutIsRefused) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 10, nullptr, 0), 0);
  auto items = get_n(p, 6);

  EXPECT_EQ(pool_sethardlimit(p, 5, "never said", 0), EINVAL);
  EXPECT_EQ(p.stats().hard_limit, 10u);
  const auto more = get_n(p, 4);
  items.insert(items.end(), more.begin(), more.end());
  {
    report_catcher caught;
    EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
    EXPECT_EQ(caught.n_reports(), 0u) << "the refused call's warning is not taken either";
  }
  EXPECT_EQ(pool_sethardlimit(p, 10, nullptr, 0), 0);
  put_all(p, items);
}

TEST(PoolHardLimit, DoesNotTouchTheHighWatermark) {
  test_source source;
  c_pool p({.source = &source});
  pool_sethiwat(p, 40);
  ASSERT_EQ(pool_sethardlimit(p, 20, nullptr, 0), 0);
  EXPECT_EQ(p.stats().high_watermark, 40u);
  auto items = get_n(p, 20);
  put_all(p, items);
  EXPECT_EQ(source.live_pages(), 5u);
}

TEST(PoolHardLimit, RaisingItWakesWaiters) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  std::vector<std::unique_ptr<getter>> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(start_waiting(p));

  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);

  await_waiters(p, 1);
  EXPECT_FALSE(waiting[3]->is_done()) << "the last to come";
  std::vector<void*> items;
  for (std::size_t i = 0; i < 3; ++i) items.push_back(waiting[i]->result());
  EXPECT_TRUE(are_disjoint(items, 1024));
  pool_put(p, items[0]);
  items[0] = waiting[3]->result();
  put_all(p, items);
}

// ---- the warning

TEST(PoolHardLimit, WarningIsSaidOncePerRatecap) {
  c_pool p({.wchan = "capped"});
  ASSERT_EQ(pool_sethardlimit(p, 0, "no more of these", 3600), 0);
  report_catcher caught;

  for (int i = 0; i < 100; ++i) EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);

  const auto said = caught.only();
  EXPECT_EQ(said.kind, pool9::report_kind::warning);
  EXPECT_EQ(said.function, "pool_get");
  EXPECT_EQ(said.pool, "capped");
  EXPECT_EQ(said.text.rfind("pool_get: pool 'capped': ", 0), 0u) << said.text;
  EXPECT_NE(said.text.find("no more of these"), std::string::npos) << said.text;
}

TEST(PoolHardLimit, WarningIsSaidAgainAfterRatecap) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, "no more", 1), 0);
  report_catcher caught;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(run_until([&] {
    EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
    return caught.n_reports() == 2;
  }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(PoolHardLimit, RatecapOfZeroSaysItEachTime) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, "no more", 0), 0);
  report_catcher caught;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  EXPECT_EQ(caught.n_reports(pool9::report_kind::warning), 5u);
}

TEST(PoolHardLimit, SettingItAgainStartsTheRatecapAnew) {
  c_pool p;
  report_catcher caught;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(pool_sethardlimit(p, 0, "no more", 3600), 0);
    EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  }
  EXPECT_EQ(caught.n_reports(), 3u);
}

TEST(PoolHardLimit, WithoutAMessageNothingIsSaid) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  report_catcher caught;
  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  EXPECT_EQ(caught.n_reports(), 0u);
}

TEST(PoolHardLimit, WarningDoesNotEndAProgramWithoutAHandler) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, "said on standard error", 0), 0);
  EXPECT_EXIT(
      {
        const bool failed = pool_get(p, PR_NOWAIT) == nullptr;
        std::_Exit(failed ? 0 : 1);
      },
      testing::ExitedWithCode(0), "said on standard error");
}

TEST(PoolHardLimit, PanicsOnANegativeRatecap) {
  c_pool p({.wchan = "foo"});
  EXPECT_PANIC(pool_sethardlimit(p, 1, "x", -1), "pool_sethardlimit", "foo", "ratecap: -1");
}

TEST(PoolHardLimit, PanicsWithoutAPool) {
  static struct pool zeroed;
  EXPECT_DEATH(pool_sethardlimit(nullptr, 1, nullptr, 0), "pool_sethardlimit: .*pp");
  EXPECT_DEATH(pool_sethardlimit(&zeroed, 1, nullptr, 0), "pool_sethardlimit: .*not a pool");
}

}  // namespace
