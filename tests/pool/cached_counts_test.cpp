// SPDX-License-Identifier: BSD-2-Clause
// G9 with thread caches on, and calm and tight as the statistics show them.
#include <deque>
#include <random>
#include <string>

#include "actor.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

pool_options cached(std::size_t limit = unlimited) {
  return {.name = "cached", .item_size = 64, .hard_limit = limit, .idle_time = never_idle};
}

// ---- figures

// "Exact when the pool is quiet": whoever has them in a cache.
TEST(CachedCounts, AreExactWhenThePoolIsQuiet) {
  for (const fate f : {fate::asleep, fate::spinning, fate::exited}) {
    SCOPED_TRACE(name_of(f));
    pool p(cached());
    const idle_crew crew(p, 5, 300, f);
    std::vector<void*> held = get_n(p, 123);
    put_all(p, held);
    held = get_n(p, 45);

    const pool_stats s = p.stats();

    EXPECT_EQ(s.out, 45u);
    EXPECT_EQ(s.total, s.out + s.cached + s.free);
    EXPECT_EQ(s.gets, 5 * 300u + 123 + 45);
    EXPECT_EQ(s.puts, 5 * 300u + 123);
    EXPECT_GE(s.peak_out, 123u);
    put_all(p, held);
    EXPECT_EQ(p.stats().out, 0u);
  }
}

TEST(CachedCounts, AreExactAfterEveryRecall) {
  pool p(cached(500));
  actor a, b;
  std::vector<void*> of_a, of_b;
  a([&] { of_a = get_n(p, 200); });
  b([&] { of_b = get_n(p, 300); });
  a([&] { EXPECT_EQ(p.try_get(), nullptr); });
  EXPECT_EQ(p.stats().out, 500u);
  b([&] { put_all(p, of_b); });
  EXPECT_EQ(p.stats().out, 200u);
  static_cast<void>(p.reclaim());
  EXPECT_EQ(p.stats().out, 200u);
  EXPECT_EQ(p.stats().cached, 0u);
  a([&] { put_all(p, of_a); });

  const pool_stats s = p.stats();

  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.gets, 500u);
  EXPECT_EQ(s.puts, 500u);
  EXPECT_EQ(s.fails, 1u);
  EXPECT_EQ(s.peak_out, 500u);
}

bool never_less(const pool_stats& now, const pool_stats& before) {
  return now.gets >= before.gets && now.puts >= before.puts && now.fails >= before.fails &&
         now.recalls >= before.recalls && now.refills >= before.refills &&
         now.flushes >= before.flushes && now.peak_out >= before.peak_out &&
         now.peak_pages >= before.peak_pages && now.pages_requested >= before.pages_requested &&
         now.pages_released >= before.pages_released;
}

// "Never less than what was reported before", and they add up while threads work; and however the
// last look was timed, "exact when the pool is quiet".
TEST(CachedCounts, NeverGoBackAndAreExactInTheEnd) {
  std::size_t n_backward = 0, n_wrong = 0;
  const auto end = std::chrono::steady_clock::now() + 400ms;
  for (int round = 0; std::chrono::steady_clock::now() < end; ++round) {
    pool p(cached(round % 3 == 0 ? 100 : unlimited));
    std::atomic<std::size_t> n_done{0};
    constexpr std::size_t n_threads = 2, n_pairs = 1000;
    std::deque<std::thread> threads;
    for (std::size_t t = 0; t < n_threads; ++t)
      threads.emplace_back([&] {
        for (std::size_t i = 0; i < n_pairs; ++i) p.put(p.get());
        ++n_done;
      });
    pool_stats before = p.stats();
    while (n_done != n_threads) {
      const pool_stats now = p.stats();
      n_backward += never_less(now, before) ? 0 : 1;
      n_wrong += now.total == now.out + now.cached + now.free && now.out <= now.hard_limit ? 0 : 1;
      n_wrong += now.gets > n_threads * n_pairs || now.puts > n_threads * n_pairs ? 1 : 0;
      before = now;
    }
    for (auto& t : threads) t.join();
    const pool_stats s = p.stats();
    ASSERT_EQ(s.out, 0u);
    ASSERT_EQ(s.puts, n_threads * n_pairs) << "round " << round;
    ASSERT_EQ(s.gets, n_threads * n_pairs) << "round " << round;
  }
  EXPECT_EQ(n_backward, 0u);
  EXPECT_EQ(n_wrong, 0u);
}

