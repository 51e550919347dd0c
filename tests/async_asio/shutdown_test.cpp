// SPDX-License-Identifier: BSD-2-Clause
// Execution contexts that end with gets queued, served or on their way.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>

#include "asio_pools.hpp"

namespace pool9::test {
namespace {

TEST(AsioShutdown, DropsQueuedGetsAndTheirHandlers) {
  pool p(few(1));
  pooled_item held(p.get(), {&p});
  const auto alive = std::make_shared<int>();
  auto io = std::make_unique<asio::io_context>();
  for (int i = 0; i < 10; ++i) {
    async_get(p, io->get_executor(), [alive](std::error_code, pooled_item) { ADD_FAILURE(); });
    asio::co_spawn(
        asio::make_strand(*io),
        [alive, &p]() -> asio::awaitable<void> {
          auto item = co_await async_get(p, asio::use_awaitable);
          ADD_FAILURE();
        },
        asio::detached);
  }
  io->poll();
  EXPECT_EQ(p.stats().waiters, 20u);

  io.reset();

  EXPECT_EQ(p.stats().waiters, 0u);
  EXPECT_EQ(alive.use_count(), 1);
  held.reset();  // nobody is there to be posted to
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(AsioShutdown, PutsBackWhatWasServedButNeverRun) {
  pool p(few(1));
  pooled_item held(p.get(), {&p});
  auto io = std::make_unique<asio::io_context>();
  async_get(p, io->get_executor(), [](std::error_code, pooled_item) { ADD_FAILURE(); });
  held.reset();
  EXPECT_EQ(p.stats().out, 1u);

  io.reset();

  EXPECT_EQ(p.stats().out, 0u);
}

TEST(AsioShutdown, HandlerThatHoldsAnItemOfThePoolServesNobodyWhoIsGone) {
  pool p(few(1));
  auto io = std::make_unique<asio::io_context>();
  // Dropping the first handler puts the item that the others of the context wait for.
  async_get(p, io->get_executor(), [&](std::error_code, pooled_item item) {
    async_get(p, io->get_executor(), [i = std::move(item)](std::error_code, pooled_item) {});
  });
  io->poll();
  for (int i = 0; i < 5; ++i)
    async_get(p, io->get_executor(), [](std::error_code, pooled_item) { ADD_FAILURE(); });
  EXPECT_EQ(p.stats().waiters, 6u);

  io.reset();

  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().waiters, 0u);
}

TEST(AsioShutdown, LeavesGetsOfOtherContextsAlone) {
  pool p(few(1));
  pooled_item held(p.get(), {&p}), item;
  asio::io_context stays;
  auto goes = std::make_unique<asio::io_context>();
  async_get(p, goes->get_executor(), [](std::error_code, pooled_item) { ADD_FAILURE(); });
  async_get(p, stays.get_executor(), [&](std::error_code, pooled_item i) { item = std::move(i); });

  goes.reset();
  held.reset();
  stays.run();

  EXPECT_NE(item, nullptr);
}

TEST(AsioShutdown, AgainstPutsOfOtherThreadsLosesNothing) {
  pool p(few(2));
  std::atomic<int> n_called{0};
  for (int i = 0; i < (sanitized ? 500 : 2000); ++i) {
    pooled_item one(p.get(), {&p}), two(p.get(), {&p});
    auto io = std::make_unique<asio::io_context>();
    for (int j = 0; j < 4; ++j)
      async_get(p, io->get_executor(), [&](std::error_code, pooled_item) { ++n_called; });
    meeting all(3);
    std::thread putter([&] {
      all.meet();
      one.reset();
    });
    std::thread other([&] {
      all.meet();
      two.reset();
    });
    all.meet();
    if (i % 2 == 0) io->poll();
    io.reset();
    putter.join();
    other.join();
    ASSERT_EQ(p.stats().out, 0u);
    ASSERT_EQ(p.stats().waiters, 0u);
  }
  EXPECT_EQ(p.check(), "");
}

}  // namespace
}  // namespace pool9::test
