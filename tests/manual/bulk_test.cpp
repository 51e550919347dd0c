// SPDX-License-Identifier: BSD-2-Clause
// pool_get_bulk() and pool_put_bulk(): what the manual lacks.  All or nothing.
#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

TEST(PoolBulk, GetsAllAtOnce) {
  c_pool p;
  std::vector<void*> items(50);
  EXPECT_EQ(pool_get_bulk(p, PR_NOWAIT, items.data(), 50), 0);
  EXPECT_TRUE(are_disjoint(items, 1024));
  EXPECT_EQ(p.stats().out, 50u);
  pool_put_bulk(p, items.data(), 50);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(PoolBulk, OfNothingSucceeds) {
  c_pool p;
  EXPECT_EQ(pool_get_bulk(p, PR_NOWAIT, nullptr, 0), 0);
  pool_put_bulk(p, nullptr, 0);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(PoolBulk, ReturnsEnomemAndTakesNothing) {
  test_source source;
  source.bound(2);
  c_pool p({.source = &source});
  auto items = get_n(p, 3);
  void* wanted[6] = {};

  EXPECT_EQ(pool_get_bulk(p, PR_NOWAIT, wanted, 6), ENOMEM);

  EXPECT_EQ(p.stats().out, 3u);
  EXPECT_EQ(pool_get_bulk(p, PR_NOWAIT, wanted, 5), 0);
  pool_put_bulk(p, wanted, 5);
  put_all(p, items);
}

TEST(PoolBulk, ReturnsEnomemAtTheLimit) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 4, nullptr, 0), 0);
  ASSERT_EQ(pool_prime(p, 8, nullptr), 0) << "there are enough";
  void* item = pool_get(p, PR_NOWAIT);
  void* wanted[4];
  EXPECT_EQ(pool_get_bulk(p, PR_NOWAIT, wanted, 4), ENOMEM);
  EXPECT_EQ(pool_get_bulk(p, PR_WAITOK | PR_LIMITFAIL, wanted, 4), ENOMEM);
  EXPECT_EQ(p.stats().out, 1u);
  pool_put(p, item);
}

// "bulk beyond the limit is EINVAL": more can never come, so nobody waits for it.
TEST(PoolBulk, BeyondTheLimitIsEinvalEvenIfItMayWait) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 4, nullptr, 0), 0);
  void* wanted[5];
  EXPECT_EQ(pool_get_bulk(p, PR_NOWAIT, wanted, 5), EINVAL);
  EXPECT_EQ(pool_get_bulk(p, PR_WAITOK, wanted, 5), EINVAL);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(PoolBulk, WaitsForAllOfThem) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);
  auto items = get_n(p, 3);
  struct pool* const pp = p;
  void* wanted[3];
  task<int> bulk([&] { return pool_get_bulk(pp, PR_WAITOK, wanted, 3); });
  await_waiters(p, 1);

  pool_put(p, items[0]);
  pool_put(p, items[1]);
  EXPECT_FALSE(bulk.is_done());
  EXPECT_EQ(p.stats().waiters, 1u);
  pool_put(p, items[2]);

  EXPECT_EQ(bulk.result(), 0);
  EXPECT_TRUE(are_disjoint(std::vector<void*>(wanted, wanted + 3), 1024));
  pool_put_bulk(p, wanted, 3);
}

TEST(PoolBulk, UrgentPanicsWithoutMemory) {
  test_source source;
  source.fail_now();
  c_pool p({.wchan = "foo", .source = &source});
  void* wanted[2];
  EXPECT_PANIC((void)pool_get_bulk(p, PR_URGENT, wanted, 2), "pool_get_bulk", "foo", "urgent");
}

TEST(PoolBulk, PutReportsEachMisuseAndTakesTheRest) {
  c_pool p({.wchan = "bulky"});
  auto items = get_n(p, 3);
  char foreign[8];
  void* back[] = {items[0], foreign, items[1], items[0], nullptr, items[2]};
  report_catcher caught;

  pool_put_bulk(p, back, 6);

  EXPECT_EQ(caught.n_reports(pool9::report_kind::misuse), 3u);
  for (const auto& said : caught.reports()) EXPECT_EQ(said.function, "pool_put_bulk");
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(PoolBulk, PanicsWithoutItems) {
  c_pool p({.wchan = "foo"});
  EXPECT_PANIC((void)pool_get_bulk(p, PR_NOWAIT, nullptr, 2), "pool_get_bulk", "foo", "items: ");
  EXPECT_PANIC(pool_put_bulk(p, nullptr, 2), "pool_put_bulk", "foo", "items: ");
}

TEST(PoolBulk, PanicsWithoutAPool) {
  void* items[1] = {};
  EXPECT_DEATH((void)pool_get_bulk(nullptr, PR_NOWAIT, items, 1), "pool_get_bulk: .*pp");
  EXPECT_DEATH(pool_put_bulk(nullptr, items, 1), "pool_put_bulk: .*pp");
}

}  // namespace