// However a look at the figures is timed, it leaves nothing behind that is wrong afterwards.
TEST(CachedCounts, AreExactAfterLooksAtAnyMoment) {
  pool p(cached());
  EXPECT_TRUE(p.prime(10'000));
  const idle_crew crew(p, 40, 20, fate::asleep);  // which make a look take its time
  const std::uint64_t before = p.stats().gets;
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) static_cast<void>(p.stats());
  });
  std::uint64_t n = before;
  std::size_t n_wrong = 0;
  const auto end = std::chrono::steady_clock::now() + 300ms;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 300; ++i, ++n) p.put(p.get());
    const pool_stats quiet = p.stats();
    n_wrong += quiet.gets == n && quiet.puts == n && quiet.out == 0 ? 0 : 1;
  }
  stop = true;
  reader.join();

  EXPECT_EQ(n_wrong, 0u) << "of " << (n - before) / 300;
}

// "Reading them stops nobody": no magazine is recalled for it.
TEST(CachedCounts, ReadingThemRecallsNothing) {
  pool p(cached());
  for (int i = 0; i < 2; ++i) p.put(p.get());
  const pool_stats before = p.stats();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(p.check(), "");

  const pool_stats after = p.stats();

  EXPECT_EQ(after.recalls, before.recalls);
  EXPECT_EQ(after.cached, before.cached);
  EXPECT_GT(after.cached, 0u);
  p.put(p.get());
  EXPECT_EQ(p.stats().refills, before.refills) << "the magazine is open still";
}

// ---- calm and tight

/// Pools that are short of items: at their limit, or because there is no memory.
struct shortage_of {
  const char* name;
  std::size_t n_items;
  bool of_memory;
};
void PrintTo(const shortage_of& s, std::ostream* out) { *out << s.name; }

class CachedShortage : public testing::TestWithParam<shortage_of> {
 protected:
  CachedShortage() {
    std::vector<void*> all = get_n(p, n);
    source.fail_now();
    put_all(p, all);
  }
  static pool_options options(page_source& source) {
    pool_options o = cached(GetParam().of_memory ? unlimited : GetParam().n_items);
    o.page_size = 4096;
    o.source = &source;
    return o;
  }
  const std::size_t n = GetParam().n_items;
  test_source source;
  pool p{options(source)};
};
INSTANTIATE_TEST_SUITE_P(Pools, CachedShortage,
                         testing::Values(shortage_of{"limit_of_64", 64, false},
                                         shortage_of{"limit_of_128", 128, false},
                                         shortage_of{"limit_of_1024", 1024, false},
                                         shortage_of{"memory_for_128", 128, true},
                                         shortage_of{"memory_for_1024", 1024, true}),
                         [](const auto& tested) { return tested.param.name; });

// "After a recall for scarcity the pool stays tight until there is real slack again (hysteresis:
// not one recall per get)."
TEST_P(CachedShortage, DoesNotRecallAtEveryGet) {
  std::vector<void*> held = get_n(p, n);
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_NE(p.stats().tight, 0u);
  const std::uint64_t before = p.stats().recalls;
  actor other;

  other([&] {
    for (int i = 0; i < 1000; ++i) {
      p.put(held.back());
      held.back() = p.try_get();
      ASSERT_NE(held.back(), nullptr);
      ASSERT_EQ(p.try_get(), nullptr);
    }
  });

  EXPECT_EQ(p.stats().recalls, before);
  EXPECT_EQ(p.stats().cached, 0u) << "every put goes to the pool itself";
  EXPECT_EQ(p.check(), "");
  put_all(p, held);
}

// A recall is worth about as many gets as real slack is items; near the reserve there is another.
TEST_P(CachedShortage, RecallsAreFewAmongSwingsOfAnySize) {
  const std::size_t least_slack = std::min<std::size_t>(n / 2, 64);
  const std::uint64_t before = p.stats().recalls;
  std::mt19937 random(1);
  std::vector<void*> held;
  actor other;
  std::size_t n_gets = 0;
  const auto swing = [&] {
    while (void* const item = p.try_get()) held.push_back(item);
    ASSERT_EQ(held.size(), n);
    for (std::size_t i = 1 + random() % n; i != 0; --i, ++n_gets) {
      p.put(held.back());
      held.pop_back();
    }
  };

  for (int i = 0; i < 1000; ++i) i % 2 == 0 ? swing() : other(swing);

  EXPECT_LE(p.stats().recalls - before, 2 * n_gets / least_slack + 2);
  EXPECT_EQ(p.check(), "");
  put_all(p, held);
}

// "Until there is real slack again": then caches hold items as before.
TEST_P(CachedShortage, EndsWhenThereIsSlackAgain) {
  std::vector<void*> held = get_n(p, n);
  EXPECT_EQ(p.try_get(), nullptr);

  put_all(p, held);
  p.put(p.get());

  EXPECT_EQ(p.stats().tight, 0u);
  EXPECT_GT(p.stats().cached, 0u);
  EXPECT_EQ(p.check(), "");
}

}  // namespace
}  // namespace pool9::test
