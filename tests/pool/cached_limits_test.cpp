// SPDX-License-Identifier: BSD-2-Clause
// G1 and G2 with thread caches on: the limit is exact, and no get fails or waits while an item is
// free anywhere.
#include <deque>
#include <random>
#include <string>

#include "actor.hpp"
#include "stress/sanitized.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

pool_options cached(std::size_t limit) {
  return {.name = "cached", .item_size = 64, .hard_limit = limit, .idle_time = never_idle};
}

// ---- any mix of threads

/// Lets so many items be asked for at a time as the limit admits, and counts what is out.
class counted_out {
 public:
  counted_out(pool& of, std::size_t limit) : p(of), limit_(limit) {}

  pool& p;
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> n_refused{0}, n_beyond{0}, n_gets{0};

  /// Whether the caller may ask for `n` more: put back `n` afterwards, or what it did not get.
  bool book(std::size_t n) {
    std::size_t booked = n_booked_.load();
    while (booked + n <= limit_)
      if (n_booked_.compare_exchange_weak(booked, booked + n)) return true;
    return false;
  }
  void unbook(std::size_t n) { n_booked_ -= n; }
  /// After a get, and before a put: never more than are out.
  void came(std::size_t n) {
    if (n_out_.fetch_add(n) + n > limit_) ++n_beyond;
    n_gets += n;
  }
  void goes(std::size_t n) { n_out_ -= n; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> n_booked_{0}, n_out_{0};
};

/// Gets and puts in bursts, by every kind of get that may not fail.
class customer {
 public:
  customer(counted_out& all, unsigned seed, std::size_t largest_burst)
      : all_(all), random_(seed), largest_burst_(largest_burst) {}
  ~customer() { put_some(held_.size()); }
  customer(const customer&) = delete;
  customer& operator=(const customer&) = delete;

  void work() {
    while (!all_.stop) {
      get_some(1 + below(largest_burst_));
      put_some(below(held_.size() + 1));
      if (below(64) == 0) std::this_thread::sleep_for(100us);  // with what its caches hold
    }
  }

 private:
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  void get_some(std::size_t n) {
    if (n > 1 && below(8) == 0) return get_at_once(std::min<std::size_t>(n, 16));
    while (n-- != 0 && all_.book(1)) {
      void* const item = get_one();
      if (item == nullptr) return refused(1);
      all_.came(1);
      held_.push_back(item);
    }
  }
  void* get_one() {
    switch (below(4)) {
      case 0:
        return all_.p.get();
      case 1:
        return all_.p.try_get_for(0ns);
      default:
        return all_.p.try_get();
    }
  }
  void get_at_once(std::size_t n) {
    if (!all_.book(n)) return;
    std::vector<void*> items(n);
    if (!all_.p.try_get_bulk(items)) return refused(n);
    all_.came(n);
    held_.insert(held_.end(), items.begin(), items.end());
  }
  void refused(std::size_t n) {
    ++all_.n_refused;
    all_.unbook(n);
  }
  void put_some(std::size_t n) {
    const std::vector<void*> some(held_.end() - static_cast<std::ptrdiff_t>(n), held_.end());
    held_.resize(held_.size() - n);
    all_.goes(n);
    if (n != 0 && below(8) == 0) {
      all_.p.put_bulk(some);
    } else {
      for (void* item : some) all_.p.put(item);
    }
    all_.unbook(n);
  }

  counted_out& all_;
  std::mt19937 random_;
  const std::size_t largest_burst_;
  std::vector<void*> held_;
};

/// Runs customers for a while; the limit is never a reason for any of them to fail or wait.
void nobody_is_refused(std::size_t limit, std::size_t n_threads, std::chrono::milliseconds time) {
  SCOPED_TRACE(std::to_string(limit) + " items, " + std::to_string(n_threads) + " threads");
  pool p(cached(limit));
  counted_out all(p, limit);
  std::deque<std::thread> threads;
  for (unsigned t = 0; t < n_threads; ++t)
    threads.emplace_back([&, t] {
      customer(all, t + 1, std::min<std::size_t>(2 * limit / n_threads + 1, 500)).work();
    });
  std::this_thread::sleep_for(time);
  all.stop = true;
  for (auto& t : threads) t.join();

  const pool_stats s = p.stats();
  EXPECT_EQ(all.n_refused, 0u);
  EXPECT_EQ(all.n_beyond, 0u);
  EXPECT_EQ(s.waits, 0u);
  EXPECT_EQ(s.fails, 0u);
  EXPECT_EQ(s.limit_hits, 0u);
  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.gets, all.n_gets);
  EXPECT_EQ(s.puts, all.n_gets);
  EXPECT_EQ(p.check(), "");
}

