// SPDX-License-Identifier: BSD-2-Clause
// G3 and G5 with thread caches on: the reserve is there for everybody, and memory goes back,
// wherever its items are cached.
#include <string>

#include "actor.hpp"
#include "base/arena.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

/// 16 items to a page, nothing goes back by itself.
pool_options sixteen_a_page(page_source& source) {
  return {.name = "cached",
          .item_size = 256,
          .idle_time = never_idle,
          .page_size = 4096,
          .source = &source};
}
constexpr std::size_t per_page = 16;

class CachedSupply : public testing::TestWithParam<fate> {};
INSTANTIATE_TEST_SUITE_P(Threads, CachedSupply,
                         testing::Values(fate::asleep, fate::spinning, fate::exited),
                         [](const auto& tested) { return name_of(tested.param); });

// ---- the reserve

// "Reserve: prime(n), then the page source fails for ever: n items can be out at once, whoever
// asks, wherever they were cached."
TEST_P(CachedSupply, ReserveIsThereForWhoeverAsksWhenTheSourceFails) {
  for (const std::size_t n : std::vector<std::size_t>{1, 16, 17, 100, 1000}) {
    SCOPED_TRACE(n);
    test_source source;
    pool p(sixteen_a_page(source));
    EXPECT_TRUE(p.prime(n));
    source.fail_now();
    const idle_crew crew(p, 5, n, GetParam());

    std::vector<void*> mine = get_n(p, n / 2), theirs;
    actor other;
    other([&] { theirs = get_n(p, n - n / 2); });

    EXPECT_EQ(p.stats().out, n);
    EXPECT_EQ(p.check(), "");
    other([&] { put_all(p, mine); });
    put_all(p, theirs);
  }
}

// "While fewer than n are out, a get succeeds without asking the page source" - though it would
// give, and though other pages were got and are cached, too.
TEST_P(CachedSupply, SourceIsNotAskedWhileFewerThanTheReserveAreOut) {
  for (const std::size_t n : std::vector<std::size_t>{16, 100, 1000}) {
    SCOPED_TRACE(n);
    test_source source;
    pool p(sixteen_a_page(source));
    EXPECT_TRUE(p.prime(n));
    const std::size_t n_calls = source.n_calls();
    const idle_crew crew(p, 5, n, GetParam());
    EXPECT_EQ(source.n_calls(), n_calls) << "they had n at a time, each after the other";

    std::vector<void*> items = get_n(p, n);

    EXPECT_EQ(source.n_calls(), n_calls);
    put_all(p, items);
  }
}

// "The next thread that needs one takes it over as it is": without a limit, and with nothing out,
// too.
TEST(CachedSupply, MagazineOfAnEndedThreadIsTakenOverWithItsItems) {
  test_source source;
  pool p(sixteen_a_page(source));
  std::thread([&] {
    std::vector<void*> items = get_n(p, 50);
    put_all(p, items);
  }).join();
  const pool_stats before = p.stats();
  ASSERT_EQ(before.out, 0u);
  ASSERT_GE(before.cached, 50u);

  void* const item = p.get();

  EXPECT_EQ(p.stats().refills, before.refills) << "none went through the pages";
  EXPECT_EQ(p.stats().cached, before.cached - 1);
  p.put(item);
}

// "All or nothing: a failed prime changes nothing."
TEST_P(CachedSupply, FailedPrimeLeavesTheReserveAsItWas) {
  test_source source;
  pool p(sixteen_a_page(source));
  EXPECT_TRUE(p.prime(100));
  const idle_crew crew(p, 3, 100, GetParam());
  const pool_stats before = p.stats();
  source.fail_at(3);

  EXPECT_FALSE(p.prime(100));

  const pool_stats after = p.stats();
  EXPECT_EQ(after.reserve, 100u);
  EXPECT_EQ(after.total, before.total);
  EXPECT_EQ(after.cached, before.cached);
  EXPECT_EQ(after.free, before.free);
  source.fail_now();
  std::vector<void*> items = get_n(p, 100);
  put_all(p, items);
}

