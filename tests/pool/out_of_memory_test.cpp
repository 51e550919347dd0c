// SPDX-License-Identifier: BSD-2-Clause
// Running out of memory anywhere - the pool's own bookkeeping included - is an ordinary failure of
// that call, and the pool is as before.
#include <sys/pool.h>

#include <cerrno>
#include <thread>

#include "outage.hpp"
#include "pools.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

/// Four items to a page, and every page in another region.
pool_options four_a_page(trial& t) {
  return {.name = "oom",
          .item_size = 1024,
          .idle_time = never_idle,
          .page_size = 4096,
          .source = &t.source};
}

TEST(OutOfMemory, FirstGetFailsAndSucceedsLater) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    p.put(t.get(p));
  });
}

TEST(OutOfMemory, GrowingAcrossManyRegionsFailsOneGetAtATime) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    std::vector<void*> items;
    for (int i = 0; i < 20 * 4; ++i) items.push_back(t.get(p));
    put_all(p, items);
    EXPECT_NE(p.reclaim(), 0u);
    for (int i = 0; i < 8; ++i) items.push_back(t.get(p));
    put_all(p, items);
  });
}

// "pool_prime() returns ENOMEM": all or nothing.
TEST(OutOfMemory, PrimeAddsEverythingOrNothing) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    t.call(p, [&] { return p.prime(11); });
    t.call(p, [&] { return p.prime(70); });
    EXPECT_EQ(p.stats().reserve, 81u);
    EXPECT_EQ(p.stats().pages, 21u);
  });
}

TEST(OutOfMemory, PrimeBesideItemsThatAreOutAddsEverythingOrNothing) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    std::vector<void*> items;
    for (int i = 0; i < 6; ++i) items.push_back(t.get(p));
    t.call(p, [&] { return p.prime(30); });
    put_all(p, items);
  });
}

TEST(OutOfMemory, ReserveThatCannotBeIsBadAllocAndLeavesNothing) {
  survives_every_outage([](trial& t) {
    pool_options o = four_a_page(t);
    o.reserve = 20;
    try {
      pool p(o);
      EXPECT_EQ(p.stats().total, 20u);
      EXPECT_EQ(p.check(), "");
    } catch (const std::bad_alloc& e) {
      EXPECT_STREQ(e.what(), "pool 'oom': reserve: no memory for 20 items of 1024 bytes");
    }
  });
}

// "A failed bulk get takes nothing"; pages that came for it stay for the next.
TEST(OutOfMemory, BulkGetTakesAllOrNothing) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    std::vector<void*> some(3), many(50);
    t.call(
        p, [&] { return p.try_get_bulk(some); }, true);
    t.call(
        p, [&] { return p.try_get_bulk(many); }, true);
    EXPECT_EQ(p.stats().out, 53u);
    p.put_bulk(many);
    p.put_bulk(some);
  });
}

TEST(OutOfMemory, WaitingGetOutlastsTheOutage) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    // Waits for memory, if only the n-th call fails; gives up in time if all do.
    t.call(p, [&] {
      void* const item = p.try_get_for(std::chrono::milliseconds(20));
      if (item != nullptr) p.put(item);
      return item != nullptr;
    });
  });
}

TEST(OutOfMemory, CallbacksWaitUntilThereIsMemory) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    p.put(t.get(p));
    EXPECT_NE(p.reclaim(), 0u);
    noting_waiter first, second;
    void* a = p.get_or_enqueue(first);
    void* b = p.get_or_enqueue(second);
    if (b == nullptr && p.cancel(second)) b = t.get(p);
    if (a == nullptr && p.cancel(first)) a = t.get(p);
    if (a == nullptr) a = first.wait_for_item();
    if (b == nullptr) b = second.wait_for_item();
    EXPECT_NE(a, b);
    p.put(a);
    p.put(b);
    EXPECT_EQ(p.stats().waiters, 0u);
  });
}

TEST(OutOfMemory, LowWatermarkIsMissedButTheGetIsServed) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    std::vector<void*> items;
    p.set_low_watermark(30);
    for (int i = 0; i < 9; ++i) items.push_back(t.get(p));
    put_all(p, items);
  });
}

TEST(OutOfMemory, UsageLogIsLostButNoCall) {
  survives_every_outage([](trial& t) {
    pool_options o = four_a_page(t);
    o.usage_log = true;
    pool p(o);
    void* const item = t.get(p);
    p.put(item, {.function = "test", .file = "here.c", .line = 7});
    p.put(p.get(get_flags::waitok));
  });
}