// "A pool with hard limit N: any mix of threads that together never hold N items never sees a
// refusal or a wait (try), for N from 1 to 10 000 and 1 to 64 threads" - nor if they hold N and ask
// for none beyond it.
TEST(CachedLimit, MixOfThreadsThatHoldsLessNeverSeesARefusalOrAWait) {
  std::vector<std::size_t> limits{1, 7, 64, 300, 10'000}, numbers{3, 64};
  if (!sanitized) {
    limits.insert(limits.end(), {2, 3, 63, 65, 100, 1000});
    numbers.insert(numbers.end(), {1, 2, 16});
  }
  for (const std::size_t limit : limits)
    for (const std::size_t n_threads : numbers) nobody_is_refused(limit, n_threads, 20ms);
}

// "Never more than N out, sampled at every operation", by threads that ask for more.
TEST(CachedLimit, IsNeverExceededByThreadsThatAskForMore) {
  for (const std::size_t limit : std::vector<std::size_t>{1, 10, 64, 150, 1000}) {
    SCOPED_TRACE(limit);
    pool p(cached(limit));
    std::atomic<std::size_t> n_out{0}, n_beyond{0}, n_refused{0};
    std::atomic<bool> stop{false};
    std::deque<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        std::mt19937 random(t);
        std::vector<void*> held;
        while (!stop) {
          for (std::size_t n = random() % (limit / 2 + 2); n != 0; --n) {
            void* const item = p.try_get();
            if (item == nullptr) {
              ++n_refused;
              break;
            }
            if (++n_out > limit) ++n_beyond;
            held.push_back(item);
          }
          n_out -= held.size();
          put_all(p, held);
        }
      });
    // Single operations are too quick to be caught where there are few: until both were seen.
    std::this_thread::sleep_for(100ms);
    const bool was_tight = run_until([&] { return n_refused != 0; }, 10s);
    stop = true;
    for (auto& t : threads) t.join();

    EXPECT_TRUE(was_tight);
    EXPECT_EQ(n_beyond, 0u);
    EXPECT_LE(p.stats().peak_out, limit);
    EXPECT_EQ(p.stats().out, 0u);
    EXPECT_EQ(p.check(), "");
  }
}

// ---- what lies in the caches of others

class InCachesOf : public testing::TestWithParam<fate> {};