// ---- the high watermark

// "Above the high watermark completely unused pages go back at the put that frees them" - whatever
// lies in the caches of others.
TEST_P(CachedSupply, PagesAboveTheHighWatermarkGoBackAtThePut) {
  test_source source;
  pool_options o = sixteen_a_page(source);
  o.high_watermark = 10 * per_page;
  pool p(o);
  const idle_crew crew(p, 4, 5 * per_page, GetParam());
  EXPECT_GT(p.stats().cached, 0u);
  std::vector<void*> items = get_n(p, 20 * per_page);
  EXPECT_GE(source.live_pages(), 20u);

  while (items.size() > 5 * per_page) {
    p.put(items.back());
    items.pop_back();
    // The unused ones are gone; who has an item out stays.
    const pool_stats s = p.stats();
    ASSERT_TRUE(s.pages <= 10 || s.idle_pages == 0) << s.pages << ", unused " << s.idle_pages;
  }

  EXPECT_LE(source.live_pages(), 10u);
  put_all(p, items);
  EXPECT_EQ(p.check(), "");
}

// "Floors beat ceilings": what must stay is not too much, and no reason to do without caches.
TEST(CachedSupply, FloorAboveTheHighWatermarkLeavesThePoolCalm) {
  test_source source;
  pool_options o = sixteen_a_page(source);
  o.high_watermark = per_page;
  pool p(o);
  ASSERT_TRUE(p.prime(4 * per_page));

  std::vector<void*> items = get_n(p, 2 * per_page);
  put_all(p, items);

  const pool_stats s = p.stats();
  EXPECT_EQ(s.pages, 4u);
  EXPECT_EQ(s.tight, 0u);
  EXPECT_GT(s.cached, 0u);
}

// "Setting it releases at once what is unused", and what is cached is unused.
TEST_P(CachedSupply, LoweringTheHighWatermarkEmptiesAllCaches) {
  test_source source;
  pool p(sixteen_a_page(source));
  const idle_crew crew(p, 4, 30 * per_page, GetParam());
  EXPECT_GT(p.stats().cached, 0u);
  const std::size_t n_before = source.live_pages();
  EXPECT_GE(n_before, 30u);

  p.set_high_watermark(n_before * per_page);
  EXPECT_EQ(source.live_pages(), n_before);
  p.set_high_watermark(2 * per_page);

  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(p.stats().cached, 0u);
  EXPECT_EQ(p.check(), "");
}

// ---- the low watermark

// "Never released below what n items need", and "down to reserve and low watermark".
TEST_P(CachedSupply, LowWatermarkAndReserveStayWhateverIsCached) {
  for (const bool is_reserve : {false, true}) {
    test_source source;
    pool p(sixteen_a_page(source));
    if (is_reserve) {
      EXPECT_TRUE(p.prime(6 * per_page));
    } else {
      p.set_low_watermark(6 * per_page);
    }
    const idle_crew crew(p, 4, 30 * per_page, GetParam());

    EXPECT_NE(p.reclaim(), 0u);

    EXPECT_EQ(source.live_pages(), 6u);
    EXPECT_EQ(p.stats().cached, 0u);
  }
}

// ---- reclaim

// "Gives back every completely unused page": what lies in caches is unused.
TEST_P(CachedSupply, ReclaimTakesWhatIsCached) {
  test_source source;
  pool p(sixteen_a_page(source));
  const idle_crew crew(p, 6, 20 * per_page, GetParam());
  std::vector<void*> items = get_n(p, 20 * per_page);
  void* const kept = items.back();
  items.pop_back();
  put_all(p, items);
  const std::size_t n_pages = source.live_pages();

  EXPECT_EQ(p.reclaim(), (n_pages - 1) * 4096);

  EXPECT_EQ(source.live_pages(), 1u);
  EXPECT_EQ(p.check(), "");
  p.put(kept);
  EXPECT_EQ(p.reclaim(), 4096u);
  EXPECT_EQ(p.stats().total, 0u);
}