TEST(OutOfMemory, SettingsAndReturnsNeedNoMemory) {
  survives_every_outage([](trial& t) {
    pool p(four_a_page(t));
    std::vector<void*> items;
    for (int i = 0; i < 30; ++i) items.push_back(t.get(p));
    p.set_high_watermark(10);
    EXPECT_TRUE(p.set_hard_limit(40));
    p.set_low_watermark(3);
    put_all(p, items);
    EXPECT_LE(p.stats().pages, 3u);
    p.set_low_watermark(0);
    static_cast<void>(p.reclaim());
    EXPECT_EQ(p.stats().pages, 0u);
    EXPECT_TRUE(p.close());
    p.put(t.get(p));
  });
}

TEST(OutOfMemory, MisuseIsReportedWithoutMemory) {
  survives_every_outage([](trial& t) {
    report_catcher catcher;
    pool_options o = four_a_page(t);
    o.thread_cache = false;  // which would find it out later
    pool p(o);
    int foreign = 0;
    p.put(&foreign);  // the pool may not be born, for want of memory
    EXPECT_EQ(catcher.n_reports(report_kind::misuse), 1u);
    void* const item = t.get(p);
    p.put(item);
    p.put(item);
    EXPECT_EQ(catcher.n_reports(report_kind::misuse), 2u);
  });
}

// "Priming with storage allocates nothing at all."
TEST(OutOfMemory, StorageNeedsNoMemory) {
  alignas(16) static char storage[POOL_STORAGE_SIZE(100, 20)];
  outage all;
  const std::size_t bytes_before = base::arena::bytes_out();
  {
    const arena_outage in_arena(all);
    all.begin(1, true);
    no_source source;
    pool p({.name = "static", .item_size = 100, .source = &source, .thread_cache = false});
    EXPECT_EQ(p.prime(std::as_writable_bytes(std::span(storage)), 20), 20u);
    std::vector<void*> items(20);
    EXPECT_TRUE(p.try_get_bulk(items));
    EXPECT_EQ(p.try_get(), nullptr);
    EXPECT_EQ(p.check(), "");
    put_all(p, items);
    EXPECT_EQ(p.reclaim(), 0u);
    EXPECT_TRUE(p.close());
    EXPECT_EQ(all.n_refused(), 0u);
  }
  EXPECT_EQ(base::arena::bytes_out(), bytes_before);
}

TEST(OutOfMemory, SystemSourceFailsLikeAnyOther) {
  const auto scenario = [](trial& t) {
    pool p({.name = "oom", .item_size = 48, .idle_time = never_idle, .page_size = 16384});
    std::vector<void*> items;
    for (int i = 0; i < 400; ++i) items.push_back(t.get(p));
    put_all(p, items);
  };
  // Its own books stay once they are there, so they are made before anything is measured.
  outage none;
  far_source unused(none);
  trial warm_up(none, unused);
  scenario(warm_up);

  survives_every_outage(scenario);
}

// The C face, whose functions must not throw or abort for want of memory either.  Returns whether
// the n-th call for memory was refused.
bool c_functions_survive(std::size_t n) {
  outage o;
  const arena_outage in_arena(o);
  ::pool p;
  pool_init(&p, 100, 0, 0, 0, "oom", 0, nullptr, nullptr, 0);
  o.begin(n, false);
  const int primed = pool_prime(&p, 500, nullptr);
  EXPECT_TRUE(primed == 0 || (primed == ENOMEM && o.n_refused() != 0));
  void* items[300] = {};
  const int got = pool_get_bulk(&p, PR_NOWAIT, items, 300);
  EXPECT_TRUE(got == 0 || (got == ENOMEM && o.n_refused() != 0));
  ::pool* const made = pool_create(64, 0, 0, 10, "oom", 0, nullptr, nullptr, 0);
  EXPECT_TRUE(made != nullptr || o.n_refused() != 0);
  o.pause();
  EXPECT_EQ(pool_chk(&p, "oom"), 0);
  if (got == 0) pool_put_bulk(&p, items, 300);
  pool_destroy(&p);
  if (made != nullptr) pool_destroy(made);
  return o.n_refused() != 0;
}

TEST(OutOfMemory, CFunctionsReturnNullAndEnomem) {
  EXPECT_FALSE(c_functions_survive(SIZE_MAX));  // and the system source has its own books now
  const std::size_t bytes_before = base::arena::bytes_out();

  std::size_t n = 1;
  while (c_functions_survive(n)) ++n;

  EXPECT_GT(n, 5u);
  EXPECT_EQ(base::arena::bytes_out(), bytes_before);
}

}  // namespace
}  // namespace pool9::test