// "With N items in the caches of sleeping, idle or exited threads, the next get on another thread
// succeeds": here the limit is what forbids to make others.
TEST_P(InCachesOf, ItemsAreNoReasonToRefuseAtTheLimit) {
  for (const std::size_t limit : std::vector<std::size_t>{64, 65, 100, 1000, 10'000}) {
    SCOPED_TRACE(limit);
    pool p(cached(limit));
    const bool is_primed = limit % 10 == 0;  // a reserve is recalled for its own sake
    EXPECT_TRUE(p.prime(is_primed ? limit : 0));
    const idle_crew crew(p, 8, limit, GetParam());
    EXPECT_GT(p.stats().cached, 0u);

    std::vector<void*> items = get_n(p, limit);

    EXPECT_EQ(items.size(), limit);
    EXPECT_EQ(p.try_get(), nullptr);
    EXPECT_EQ(p.stats().cached, 0u);
    EXPECT_EQ(p.stats().fails, 1u);
    EXPECT_EQ(p.check(), "");
    put_all(p, items);
  }
}

// The same, where the source has no more pages.
TEST_P(InCachesOf, ItemsAreNoReasonToRefuseWithoutMemory) {
  for (const std::size_t n_pages : std::vector<std::size_t>{1, 3, 20, 150}) {
    SCOPED_TRACE(n_pages);
    test_source source;
    source.bound(n_pages);
    pool_options o = cached(unlimited);
    o.page_size = 4096;
    o.source = &source;
    pool p(o);
    const std::size_t n = 64 * n_pages;
    const idle_crew crew(p, 4, n, GetParam());
    EXPECT_EQ(p.stats().total, n);
    EXPECT_GT(p.stats().cached, 0u);

    std::vector<void*> items = get_n(p, n);

    EXPECT_EQ(items.size(), n);
    EXPECT_EQ(p.try_get(), nullptr);
    EXPECT_EQ(p.check(), "");
    put_all(p, items);
  }
}

// "The next get": of every kind, and not only of one item.
TEST_P(InCachesOf, ItemsServeEveryKindOfGet) {
  pool p(cached(100));
  EXPECT_TRUE(p.prime(100));
  noting_waiter w;
  void* several[100];
  const auto cache_all = [&] { return idle_crew(p, 3, 100, GetParam()); };
  {
    const idle_crew crew = cache_all();
    std::vector<void*> held = get_n(p, 99);
    held.push_back(p.get());
    put_all(p, held);
  }
  {
    const idle_crew crew = cache_all();
    EXPECT_TRUE(p.try_get_bulk(several));
    p.put_bulk(several);
  }
  {
    const idle_crew crew = cache_all();
    EXPECT_EQ(p.get_bulk(several, get_flags::waitok | get_flags::limitfail), bulk_outcome::served);
    p.put_bulk(several);
  }
  {
    const idle_crew crew = cache_all();
    EXPECT_TRUE(p.try_get_bulk(std::span(several).first(99)));
    void* const item = p.get_or_enqueue(w);
    EXPECT_NE(item, nullptr);
    p.put_bulk(std::span(several).first(99));
    p.put(item);
  }
  EXPECT_EQ(p.stats().waits, 0u);
  EXPECT_EQ(p.stats().fails, 0u);
}

INSTANTIATE_TEST_SUITE_P(CachedLimit, InCachesOf,
                         testing::Values(fate::asleep, fate::spinning, fate::exited),
                         [](const auto& tested) { return name_of(tested.param); });

// "Out + cached <= hard_limit always, so the limit needs no counter on the fast path": not with
// what a thread takes over that was cached before the limit was set.
TEST(CachedLimit, HoldsForAThreadThatTakesOverMoreThanIsAdmitted) {
  pool p(cached(unlimited));
  EXPECT_TRUE(p.prime(512));
  const idle_crew crew(p, 1, 200, fate::exited);
  EXPECT_TRUE(p.set_hard_limit(128));
  std::vector<void*> held(110), more;
  EXPECT_TRUE(p.try_get_bulk(held));
  ASSERT_GT(p.stats().cached, 18u);
  actor other;

  other([&] {
    while (void* const item = p.try_get()) {
      more.push_back(item);
      EXPECT_EQ(p.check(), "");
    }
  });

  EXPECT_EQ(more.size(), 18u);
  put_all(p, held);
  put_all(p, more);
}

// "Hard limit: counts items out (cached items are never a reason to refuse).  Below the present
// outcount: EINVAL, nothing changes."
TEST(CachedLimit, IsSetByWhatIsOutAlone) {
  pool p(cached(unlimited));
  const idle_crew crew(p, 4, 500, fate::asleep);
  std::vector<void*> held = get_n(p, 10);
  ASSERT_GT(p.stats().cached, 10u);

  EXPECT_FALSE(p.set_hard_limit(9));
  EXPECT_EQ(p.hard_limit(), unlimited);
  EXPECT_TRUE(p.set_hard_limit(10));

  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(p.check(), "");
  put_all(p, held);
  held = get_n(p, 10);
  EXPECT_EQ(p.try_get(), nullptr);
  put_all(p, held);
}

// "Free items belong to the queue while anyone waits": for a bulk get, so many that caches would
// be worth having.
TEST(CachedLimit, NothingIsCachedWhileABulkGetWaitsForMore) {
  pool p(cached(128));
  std::vector<void*> held = get_n(p, 128), wanted(100);
  task<bool> bulk([&] { return p.try_get_bulk_for(wanted, 10s); });
  await_waiters(p, 1);
  const auto put_one = [&] {
    p.put(held.back());
    held.pop_back();
  };
  while (held.size() > 29) {
    put_one();
    ASSERT_EQ(p.stats().cached, 0u);
  }
  EXPECT_FALSE(bulk.is_done());

  put_one();

  EXPECT_TRUE(bulk.result());
  p.put_bulk(wanted);
  put_all(p, held);
}

}  // namespace
}  // namespace pool9::test
