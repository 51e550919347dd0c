// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "ALLOCATING ITEMS FROM A POOL": PR_WAITOK.  In order, by direct hand-off, with nothing
// lost.
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "If no resources are available and PR_WAITOK is given, this function will wait until items are
// returned to the pool."
TEST(PoolWaiting, ServesInOrderOfArrival) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  struct pool* const pp = p;
  void* item = pool_get(p, PR_WAITOK);
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::unique_ptr<task<int>>> threads;

  for (int i = 0; i < 32; ++i) {
    threads.push_back(std::make_unique<task<int>>([&, i] {
      void* mine = pool_get(pp, PR_WAITOK);
      {
        const std::scoped_lock lock(mutex);
        order.push_back(i);
      }
      pool_put(pp, mine);
      return i;
    }));
    await_waiters(p, static_cast<std::size_t>(i) + 1);
  }
  pool_put(p, item);
  for (const auto& thread : threads) (void)thread->result();

  for (int i = 0; i < 32; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_GE(p.stats().waits, 32u);
}

// The put hands its item over: from then on it is the waiter's, whether that has woken up or not.
TEST(PoolWaiting, NewcomersDoNotOvertake) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  for (int round = 0; round < 50; ++round) {
    void* item = pool_get(p, PR_NOWAIT);
    auto waiting = start_waiting(p);

    pool_put(p, item);
    EXPECT_EQ(p.stats().out, 1u) << "never free in between";
    EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);

    EXPECT_EQ(waiting->result(), item);
    pool_put(p, item);
  }
}

// While somebody waits, what is free is on its way to him.
TEST(PoolWaiting, NewcomersTakeNothingThatGathersForTheFirst) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);
  auto items = get_n(p, 3);
  struct pool* const pp = p;
  void* wanted[2];
  task<int> bulk([&] { return pool_get_bulk(pp, PR_WAITOK, wanted, 2); });
  await_waiters(p, 1);
  auto later = start_waiting(p);

  pool_put(p, items[0]);
  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr) << "one item of two has gathered";
  EXPECT_FALSE(bulk.is_done());
  EXPECT_FALSE(later->is_done());
  pool_put(p, items[1]);
  EXPECT_EQ(bulk.result(), 0);
  EXPECT_FALSE(later->is_done());
  pool_put(p, items[2]);

  pool_put(p, later->result());
  pool_put(p, wanted[0]);
  pool_put(p, wanted[1]);
}

TEST(PoolWaiting, EveryItemThatComesBackServesSomebody) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 8, nullptr, 0), 0);
  auto items = get_n(p, 8);
  std::vector<std::unique_ptr<getter>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(start_waiting(p));

  pool_put_bulk(p, items.data(), items.size());

  items.clear();
  for (const auto& w : waiting) items.push_back(w->result());
  EXPECT_TRUE(are_disjoint(items, 1024));
  EXPECT_EQ(p.stats().waiters, 0u);
  put_all(p, items);
}

TEST(PoolWaiting, TimeOfTheOldestIsShown) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  EXPECT_EQ(p.stats().oldest_wait_ns, 0u);
  auto waiting = start_waiting(p);

  EXPECT_TRUE(run_until([&] { return p.stats().oldest_wait_ns > 1000000; }));

  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  pool_put(p, waiting->result());
  const pool_stats s = p.stats();
  EXPECT_EQ(s.oldest_wait_ns, 0u);
  EXPECT_EQ(s.waits, 1u);
  EXPECT_GE(s.wait_ns_total, 1000000u);
}

// ---- time-outs

TEST(PoolWaiting, TimedOutWaiterIsPassedOver) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_NOWAIT);
  struct pool* const pp = p;
  const timespec soon{0, 20000000};
  getter hasty([&] { return pool_get_timed(pp, PR_WAITOK, &soon); });
  await_waiters(p, 1);
  auto patient = start_get(p, PR_WAITOK);

  EXPECT_EQ(hasty.result(), nullptr);
  await_waiters(p, 1);
  pool_put(p, item);

  EXPECT_EQ(patient->result(), item);
  pool_put(p, item);
}

TEST(PoolWaiting, WaiterThatGivesUpInTheMiddleLetsTheNextOneMoveUp) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 2, nullptr, 0), 0);
  auto items = get_n(p, 2);
  struct pool* const pp = p;
  const timespec soon{0, 20000000};
  auto first = start_waiting(p);
  getter hasty([&] { return pool_get_timed(pp, PR_WAITOK, &soon); });
  EXPECT_EQ(hasty.result(), nullptr);
  auto last = start_waiting(p);

  pool_put(p, items[0]);
  pool_put(p, items[1]);

  EXPECT_EQ(first->result(), items[0]);
  EXPECT_EQ(last->result(), items[1]);
  put_all(p, items);
}