TEST_P(CachedSupply, ReclaimAllTakesWhatIsCachedInEveryPool) {
  test_source source;
  pool a(sixteen_a_page(source)), b(sixteen_a_page(source));
  const idle_crew of_a(a, 2, 100, GetParam());
  const idle_crew of_b(b, 2, 100, GetParam());

  EXPECT_NE(reclaim_all(), 0u);

  EXPECT_EQ(source.live_pages(), 0u);
}

// ---- threads that end

// "A thread that ends parks its magazines with their items; the next thread that needs one takes it
// over as it is": however many come and go, they need no more than those that are there at a time.
TEST(CachedSupply, ThreadsThatComeAndGoTakeOverWhatTheyLeave) {
  test_source source;
  pool p(sixteen_a_page(source));
  std::size_t n_bytes = 0;
  for (int i = 0; i < 200; ++i) {
    const idle_crew crew(p, 1, 30, fate::exited);
    if (i == 0) n_bytes = base::arena::bytes_out();
  }
  EXPECT_EQ(base::arena::bytes_out(), n_bytes);
  EXPECT_EQ(source.live_pages(), 2u);
  EXPECT_EQ(p.check(), "");
}

// ---- by themselves

// "Below it, idle pages go back by themselves within three idle times", also when those who have
// them in their caches do nothing at all.
TEST_P(CachedSupply, IdlePagesGoBackFromTheCachesOfIdleThreads) {
  test_source source;
  pool_options o = sixteen_a_page(source);
  o.idle_time = 200ms;
  pool p(o);
  const idle_crew crew(p, 4, 10 * per_page, GetParam());
  EXPECT_GT(p.stats().cached, 0u);
  const auto last_put = std::chrono::steady_clock::now();

  EXPECT_TRUE(run_until([&] { return source.live_pages() == 0; }));

  const auto took = std::chrono::steady_clock::now() - last_put;
  EXPECT_GE(took, 90ms) << "not before it was unused for half an idle time";
  EXPECT_LT(took, 600ms + 5s) << "the second term is for a busy machine";
  EXPECT_EQ(p.stats().cached, 0u);
  EXPECT_EQ(p.check(), "");
}

// "The next put takes the slow path and arms it": puts that find room in a cache are noticed, too.
TEST(CachedSupply, PutsThatNobodyHeardOfAreNoticedLater) {
  test_source source;
  pool_options o = sixteen_a_page(source);
  o.idle_time = 10ms;
  pool p(o);
  actor a;
  std::vector<void*> items;
  a([&] { items = get_n(p, 5 * per_page); });
  // Long enough for housekeeping to find that nothing is unused, and to sleep.
  EXPECT_FALSE(run_until([&] { return source.live_pages() < 5; }, 100ms));

  a([&] { put_all(p, items); });

  EXPECT_TRUE(run_until([&] { return source.live_pages() == 0; }, 10s));
}

// "It shrinks only when housekeeping recalls it for having made no visit": a thread that goes on
// keeps what it works with.
TEST(CachedSupply, ThreadThatGoesOnKeepsWorkingWhileItsPagesAreLookedAt) {
  test_source source;
  pool_options o = sixteen_a_page(source);
  o.idle_time = 2ms;
  pool p(o);
  const auto end = std::chrono::steady_clock::now() + 200ms;
  std::vector<void*> items;
  while (std::chrono::steady_clock::now() < end) {
    items = get_n(p, 3 * per_page);
    put_all(p, items);
    p.put(p.get());
  }
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_TRUE(run_until([&] { return source.live_pages() == 0; }, 10s));
  EXPECT_EQ(p.check(), "");
}

}  // namespace
}  // namespace pool9::test
