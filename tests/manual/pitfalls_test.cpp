// SPDX-License-Identifier: BSD-2-Clause
// What went wrong in the pools before this one, and in their successors: each pitfall by its number
// in the project's notes on their history.  Those of waiting are in waiting_test.cpp, those of
// callbacks in callbacks_test.cpp, those of layouts in layout_test.cpp.
#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <ctime>
#include <memory>
#include <random>
#include <thread>

#include "../support/report_catcher.hpp"
#include "../support/storage.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// ---- B. guaranteed minimum

// 7. The low watermark is about free items; but it grows the pool only as far as needed, and a
// refill that failed is seen in the statistics.
TEST(PoolPitfalls, LowWatermarkDoesNotGrowThePoolForEver) {
  test_source source;
  c_pool p({.source = &source});
  pool_setlowat(p, 8);
  for (int i = 0; i < 100; ++i) {
    auto items = get_n(p, 2);
    put_all(p, items);
  }
  EXPECT_LE(source.n_calls(), 3u);

  auto items = get_n(p, 4);
  source.fail_now();
  const auto before = p.stats().source_fails;
  const auto more = get_all(p, 6);
  EXPECT_GT(p.stats().source_fails, before);
  items.insert(items.end(), more.begin(), more.end());
  put_all(p, items);
}

// 8. A put never releases below the minimum.
TEST(PoolPitfalls, PutNeverReleasesBelowTheMinimum) {
  test_source source;
  c_pool p({.source = &source});
  pool_setlowat(p, 100);
  pool_sethiwat(p, 10);
  auto items = get_n(p, 120);
  put_all(p, items);
  EXPECT_GE(source.live_pages(), 25u);
  EXPECT_GE(p.stats().free, 100u);
}

// 9. Setting the low watermark does not cancel what was primed.
TEST(PoolPitfalls, LowWatermarkDoesNotCancelAPrime) {
  test_source source;
  c_pool p({.source = &source});
  ASSERT_EQ(pool_prime(p, 100, nullptr), 0);
  pool_setlowat(p, 5);
  pool_reclaim(p);
  source.fail_now();
  auto items = get_n(p, 100);
  put_all(p, items);
}

// 10. A prime that fails says so, and keeps nothing.
TEST(PoolPitfalls, PrimeThatFailsIsNeitherSwallowedNorPartial) {
  test_source source;
  source.fail_from(10);
  c_pool p({.source = &source});
  EXPECT_EQ(pool_prime(p, 100, nullptr), ENOMEM);
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(p.stats().total, 0u);
}

// 11. Those who took more than was primed do not eat the reserve: when they have put it back, the
// pool still owns what it promised, though its source is dry.
TEST(PoolPitfalls, OpportunistsDoNotEatTheReserve) {
  test_source source;
  c_pool p({.source = &source});
  ASSERT_EQ(pool_prime(p, 10, nullptr), 0);
  auto opportunist = get_n(p, 50);
  source.fail_now();
  while (opportunist.size() > 5) {
    pool_put(p, opportunist.front());
    opportunist.erase(opportunist.begin());
  }
  pool_reclaim(p);
  pool_sethiwat(p, 0);

  auto owner = get_n(p, 5);

  EXPECT_EQ(owner.size(), 5u);
  put_all(p, owner);
  put_all(p, opportunist);
}

// 12. Two items for each of two threads, from a pool of three: whoever needs several asks for all
// at once.
TEST(PoolPitfalls, SeveralItemsAtOnceDoNotDeadlock) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);
  struct pool* const pp = p;
  const auto work = [pp] {
    int failures = 0;
    for (int i = 0; i < 300; ++i) {
      void* two[2];
      failures += pool_get_bulk(pp, PR_WAITOK, two, 2) != 0 ? 1 : 0;
      pool_put_bulk(pp, two, 2);
    }
    return failures;
  };
  task<int> a(work), b(work), c(work);
  EXPECT_EQ(a.result() + b.result() + c.result(), 0);
}

// 13. is PoolWaiting.ForMemoryIsServedWhenTheSourceHasSomeAgain.

// ---- C. waiting

// 14. No herd: one item that comes back wakes one waiter, and the others keep their places.
TEST(PoolPitfalls, OneItemServesOneWaiter) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_NOWAIT);
  std::vector<std::unique_ptr<getter>> waiting;
  for (int i = 0; i < 6; ++i) waiting.push_back(start_waiting(p));

  for (std::size_t i = 0; i < 6; ++i) {
    pool_put(p, item);
    EXPECT_EQ(p.stats().waiters, 5 - i);
    EXPECT_EQ(waiting[i]->result(), item);
    for (std::size_t k = i + 1; k < 6; ++k) EXPECT_FALSE(waiting[k]->is_done());
  }
  pool_put(p, item);
}