TEST(PoolWaiting, TimeoutsLoseNothing) {
  c_pool p({.size = 64});
  const std::size_t limit = 3;
  ASSERT_EQ(pool_sethardlimit(p, limit, nullptr, 0), 0);
  struct pool* const pp = p;
  std::atomic<std::size_t> served{0};

  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 200; ++i) {
        const timespec brief{0, static_cast<long>(random() % 100000)};
        void* item = pool_get_timed(pp, PR_WAITOK, &brief);
        if (item == nullptr) continue;
        ++served;
        if (random() % 2 == 0) std::this_thread::yield();
        pool_put(pp, item);
      }
    });
  }
  for (auto& thread : threads) thread.join();

  const pool_stats s = p.stats();
  EXPECT_TRUE(is_quiet(p));
  EXPECT_EQ(s.gets, served.load());
  EXPECT_EQ(s.gets, s.puts);
  EXPECT_EQ(s.gets + s.timeouts, 1600u);
  auto items = get_all(p);
  EXPECT_EQ(items.size(), limit) << "every item can still be had";
  put_all(p, items);
}

// A signal that is handled by a thread that waits does not end its wait, nor shorten it.
TEST(PoolWaiting, SignalsDoNotEndAWait) {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);  // without SA_RESTART
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_NOWAIT);
  struct pool* const pp = p;
  std::atomic<pthread_t> self{};
  getter waiting([&] {
    self = pthread_self();
    return pool_get(pp, PR_WAITOK);
  });
  await_waiters(p, 1);

  for (int i = 0; i < 100; ++i) {
    pthread_kill(self, SIGUSR1);
    std::this_thread::yield();
  }
  EXPECT_EQ(p.stats().waiters, 1u);
  EXPECT_FALSE(waiting.is_done());
  pool_put(p, item);

  EXPECT_EQ(waiting.result(), item);
  pool_put(p, item);
  sigaction(SIGUSR1, &before, nullptr);
}

// ---- waiting for memory

// Below the limit with an empty source: an item or memory, whichever comes first.
TEST(PoolWaiting, ForMemoryIsServedByAnItem) {
  test_source source;
  source.bound(1);
  c_pool p({.source = &source});
  auto items = get_n(p, 4);
  auto waiting = start_waiting(p);

  pool_put(p, items[2]);

  EXPECT_EQ(waiting->result(), items[2]);
  put_all(p, items);
}

TEST(PoolWaiting, ForMemoryIsServedWhenTheSourceHasSomeAgain) {
  test_source source;
  source.bound(1);
  c_pool p({.source = &source});
  auto items = get_n(p, 4);
  auto waiting = start_waiting(p);

  source.bound(2);  // nobody tells the pool

  items.push_back(waiting->result());
  EXPECT_EQ(source.live_pages(), 2u);
  put_all(p, items);
}

TEST(PoolWaiting, ForMemoryIsServedByAPageOfAnotherPool) {
  test_source source;
  source.bound(1);
  c_pool p({.wchan = "needs", .source = &source});
  void* item = nullptr;
  {
    c_pool q({.wchan = "has", .source = &source});
    void* held = pool_get(q, PR_NOWAIT);
    auto waiting = start_waiting(p);
    pool_put(q, held);
    EXPECT_EQ(pool_reclaim(q), 1);
    item = waiting->result();
  }
  EXPECT_TRUE(source.holds(item, 1024));
  pool_put(p, item);
}

TEST(PoolWaiting, ForMemoryKeepsTheOrder) {
  test_source source;
  source.fail_now();
  c_pool p({.size = 4096, .source = &source});  // one item to a page
  std::vector<std::unique_ptr<getter>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(start_waiting(p));

  std::vector<void*> items;
  for (std::size_t i = 0; i < 5; ++i) {
    source.succeed();
    source.bound(i + 1);
    items.push_back(waiting[i]->result());
    EXPECT_EQ(p.stats().waiters, 4 - i);
  }
  put_all(p, items);
}

// The source is asked again, but with pauses: waiting is no work.
TEST(PoolWaiting, ForMemoryDoesNotHammerTheSource) {
  test_source source;
  source.fail_now();
  c_pool p({.source = &source});
  const timespec t{0, 300000000};

  EXPECT_EQ(pool_get_timed(p, PR_WAITOK, &t), nullptr);

  EXPECT_GE(source.n_calls(), 2u);
  EXPECT_LE(source.n_calls(), 300u);
}

// ---- several items at once

TEST(PoolWaiting, BulkGetsOfThreadsThatHoldNothingDoNotDeadlock) {
  c_pool p({.size = 64});
  ASSERT_EQ(pool_sethardlimit(p, 4, nullptr, 0), 0);
  struct pool* const pp = p;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      void* items[4];
      for (int i = 0; i < 200; ++i) {
        const std::size_t n = 1 + random() % 4;
        ASSERT_EQ(pool_get_bulk(pp, PR_WAITOK, items, n), 0);
        pool_put_bulk(pp, items, n);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(is_quiet(p));
}

TEST(PoolWaiting, BulkBeyondALoweredLimitEndsItsWait) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 5, nullptr, 0), 0);
  auto items = get_n(p, 3);
  struct pool* const pp = p;
  void* wanted[4];
  task<int> bulk([&] { return pool_get_bulk(pp, PR_WAITOK, wanted, 4); });
  await_waiters(p, 1);

  ASSERT_EQ(pool_sethardlimit(p, 3, nullptr, 0), 0);

  EXPECT_EQ(bulk.result(), EINVAL);
  put_all(p, items);
}

}  // namespace
