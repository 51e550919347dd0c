// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "RETURNING ITEMS TO A POOL": pool_put(), and what it does with what was never obtained.
#include <set>

#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "pool_put() returns the pool item pointed at by item to the resource pool identified by the pool
// handle pp."
TEST(PoolPut, ReturnsTheItemToThePool) {
  c_pool p;
  void* item = pool_get(p, PR_NOWAIT);
  EXPECT_EQ(p.stats().out, 1u);

  pool_put(p, item);

  const pool_stats s = p.stats();
  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.puts, 1u);
  EXPECT_EQ(s.gets, 1u);
  EXPECT_EQ(s.free + s.cached, s.total);
}

TEST(PoolPut, TakesItemsInAnyOrder) {
  c_pool p({.size = 64});
  auto items = get_n(p, 500);
  std::vector<void*> shuffled;
  for (std::size_t i = 0; i < 500; ++i) shuffled.push_back(items[i * 7 % 500]);  // 7, 500 coprime

  put_all(p, shuffled);

  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(pool_chk(p, "shuffled"), 0);
}

// "If the number of available items in the pool exceeds the maximum pool size set by
// pool_sethiwat() and there are no outstanding requests for pool items, the excess items will be
// returned to the system by calling prelease()."
TEST(PoolPut, ReturnsExcessPagesToTheSystem) {
  test_source source;
  c_pool p({.size = 1024, .source = &source});
  pool_sethiwat(p, 4);  // one page
  auto items = get_n(p, 12);
  EXPECT_EQ(source.live_pages(), 3u);

  put_all(p, items);

  EXPECT_LE(source.live_pages(), 1u);
  EXPECT_GE(source.n_releases(), 2u);
}

TEST(PoolPut, ReturnsNothingToTheSystemWhileSomebodyWaits) {
  test_source source;
  c_pool p({.size = 1024, .source = &source});
  pool_sethiwat(p, 0);  // every unused page is in excess
  auto items = get_n(p, 8);
  source.bound(2);
  void* wanted[6];
  struct pool* const pp = p;
  task<int> waiting([&] { return pool_get_bulk(pp, PR_WAITOK, wanted, 6); });
  await_waiters(p, 1);

  for (int i = 0; i < 5; ++i) {
    pool_put(p, items.back());
    items.pop_back();
    EXPECT_EQ(source.live_pages(), 2u) << "five items are free, one page of them unused";
  }
  pool_put(p, items.back());
  items.pop_back();

  EXPECT_EQ(waiting.result(), 0);
  EXPECT_EQ(source.n_releases(), 0u);
  for (void* item : wanted) pool_put(p, item);
  put_all(p, items);
  EXPECT_EQ(source.live_pages(), 0u);
}

// "item: A pointer to a pool item previously obtained by pool_get()."  Anything else is reported
// and has no effect: at the call where no thread cache is between.
class misused_pool {
 public:
  misused_pool() : item_(pool_get(p, PR_NOWAIT)) { before_ = p.stats(); }
  ~misused_pool() { pool_put(p, item_); }

  void expect_misuse(void* what) {
    report_catcher caught;
    pool_put(p, what);
    const auto said = caught.only();
    EXPECT_EQ(said.kind, pool9::report_kind::misuse);
    EXPECT_EQ(said.function, "pool_put");
    EXPECT_EQ(said.pool, "misused");
    EXPECT_EQ(said.address, what);
    EXPECT_EQ(said.text.rfind("pool_put: pool 'misused': ", 0), 0u) << said.text;
    text_ = said.text;
    const pool_stats after = p.stats();
    EXPECT_EQ(after.out, before_.out);
    EXPECT_EQ(after.free, before_.free);
    EXPECT_EQ(after.puts, before_.puts);
    EXPECT_EQ(pool_chk(p, "after misuse"), 0);
  }
  void* item() const { return item_; }
  const std::string& text() const { return text_; }

  c_pool p{{.size = 64, .flags = PR_NOCACHE, .wchan = "misused"}};

 private:
  void* item_;
  pool_stats before_{};
  std::string text_;
};

TEST(PoolPut, ReportsNull) { misused_pool().expect_misuse(nullptr); }