// 15. A raised limit wakes waiters (PoolHardLimit.RaisingItWakesWaiters), and so does a limit that
// was lifted altogether.
TEST(PoolPitfalls, LiftingTheLimitWakesEveryWaiter) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  std::vector<std::unique_ptr<getter>> waiting;
  for (int i = 0; i < 6; ++i) waiting.push_back(start_waiting(p));

  ASSERT_EQ(pool_sethardlimit(p, UINT_MAX, nullptr, 0), 0);

  std::vector<void*> items;
  for (const auto& w : waiting) items.push_back(w->result());
  EXPECT_TRUE(are_disjoint(items, 1024));
  put_all(p, items);
}

// 16. Several items that come back one after the other, before anybody has woken up, serve several.
TEST(PoolPitfalls, SeveralPutsServeSeveralWaiters) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 5, nullptr, 0), 0);
  auto items = get_n(p, 5);
  std::vector<std::unique_ptr<getter>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(start_waiting(p));

  put_all(p, items);
  EXPECT_EQ(p.stats().waiters, 0u) << "served by the puts, awake or not";

  for (const auto& w : waiting) items.push_back(w->result());
  put_all(p, items);
}

// 17. is PoolWaiting.TimeoutsLoseNothing.

// 18. A pool with no minimum at all loses no wake-up.
TEST(PoolPitfalls, PoolWithoutAReserveLosesNoWakeup) {
  test_source source;
  source.bound(1);
  c_pool p({.size = 4096, .source = &source});  // one page, one item
  pool_sethiwat(p, 0);                          // which goes back whenever it can
  struct pool* const pp = p;
  const auto work = [pp] {
    int n = 0;
    for (int i = 0; i < 100; ++i) {
      void* item = pool_get(pp, PR_WAITOK);
      n += item != nullptr ? 1 : 0;
      pool_put(pp, item);
    }
    return n;
  };
  task<int> a(work), b(work), c(work);
  EXPECT_EQ(a.result() + b.result() + c.result(), 300);
}

// ---- D. growth

// 21. Threads that grow the pool at once never overshoot its limit.
TEST(PoolPitfalls, ThreadsThatGrowAtOnceKeepTheLimit) {
  test_source source;
  c_pool p({.size = 4096, .source = &source});
  struct pool* const pp = p;
  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);
  gate all_inside;
  std::atomic<int> inside{0};
  source.before_allocate([&] {
    if (++inside == 6) all_inside.open();
    all_inside.pass();
  });
  std::vector<std::unique_ptr<getter>> threads;
  for (int i = 0; i < 6; ++i) threads.push_back(start_get(pp, PR_NOWAIT));

  std::vector<void*> items;
  for (const auto& thread : threads) {
    if (void* item = thread->result()) items.push_back(item);
  }

  EXPECT_EQ(items.size(), 3u);
  EXPECT_EQ(p.stats().out, 3u);
  EXPECT_TRUE(are_disjoint(items, 4096));
  source.before_allocate(nullptr);
  put_all(p, items);
}

// 22. A get that may not wait does not wait for another thread's palloc.
TEST(PoolPitfalls, NowaitDoesNotWaitForAnotherGrower) {
  test_source source;
  c_pool p({.size = 4096, .source = &source});
  struct pool* const pp = p;
  gate slow;
  std::atomic<bool> first{true};
  source.before_allocate([&] {
    if (first.exchange(false)) slow.pass();
  });
  auto grower = start_get(pp, PR_NOWAIT);
  slow.await(1);

  void* item = pool_get(pp, PR_NOWAIT);
  EXPECT_NE(item, nullptr) << "asked the source itself";
  EXPECT_FALSE(grower->is_done());
  slow.open();

  void* other = grower->result();
  EXPECT_NE(other, nullptr);
  source.before_allocate(nullptr);
  pool_put(p, item);
  pool_put(p, other);
}

// 23. Every setter has its behavioural test: PoolWatermarks, PoolHardLimit, PoolPrime, and the
// drain hook in callbacks_test.cpp.

// ---- E. layout and arguments

