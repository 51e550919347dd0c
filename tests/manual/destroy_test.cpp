// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "DESTROYING A POOL": pool_destroy().
#include "../support/report_catcher.hpp"
#include "../support/storage.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "The function pool_destroy() destroys a resource pool."
TEST(PoolDestroy, ReleasesEveryPage) {
  test_source source;
  struct pool p;
  init(&p, {.source = &source});
  ASSERT_EQ(pool_prime(&p, 10, nullptr), 0);  // the reserve goes with the pool,
  pool_setlowat(&p, 10);                      // and so does what the low watermark keeps
  auto items = get_n(&p, 30);
  put_all(&p, items);

  pool_destroy(&p);

  EXPECT_EQ(source.live_pages(), 0u);
}

TEST(PoolDestroy, NeedsNoUseBefore) {
  test_source source;
  struct pool p;
  init(&p, {.source = &source});
  pool_destroy(&p);
  EXPECT_EQ(source.n_calls() + source.n_releases(), 0u);
}

TEST(PoolDestroy, LeavesStorageToItsOwner) {
  test_source source;
  guarded_storage storage(POOL_STORAGE_SIZE(64, 10), 0);
  struct pool p;
  init(&p, {.size = 64, .source = &source});
  ASSERT_EQ(pool_prime(&p, 10, storage.data()), 0);
  pool_put(&p, pool_get(&p, PR_NOWAIT));

  pool_destroy(&p);

  EXPECT_EQ(source.n_releases(), 0u);
  std::memset(storage.data(), 0, storage.size());  // it is writable, poisoned for nobody
}

// "It takes a single argument pp identifying the pool resource instance."  What was destroyed is no
// pool any more.
TEST(PoolDestroy, LeavesNoPool) {
  static struct pool p;
  init(&p, {.wchan = "gone"});
  pool_destroy(&p);

  EXPECT_DEATH((void)pool_get(&p, PR_NOWAIT), "pool_get: .*not a pool");
  EXPECT_DEATH(pool_destroy(&p), "pool_destroy: .*not a pool");
}

TEST(PoolDestroy, PanicsWithoutAPool) {
  static struct pool zeroed;
  EXPECT_DEATH(pool_destroy(nullptr), "pool_destroy: .*pp");
  EXPECT_DEATH(pool_destroy(&zeroed), "pool_destroy: .*not a pool");
}

// Destroying while items are out: reported, and the pool goes on as if nothing had been asked.
TEST(PoolDestroy, WithItemsOutIsMisuseWithoutEffect) {
  test_source source;
  c_pool p({.wchan = "busy", .source = &source});
  auto items = get_n(p, 6);
  report_catcher caught;

  pool_destroy(p);

  const auto said = caught.only();
  EXPECT_EQ(said.kind, pool9::report_kind::misuse);
  EXPECT_EQ(said.function, "pool_destroy");
  EXPECT_EQ(said.text.rfind("pool_destroy: pool 'busy': ", 0), 0u) << said.text;
  EXPECT_NE(said.text.find("6"), std::string::npos) << "how many are out: " << said.text;
  EXPECT_EQ(source.n_releases(), 0u);
  EXPECT_EQ(p.stats().out, 6u);
  items.push_back(pool_get(p, PR_NOWAIT));
  EXPECT_NE(items.back(), nullptr);
  put_all(p, items);
}

TEST(PoolDestroy, WithWaitersIsMisuseWithoutEffect) {
  c_pool p({.wchan = "awaited"});
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  auto waiting = start_waiting(p);  // nothing is out, and somebody waits
  report_catcher caught;

  pool_destroy(p);

  EXPECT_EQ(caught.only().kind, pool9::report_kind::misuse);
  EXPECT_EQ(caught.only().function, "pool_destroy");
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = waiting->result();
  EXPECT_NE(item, nullptr);
  pool_put(p, item);
}

TEST(PoolDestroy, WithItemsOutEndsAProgramWithoutAHandler) {
  c_pool p({.wchan = "busy"});
  void* item = pool_get(p, PR_NOWAIT);
  EXPECT_DEATH(pool_destroy(p), "pool_destroy: pool 'busy': ");
  pool_put(p, item);
}

// ---- pool_create(): a pool on a handle that the library allocates

TEST(PoolCreate, ReturnsAPoolThatDestroyFrees) {
  test_source source;
  struct pool* p = pool_create(1024, 0, 0, 0, "created", 4096, test_source::palloc,
                               test_source::prelease, source.tag());
  ASSERT_NE(p, nullptr);
  EXPECT_EQ(source.n_calls(), 0u);

  pool_put(p, pool_get(p, PR_NOWAIT));

  EXPECT_STREQ(stats_of(p).name, "created");
  pool_destroy(p);
  EXPECT_EQ(source.live_pages(), 0u);
}

TEST(PoolCreate, PrimesItsItems) {
  test_source source;
  struct pool* p = pool_create(1024, 0, 0, 10, "created", 4096, test_source::palloc,
                               test_source::prelease, source.tag());
  ASSERT_NE(p, nullptr);
  EXPECT_EQ(source.live_pages(), 3u);
  EXPECT_EQ(stats_of(p).reserve, 10u);

  source.fail_now();
  auto items = get_n(p, 10);

  put_all(p, items);
  pool_destroy(p);
}

TEST(PoolCreate, ReturnsNullWithoutMemoryForItsItems) {
  test_source source;
  source.fail_from(3);
  EXPECT_EQ(pool_create(1024, 0, 0, 10, "created", 4096, test_source::palloc, test_source::prelease,
                        source.tag()),
            nullptr);
  EXPECT_EQ(source.live_pages(), 0u);
}

}  // namespace
