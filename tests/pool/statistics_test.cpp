// SPDX-License-Identifier: BSD-2-Clause
// G9: counts are true, and never less than what was reported before.
#include <bit>
#include <cstring>
#include <deque>
#include <numeric>

#include "pools.hpp"
#include "stress/sanitized.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

/// The figures that only grow.
constexpr std::uint64_t pool_stats::*growing[] = {&pool_stats::gets,
                                                  &pool_stats::puts,
                                                  &pool_stats::fails,
                                                  &pool_stats::waits,
                                                  &pool_stats::timeouts,
                                                  &pool_stats::cancels,
                                                  &pool_stats::limit_hits,
                                                  &pool_stats::source_fails,
                                                  &pool_stats::pages_requested,
                                                  &pool_stats::peak_out,
                                                  &pool_stats::pages_released,
                                                  &pool_stats::wait_ns_total,
                                                  &pool_stats::peak_pages,
                                                  &pool_stats::peak_out_time_ns,
                                                  &pool_stats::last_growth_time_ns};

bool never_less(const pool_stats& now, const pool_stats& before) {
  for (const auto figure : growing)
    if (now.*figure < before.*figure) return false;
  for (int i = 0; i < 32; ++i)
    if (now.wait_histogram[i] < before.wait_histogram[i]) return false;
  return true;
}
bool adds_up(const pool_stats& s) {
  return s.total == s.out + s.cached + s.free && s.gets == s.puts + s.out &&
         s.out <= s.hard_limit && s.out <= s.peak_out && s.pages <= s.peak_pages &&
         s.pages_requested - s.pages_released >= s.pages;
}

TEST(Statistics, NeverGoBackAndAlwaysAddUpWhileThreadsWork) {
  test_source source;
  pool_options o = four_a_page(source);
  o.hard_limit = 6;
  o.high_watermark = 4;
  pool p(o);
  std::atomic<bool> stop{false};
  std::deque<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      while (!stop) {
        void* items[3];
        if (t == 0 && p.try_get_bulk(items)) p.put_bulk(items);
        if (void* const item = p.try_get_for(std::chrono::microseconds(50 * t))) p.put(item);
      }
    });

  const auto end = std::chrono::steady_clock::now() + (sanitized ? 300ms : 500ms);
  pool_stats before = p.stats();
  std::size_t n_backward = 0, n_wrong = 0;
  while (std::chrono::steady_clock::now() < end) {
    const pool_stats now = p.stats();
    n_backward += never_less(now, before) ? 0 : 1;
    n_wrong += adds_up(now) ? 0 : 1;
    before = now;
  }
  stop = true;
  for (auto& t : threads) t.join();

  EXPECT_EQ(n_backward, 0u);
  EXPECT_EQ(n_wrong, 0u);
  EXPECT_GT(before.gets, 0u);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(Statistics, HistogramHoldsEveryWaitThatEndedWithAnItem) {
  pool p({.name = "wait", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  for (int i = 0; i < 3; ++i) {
    void* const item = p.get();
    noting_waiter w;
    EXPECT_EQ(p.get_or_enqueue(w), nullptr);
    ASSERT_TRUE(run_until([&] { return p.stats().oldest_wait_ns >= 2'000'000; }));
    const pool_stats before = p.stats();
    p.put(item);
    p.put(w.wait_for_item());
    const pool_stats after = p.stats();
    const std::uint64_t microseconds = (after.wait_ns_total - before.wait_ns_total) / 1000;
    const auto bucket = static_cast<std::size_t>(std::bit_width(microseconds));
    EXPECT_EQ(after.wait_histogram[bucket], before.wait_histogram[bucket] + 1)
        << microseconds << " us are less than 2^" << bucket;
  }
  const pool_stats s = p.stats();

  EXPECT_EQ(std::accumulate(std::begin(s.wait_histogram), std::end(s.wait_histogram), 0u), 3u);
  EXPECT_EQ(std::accumulate(s.wait_histogram, s.wait_histogram + 11, 0u), 0u)
      << "each waited for more than 1024 microseconds";
  EXPECT_GE(s.wait_ns_total, 6'000'000u);
  EXPECT_EQ(s.waits, 3u);
  EXPECT_EQ(s.oldest_wait_ns, 0u);
}

TEST(Statistics, OldestWaitIsThatOfTheFirstInLine) {
  pool p({.name = "wait", .item_size = 64, .hard_limit = 0, .idle_time = never_idle});
  noting_waiter first, second;
  EXPECT_EQ(p.get_or_enqueue(first), nullptr);
  ASSERT_TRUE(run_until([&] { return p.stats().oldest_wait_ns >= 5'000'000; }));
  EXPECT_EQ(p.get_or_enqueue(second), nullptr);
  EXPECT_GE(p.stats().oldest_wait_ns, 5'000'000u);

  EXPECT_TRUE(p.cancel(first));

  EXPECT_EQ(p.stats().waiters, 1u);
  EXPECT_TRUE(p.cancel(second));
  EXPECT_EQ(p.stats().oldest_wait_ns, 0u);
}

TEST(Statistics, PeakIsKeptAndItsTimeIsToday) {
  test_source source;
  pool p(four_a_page(source));
  std::vector<void*> items = get_n(p, 9);
  EXPECT_EQ(p.stats().peak_out, 9u);
  put_all(p, items);
  items = get_n(p, 5);
  put_all(p, items);
  EXPECT_NE(p.reclaim(), 0u);

  const pool_stats s = p.stats();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ns =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  EXPECT_EQ(s.peak_out, 9u);
  EXPECT_EQ(s.peak_pages, 3u);
  EXPECT_LT(now_ns - s.peak_out_time_ns, 60'000'000'000u);
  EXPECT_LT(now_ns - s.last_growth_time_ns, 60'000'000'000u);
}

TEST(Statistics, PeakIsNotedThoughNobodyLooksWhileItLasts) {
  test_source source;
  pool_options o = four_a_page(source);
  o.thread_cache = false;
  pool p(o);
  for (const std::size_t n : {5u, 9u, 7u}) {
    std::vector<void*> items = get_n(p, n);
    put_all(p, items);
  }
  EXPECT_EQ(p.stats().peak_out, 9u);
}

TEST(Statistics, NameIsCutAndNumbersAreUnique) {
  test_source source;
  pool_options o = four_a_page(source);
  const std::string name(100, 'n');
  o.name = name;
  pool a(o), b(o);
  a.put(a.get());
  b.put(b.get());
  EXPECT_STREQ(a.stats().name, std::string(31, 'n').c_str());
  EXPECT_EQ(a.name(), std::string(31, 'n'));
  EXPECT_NE(a.stats().id, b.stats().id);
}

TEST(Statistics, ResidentBytesArePagesAndStorage) {
  test_source source;
  pool p(four_a_page(source));
  alignas(16) static std::byte storage[16384];
  EXPECT_GT(p.prime(std::span(storage)), 10u);
  const std::uint64_t of_storage = p.stats().resident_bytes;
  EXPECT_GT(of_storage, 10u * 1024);
  EXPECT_LE(of_storage, sizeof storage);
  EXPECT_TRUE(p.prime(4));
  EXPECT_EQ(p.stats().resident_bytes, of_storage + 4096);
}

}  // namespace
}  // namespace pool9::test
