// SPDX-License-Identifier: BSD-2-Clause
// Gets against timers, and one line for threads, coroutines and operations.
#include <asio/any_io_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <deque>

#include "asio_pools.hpp"

namespace pool9::test {
namespace {

using namespace asio::experimental::awaitable_operators;
using std::chrono::microseconds;

constexpr int races = sanitized ? 2000 : 10'000;

struct score {
  std::atomic<int> items{0}, timeouts{0};
};

/// Gets against a timer that expires about when the item comes.
asio::awaitable<void> race(pool& p, score& s, int n, int seed) {
  asio::steady_timer late(co_await asio::this_coro::executor);
  for (int i = 0; i < n; ++i) {
    late.expires_after(microseconds((i * 7 + seed) % 40));
    auto either =
        co_await (async_get(p, asio::use_awaitable) || late.async_wait(asio::use_awaitable));
    ++(either.index() == 0 ? s.items : s.timeouts);
  }
}

TEST(AsioRace, GetOrTimerLosesNothing) {
  pool p(few(1));
  score s;
  asio::io_context io;
  for (int i = 0; i < 2; ++i) asio::co_spawn(io, race(p, s, races / 2, i), asio::detached);
  std::atomic<bool> done{false};
  std::jthread putter([&] {  // has the item most of the time
    while (!done) {
      pooled_item item(p.get(), {&p});
      std::this_thread::sleep_for(microseconds(20));
    }
  });

  io.run();
  done = true;
  putter.join();

  EXPECT_EQ(s.items + s.timeouts, races);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().waiters, 0u);
  EXPECT_EQ(p.check(), "");
  EXPECT_GT(s.items, 0);
  EXPECT_GT(s.timeouts, 0);
}

TEST(AsioRace, OnStrandsOfSeveralThreadsLosesNothing) {
  pool p(few(2));
  score s;
  asio::thread_pool threads(3);
  for (int i = 0; i < 8; ++i)
    asio::co_spawn(asio::make_strand(threads), race(p, s, races / 8, i), asio::detached);
  threads.join();

  EXPECT_EQ(s.items + s.timeouts, races);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(AsioQueue, ThreadsCoroutinesAndOperationsAreServedInOneOrder) {
  constexpr int n = 30;
  pool p(few(1));
  asio::thread_pool context(1);
  std::vector<int> order;  // whoever holds the item may write
  std::deque<std::thread> threads;
  const auto coroutine = [&](int who) -> detached {
    const pooled_item item = co_await pool9::async_get(p);
    order.push_back(who);
  };
  pooled_item first(p.get(), {&p});

  for (int who = 0; who < n; ++who) {
    if (who % 3 == 0)
      threads.emplace_back([&, who] {
        const pooled_item item(p.get(), {&p});
        order.push_back(who);
      });
    else if (who % 3 == 1)
      coroutine(who);
    else
      async_get(p, context.get_executor(),
                [&, who](std::error_code, pooled_item) { order.push_back(who); });
    await_waiters(p, static_cast<std::size_t>(who) + 1);
  }
  first.reset();

  for (std::thread& t : threads) t.join();
  context.join();
  ASSERT_TRUE(run_until([&] { return p.stats().puts == n + 1; }));
  ASSERT_EQ(order.size(), std::size_t{n});
  for (int who = 0; who < n; ++who) EXPECT_EQ(order[static_cast<std::size_t>(who)], who);
}

TEST(AsioQueue, WorksWithAnExecutorOfAnyType) {
  pool p(few(1));
  asio::io_context io;
  const asio::any_io_executor any = io.get_executor();
  pooled_item item;
  async_get(p, any, [&](std::error_code, pooled_item i) { item = std::move(i); });
  io.run();
  EXPECT_NE(item, nullptr);
}

}  // namespace
}  // namespace pool9::test