TEST(PoolPut, ReportsAForeignPointer) {
  misused_pool m;
  alignas(64) static char foreign[64];
  char on_the_stack[64];
  const auto on_the_heap = std::make_unique<char[]>(64);

  m.expect_misuse(foreign);
  m.expect_misuse(on_the_stack);
  m.expect_misuse(on_the_heap.get());
  m.expect_misuse(reinterpret_cast<void*>(std::uintptr_t{8}));
  m.expect_misuse(reinterpret_cast<void*>(~std::uintptr_t{0} - 63));
}

TEST(PoolPut, ReportsAPointerIntoAnItem) {
  misused_pool m;
  for (std::size_t offset = 1; offset < 64; ++offset)
    m.expect_misuse(static_cast<char*>(m.item()) + offset);
}

TEST(PoolPut, ReportsTheSecondPutOfAnItem) {
  misused_pool m;
  void* twice = pool_get(m.p, PR_NOWAIT);
  pool_put(m.p, twice);

  report_catcher caught;
  for (int i = 0; i < 3; ++i) pool_put(m.p, twice);

  EXPECT_EQ(caught.n_reports(pool9::report_kind::misuse), 3u);
  EXPECT_EQ(caught.reports()[0].address, twice);
  EXPECT_EQ(m.p.stats().out, 1u);
  auto items = get_n(m.p, 200);
  EXPECT_TRUE(are_disjoint(items, 64)) << "no item is handed out twice";
  put_all(m.p, items);
}

TEST(PoolPut, ReportsAnItemThatWasNeverHandedOut) {
  misused_pool m;  // its one page holds 64 items, of which one is out
  std::vector<void*> all = get_n(m.p, 63);
  put_all(m.p, all);
  const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(m.item()) & ~std::uintptr_t{4095};
  report_catcher caught;

  for (std::uintptr_t at = page; at < page + 4096; at += 64) {
    if (at != reinterpret_cast<std::uintptr_t>(m.item()))
      pool_put(m.p, reinterpret_cast<void*>(at));
  }

  EXPECT_EQ(caught.n_reports(pool9::report_kind::misuse), 63u);
  EXPECT_EQ(m.p.stats().out, 1u);
}

TEST(PoolPut, ReportsAnItemOfAnotherPool) {
  misused_pool m;
  c_pool other({.size = 64, .wchan = "the other one"});
  void* item = pool_get(other, PR_NOWAIT);

  m.expect_misuse(item);

  EXPECT_EQ(other.stats().out, 1u);
  pool_put(other, item);
}

TEST(PoolPut, ReportsAnItemWhosePageWentBack) {
  test_source source;
  c_pool p({.wchan = "shrunk", .source = &source});
  void* item = pool_get(p, PR_NOWAIT);
  pool_put(p, item);
  ASSERT_EQ(pool_reclaim(p), 1);

  report_catcher caught;
  pool_put(p, item);

  EXPECT_EQ(caught.only().kind, pool9::report_kind::misuse);
}

TEST(PoolPut, ReportsAnItemWhosePageWentBackFromAmongOthers) {
  test_source source;
  c_pool p({.wchan = "shrunk", .source = &source});
  auto items = get_n(p, 8);
  void* item = items.back();  // of the second page of two
  for (int i = 0; i < 4; ++i) {
    pool_put(p, items.back());
    items.pop_back();
  }
  ASSERT_EQ(pool_reclaim(p), 1);

  report_catcher caught;
  pool_put(p, item);

  EXPECT_EQ(caught.only().kind, pool9::report_kind::misuse);
  put_all(p, items);
}

TEST(PoolPut, ReportsToAPoolThatWasNeverUsed) {
  c_pool p({.wchan = "fresh"});
  char foreign[8];
  report_catcher caught;

  pool_put(p, foreign);

  EXPECT_EQ(caught.only().kind, pool9::report_kind::misuse);
  EXPECT_EQ(caught.only().pool, "fresh");
}

// Without a handler of its own, a program that misuses a pool is told and ended.
TEST(PoolPut, MisuseEndsAProgramWithoutAHandler) {
  c_pool p({.wchan = "foo"});
  EXPECT_DEATH(pool_put(p, nullptr), "pool_put: pool 'foo': ");
}

TEST(PoolPut, PanicsWithoutAPool) {
  static char item[64];
  static struct pool zeroed;
  EXPECT_DEATH(pool_put(nullptr, item), "pool_put: .*pp");
  EXPECT_DEATH(pool_put(&zeroed, item), "pool_put: .*not a pool");
}

}  // namespace
