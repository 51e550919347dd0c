// SPDX-License-Identifier: BSD-2-Clause
// asio_ext::async_get with each kind of completion token, and what is associated with a token.
#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include "asio_pools.hpp"

namespace pool9::test {
namespace {

using AsioGet = asio_test;

TEST_F(AsioGet, CallbackIsCalledWithAnItemAndNotFromInside) {
  pooled_item item;
  async_get(p, io.get_executor(), [&](std::error_code e, pooled_item i) {
    EXPECT_FALSE(e);
    item = std::move(i);
  });
  EXPECT_EQ(item, nullptr);

  io.run();

  EXPECT_NE(item, nullptr);
}

TEST_F(AsioGet, CallbackWaitsAndKeepsTheContextRunning) {
  hold();
  pooled_item item;
  async_get(p, io.get_executor(), [&](std::error_code, pooled_item i) { item = std::move(i); });
  EXPECT_EQ(io.poll(), 0u);
  EXPECT_FALSE(io.stopped()) << "a get that waits is outstanding work";

  held.reset();

  EXPECT_EQ(item, nullptr) << "not on the thread that puts";
  io.run();
  EXPECT_NE(item, nullptr);
  EXPECT_EQ(p.stats().fails, 0u);
}

TEST_F(AsioGet, Future) {
  hold();
  std::future<pooled_item> item = async_get(p, io.get_executor(), asio::use_future);
  held.reset();
  io.run();
  EXPECT_NE(item.get(), nullptr);
}

TEST_F(AsioGet, Awaitable) {
  hold();
  bool had_it = false;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        const pooled_item item = co_await async_get(p, asio::use_awaitable);
        had_it = item != nullptr;
      },
      asio::detached);
  io.poll();
  held.reset();
  io.run();
  EXPECT_TRUE(had_it);
}

TEST_F(AsioGet, DeferredIsStartedWhenItIsCalled) {
  auto later = async_get(p, io.get_executor(), asio::experimental::deferred);
  EXPECT_EQ(p.stats().gets, 0u);
  pooled_item item;
  std::move(later)([&](std::error_code, pooled_item i) { item = std::move(i); });
  io.run();
  EXPECT_NE(item, nullptr);
}

TEST_F(AsioGet, DetachedPutsTheItemBack) {
  hold();
  async_get(p, io.get_executor(), asio::detached);
  held.reset();
  io.run();
  EXPECT_EQ(p.stats().puts, 2u);
}

TEST_F(AsioGet, TupleInsteadOfAnException) {
  hold();
  asio::cancellation_signal signal;
  std::error_code error;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        auto [e, item] = co_await async_get(p, asio::experimental::as_tuple(asio::use_awaitable));
        error = e;
        EXPECT_EQ(item, nullptr);
      },
      asio::bind_cancellation_slot(signal.slot(), asio::detached));
  io.poll();

  signal.emit(asio::cancellation_type::terminal);
  io.run();

  EXPECT_EQ(error, asio::error::operation_aborted);
}

TEST_F(AsioGet, CompletesOnTheAssociatedExecutor) {
  asio::thread_pool other(1);
  auto strand = asio::make_strand(other);
  hold();
  std::promise<bool> on_it;
  async_get(p, io.get_executor(), asio::bind_executor(strand, [&](std::error_code, pooled_item) {
              on_it.set_value(strand.running_in_this_thread());
            }));

  held.reset();
  io.run();

  EXPECT_TRUE(on_it.get_future().get());
  other.join();
}

TEST_F(AsioGet, CompletesOnAThreadOfTheSystemsWithoutAnExecutor) {
  std::promise<pooled_item> item;
  async_get(p, [&](std::error_code, pooled_item i) { item.set_value(std::move(i)); });
  EXPECT_NE(item.get_future().get(), nullptr);
}

/// Counts what is allocated and not freed yet.
template <class T>
struct counting_allocator {
  using value_type = T;
  explicit counting_allocator(int& n, int& all) noexcept : n_live(n), n_ever(all) {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) noexcept
      : n_live(other.n_live), n_ever(other.n_ever) {}
  T* allocate(std::size_t n) {
    ++n_live;
    ++n_ever;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* memory, std::size_t n) noexcept {
    --n_live;
    std::allocator<T>().deallocate(memory, n);
  }
  friend bool operator==(const counting_allocator&, const counting_allocator&) = default;
  int& n_live;
  int& n_ever;
};

TEST_F(AsioGet, AllocatesAsAssociatedAndFreesBeforeTheCall) {
  int n_live = 0, n_ever = 0, live_when_called = -1;
  hold();
  async_get(p, io.get_executor(),
            asio::bind_allocator(counting_allocator<char>(n_live, n_ever),
                                 [&](std::error_code, pooled_item) { live_when_called = n_live; }));
  EXPECT_EQ(n_live, 1);
  held.reset();
  io.run();
  EXPECT_EQ(live_when_called, 0);
  EXPECT_EQ(n_ever, 2) << "the operation, and its way through the executor";
}

TEST_F(AsioGet, IsCancelledThroughItsSlotAndLeavesTheQueue) {
  hold();
  asio::cancellation_signal signal;
  std::error_code error;
  pooled_item next;
  async_get(p, io.get_executor(),
            asio::bind_cancellation_slot(signal.slot(), [&](std::error_code e, pooled_item i) {
              EXPECT_EQ(i, nullptr);
              error = e;
            }));
  async_get(p, io.get_executor(), [&](std::error_code, pooled_item i) { next = std::move(i); });

  signal.emit(asio::cancellation_type::total);
  signal.emit(asio::cancellation_type::total);  // twice is once
  EXPECT_FALSE(error) << "not from inside";
  held.reset();
  io.run();

  EXPECT_EQ(error, asio::error::operation_aborted);
  EXPECT_NE(next, nullptr);
  EXPECT_EQ(p.stats().cancels, 1u);
}

TEST_F(AsioGet, CancellationAfterServiceChangesNothing) {
  hold();
  asio::cancellation_signal signal;
  pooled_item item;
  async_get(p, io.get_executor(),
            asio::bind_cancellation_slot(signal.slot(), [&](std::error_code e, pooled_item i) {
              EXPECT_FALSE(e);
              item = std::move(i);
            }));
  held.reset();
  signal.emit(asio::cancellation_type::terminal);  // served, its completion is on its way

  io.run();
  signal.emit(asio::cancellation_type::terminal);  // and has been called

  EXPECT_NE(item, nullptr);
}

}  // namespace
}  // namespace pool9::test
