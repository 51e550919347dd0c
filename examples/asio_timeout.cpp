// SPDX-License-Identifier: BSD-2-Clause
// A get with a deadline, by Asio's own means.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <pool9/asio.hpp>

namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using pool9::asio_ext::async_get;

asio::awaitable<bool> try_for(pool9::pool& buffers, std::chrono::milliseconds patience) {
  asio::steady_timer late(co_await asio::this_coro::executor, patience);
  auto either =
      co_await (async_get(buffers, asio::use_awaitable) || late.async_wait(asio::use_awaitable));
  const bool in_time = either.index() == 0;
  std::printf("%lld ms: %s\n", static_cast<long long>(patience.count()),
              in_time ? "a buffer" : "too late");
  co_return in_time;
}  // an item that came goes back here, also one that came with the timer

}

int main() {
  pool9::pool buffers{{.name = "buffers", .item_size = 4096, .hard_limit = 1}};
  pool9::pooled_item busy(buffers.get(), {&buffers});
  asio::io_context io;
  bool as_expected = false;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        const bool too_early = co_await try_for(buffers, 10ms);
        busy.reset();
        as_expected = !too_early && co_await try_for(buffers, 10s);
      },
      asio::detached);
  io.run();
  return as_expected && buffers.stats().out == 0 ? 0 : 1;
}