// 24, 30a. A size that is no multiple of align, an align_offset and coloured pages together.
TEST(PoolPitfalls, OddSizesWithOffsetsStayInTheirPages) {
  test_source source;
  struct row {
    std::size_t size;
    unsigned align, offset, pagesz;
  };
  for (const row r : {row{100, 64, 8, 4096}, row{128, 64, 8, 4096}, row{1024, 64, 8, 0},
                      row{4096, 32, 20, 0}, row{1000, 8, 4, 0}, row{4097, 256, 255, 16384}}) {
    c_pool p({.size = r.size,
              .align = r.align,
              .align_offset = r.offset,
              .pagesz = r.pagesz,
              .source = &source});
    auto items = get_n(p, 300);
    EXPECT_TRUE(are_disjoint(items, r.size));
    for (void* item : items) {
      ASSERT_TRUE(is_aligned(item, r.align, r.offset)) << r.size;
      ASSERT_TRUE(source.holds(item, r.size)) << r.size;
      std::memset(item, 0x77, r.size);
    }
    EXPECT_EQ(pool_chk(p, "written all over"), 0);
    put_all(p, items);
  }
}

// 25. is init_arguments_test.cpp; 26, 27 and 28 are layout_test.cpp.

// 29. Finding an item's page costs the same in a pool of many pages.
double ns_of_this_thread() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}
/// On the processor, the least of some trials.
double ns_per_put(std::size_t n_pages) {
  double least = HUGE_VAL;
  for (int trial = 0; trial < 4; ++trial) {
    c_pool p({.size = 4096, .pagesz = 4096});
    auto items = get_n(p, n_pages);
    std::shuffle(items.begin(), items.end(), std::mt19937(29));
    const double start = ns_of_this_thread();
    put_all(p, items);
    least = std::min(least, (ns_of_this_thread() - start) / static_cast<double>(n_pages));
  }
  return least;
}
TEST(PoolPitfalls, PutDoesNotSearchItsPage) {
  const double few = ns_per_put(512);
  const double many = ns_per_put(32768);  // a search of 64 times as many pages is 64 times slower
  EXPECT_LT(many, 10 * few + 2000) << few << " ns with few pages";
}

// 30. Counters do not wrap.
static_assert(sizeof(pool_stats::gets) == 8 && sizeof(pool_stats::puts) == 8 &&
              sizeof(pool_stats::fails) == 8 && sizeof(pool_stats::out) == 8);

// 30b. Bookkeeping that cannot be had is an ordinary failure: tests/c/no_memory.c.  30c. is
// PoolPitfalls.PreleaseRunsWithoutTheLock.

// ---- F. debugging

// 31. A second put is seen though other items are out, and nothing is handed out twice.
TEST(PoolPitfalls, DoublePutIsSeenWhileOthersAreOut) {
  c_pool p({.flags = PR_NOCACHE});
  auto items = get_n(p, 2);
  report_catcher caught;
  pool_put(p, items[0]);
  pool_put(p, items[0]);
  EXPECT_EQ(caught.n_reports(pool9::report_kind::misuse), 1u);

  void* a = pool_get(p, PR_NOWAIT);
  void* b = pool_get(p, PR_NOWAIT);

  EXPECT_NE(a, b);
  pool_put(p, a);
  pool_put(p, b);
  pool_put(p, items[1]);
}

// 34. A static pool below its low watermark does not flood anybody with warnings.
TEST(PoolPitfalls, StaticPoolBelowItsLowWatermarkIsQuiet) {
  guarded_storage storage(POOL_STORAGE_SIZE(64, 10), 0);
  c_pool p({.size = 64, .flags = PR_STATIC});
  ASSERT_EQ(pool_prime(p, 10, storage.data()), 0);
  pool_setlowat(p, 8);
  report_catcher caught;

  for (int i = 0; i < 50; ++i) {
    auto items = get_n(p, 10);
    put_all(p, items);
  }

  EXPECT_EQ(caught.n_reports(), 0u);
}

// The pool's own data lies outside the items: what is written after a put, or beyond the end of an
// item, damages items only.
#if defined(__clang__) || defined(__GNUC__)
__attribute__((no_sanitize("address"), noinline))
#endif
void scribble(void* p, std::size_t bytes) {
  volatile char* c = static_cast<volatile char*>(p);
  for (std::size_t i = 0; i < bytes; ++i) c[i] = static_cast<char>(0xff);
}
TEST(PoolPitfalls, WritesIntoFreeItemsDamageNoPool) {
  c_pool p({.size = 64, .pagesz = 4096});
  auto items = get_n(p, 128);
  const auto all = items;
  put_all(p, items);
  for (void* item : all) scribble(item, 64);

  items = get_n(p, 128);

  EXPECT_TRUE(are_disjoint(items, 64));
  EXPECT_EQ(pool_chk(p, "scribbled over"), 0);
  put_all(p, items);
}

}  // namespace
