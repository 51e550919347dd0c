// SPDX-License-Identifier: BSD-2-Clause
// G5: below the high watermark, what is unused goes back by itself within three idle times; reserve
// and low watermark stay.

#include "pools.hpp"
#include "support/page_ladder.hpp"
#include "support/threads.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

constexpr auto idle_time = 20ms;

pool_options idling(page_source& source) {
  pool_options o = four_a_page(source);
  o.idle_time = idle_time;
  return o;
}

/// Waits until the source has that many pages out, and sees that it stays so.
void expect_pages(const test_source& source, std::size_t n) {
  EXPECT_TRUE(run_until([&] { return source.live_pages() == n; }, 10s))
      << source.live_pages() << " pages are left, not " << n;
  EXPECT_FALSE(run_until([&] { return source.live_pages() != n; }, 5 * idle_time));
}

TEST(Housekeeping, UnusedPagesGoBack) {
  test_source source;
  pool p(idling(source));
  std::vector<void*> items = get_n(p, 40);

  put_all(p, items);

  expect_pages(source, 0);
  EXPECT_EQ(p.stats().pages, 0u);
  EXPECT_EQ(p.stats().pages_released, 10u);
  EXPECT_EQ(p.check(), "");
}

TEST(Housekeeping, UnusedPagesGoBackWithinThreeIdleTimes) {
  for (const bool cached : {true, false}) {
    test_source source;
    pool_options o = idling(source);
    o.idle_time = 200ms;
    o.thread_cache = cached;
    pool p(o);
    void* const item = p.get();
    const auto emptied = std::chrono::steady_clock::now();
    p.put(item);

    ASSERT_TRUE(run_until([&] { return source.live_pages() == 0; }));

    const auto took = std::chrono::steady_clock::now() - emptied;
    EXPECT_GE(took, 90ms) << "not before it was unused for half an idle time";
    EXPECT_LT(took, 600ms + 5s) << "the second term is for a busy machine";
  }
}

TEST(Housekeeping, PagesWithItemsOutStay) {
  test_source source;
  pool p(idling(source));
  std::vector<void*> items = get_n(p, 12);
  void* const kept = items.back();
  items.pop_back();

  put_all(p, items);

  expect_pages(source, 1);
  p.put(kept);
  expect_pages(source, 0);
}

TEST(Housekeeping, ReserveStays) {
  test_source source;
  pool p(idling(source));
  EXPECT_TRUE(p.prime(9));
  std::vector<void*> items = get_n(p, 30);

  put_all(p, items);

  expect_pages(source, 3);
}

TEST(Housekeeping, LowWatermarkStaysAndGoesWhenItIsLowered) {
  test_source source;
  pool_options o = idling(source);
  o.low_watermark = 7;
  pool p(o);
  std::vector<void*> items = get_n(p, 30);
  put_all(p, items);
  expect_pages(source, 2);

  p.set_low_watermark(0);

  expect_pages(source, 0);
}

TEST(Housekeeping, ItemsAtHandStayWhileOthersAreOut) {
  test_source source;
  pool_options o = idling(source);
  o.low_watermark = 4;
  pool p(o);
  std::vector<void*> items = get_n(p, 16);
  std::vector<void*> first(items.begin(), items.begin() + 4);
  items.erase(items.begin(), items.begin() + 4);

  put_all(p, items);

  EXPECT_TRUE(run_until([&] { return p.stats().pages <= 2; }, 10s));
  EXPECT_EQ(p.stats().free, 4u);
  put_all(p, first);
}

// A put that empties no page may still make one superfluous.
TEST(Housekeeping, PageThatBecomesSuperfluousAtAnotherPagesPutGoesBack) {
  test_source source;
  pool_options o = idling(source);
  o.low_watermark = 5;
  pool p(o);
  std::vector<void*> items = get_n(p, 12);
  ASSERT_EQ(p.stats().idle_pages, 2u) << "and neither can be spared";

  p.put(items.back());  // its page has other items out
  items.pop_back();

  expect_pages(source, 4);
  EXPECT_EQ(p.stats().free, 5u);
  put_all(p, items);
}

TEST(Housekeeping, PagesOfABulkGetThatFailedGoBack) {
  test_source source;
  source.bound(3);
  pool p(idling(source));
  std::vector<void*> items(20);

  EXPECT_FALSE(p.try_get_bulk(items));

  expect_pages(source, 0);
}

TEST(Housekeeping, PagesForTheLowWatermarkGoBackWhenItIsLoweredWithoutAnyPut) {
  test_source source;
  pool_options o = idling(source);
  o.low_watermark = 16;
  pool p(o);
  void* const item = p.get();
  expect_pages(source, 5);

  p.set_low_watermark(0);

  expect_pages(source, 1);
  p.put(item);
}

TEST(Housekeeping, BatchOfTheSystemSourceGoesBack) {
  pool p({.name = "batch", .item_size = 64, .idle_time = idle_time});
  std::vector<void*> items = get_n(p, 64 * 40);
  const std::size_t used = p.stats().pages - p.stats().idle_pages;

  EXPECT_TRUE(run_until([&] { return p.stats().pages == used; }, 10s)) << p.stats().idle_pages;

  put_all(p, items);
}

TEST(Housekeeping, PagesOfACancelledWaitGoBack) {
  test_source source;
  source.bound(2);
  pool p(idling(source));
  std::vector<void*> items(12);

  EXPECT_FALSE(p.try_get_bulk_for(items, 10ms));

  expect_pages(source, 0);
}

TEST(Housekeeping, NeverMeansNever) {
  test_source source;
  pool p(four_a_page(source));
  pool other(idling(source));  // keeps housekeeping busy
  p.put(p.get());
  other.put(other.get());

  expect_pages(source, 1);
}

TEST(Housekeeping, ZeroIdleTimeIsAsSoonAsItGets) {
  test_source source;
  pool_options o = four_a_page(source);
  o.idle_time = 0ms;
  pool p(o);
  p.put(p.get());
  EXPECT_TRUE(run_until([&] { return source.live_pages() == 0; }, 10s));
}

TEST(Housekeeping, PoolsMayEndWhileItWorks) {
  test_source source;
  for (int i = 0; i < 300; ++i) {
    pool_options o = idling(source);
    o.idle_time = 1ms;
    pool p(o);
    std::vector<void*> items = get_n(p, 8);
    put_all(p, items);
    if (i % 3 == 0) std::this_thread::sleep_for(1ms);  // so that some end in its midst
  }
  EXPECT_EQ(source.live_pages(), 0u);
}

TEST(Housekeeping, OneThreadServesAllPools) {
  test_source source;
  {
    pool a(idling(source)), b(idling(source)), c(idling(source));
    for (pool* p : {&a, &b, &c}) p->put(p->get());
    EXPECT_TRUE(run_until([&] { return n_threads_named("pool9") == 1; }));
    expect_pages(source, 0);
  }
  EXPECT_EQ(n_threads_named("pool9"), 1u);
}

}  // namespace
}  // namespace pool9::test
