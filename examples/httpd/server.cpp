// SPDX-License-Identifier: BSD-2-Clause
#include "server.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <thread>
#include <vector>

namespace httpd {
namespace {

using std::chrono::milliseconds;

constexpr auto result = asio::experimental::as_tuple(asio::use_awaitable);

// How often the roster and the lobby are looked at: what a timeout may be late.
constexpr milliseconds round{100};
constexpr milliseconds round_when_stopping{20};

tcp::endpoint endpoint_of(const server_options& o) {
  std::error_code error;
  const auto address = asio::ip::make_address(o.address, error);
  if (error) throw std::system_error(error, o.address);
  return {address, o.port};
}

}  // namespace

server::server(const server_options& options)
    : options_(options),
      files_(options.root),
      items_(options.limit, options.lobby_limit, options.source),
      context_(static_cast<int>(options.threads)),
      desk_(context_.get_executor()),
      house_{context_.get_executor(), files_, options_.limits, items_, {}, {}, false},
      lobby_(house_, desk_, endpoint_of(options)),
      signals_(desk_),
      round_(desk_),
      report_timer_(desk_),
      reporter_(house_) {}

void server::run() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  lobby_.open();
  asio::co_spawn(desk_, obey_signals(), asio::detached);
  asio::co_spawn(desk_, watch_clients(), asio::detached);
  if (options_.report_every.count() != 0) asio::co_spawn(desk_, report(), asio::detached);
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < options_.threads; ++i) others.emplace_back([this] { context_.run(); });
  context_.run();
}

void server::stop() {
  asio::post(desk_, [this] { begin_stop(); });
}

asio::awaitable<void> server::obey_signals() {
  for (;;) {
    auto [error, number] = co_await signals_.async_wait(result);
    if (error) co_return;
    begin_stop();
  }
}

asio::awaitable<void> server::report() {
  for (;;) {
    report_timer_.expires_after(options_.report_every);
    auto [error] = co_await report_timer_.async_wait(result);
    if (error) co_return;
    reporter_.print();
  }
}

asio::awaitable<void> server::watch_clients() {
  while (!house_.stopping || anybody_left()) {
    const bool everybody = clock::now() >= cut_at_;
    lobby_.inspect(everybody);
    if (everybody)
      house_.present.cut_all();
    else
      inspect_present();
    round_.expires_after(house_.stopping ? round_when_stopping : round);
    co_await round_.async_wait(result);  // begin_stop() cancels it
  }
  signals_.cancel();
  report_timer_.cancel();
}

void server::begin_stop() {
  const bool again = house_.stopping.exchange(true);
  cut_at_ = clock::now() + (again ? milliseconds(0) : options_.limits.stop);
  lobby_.close();
  round_.cancel();
}

void server::inspect_present() noexcept {
  patience limits = options_.limits;
  std::uint64_t wanted = house_.waiting();
  if (house_.stopping) {  // as if somebody waited for every connection
    wanted = options_.limit;
    limits.crowded_idle = milliseconds(0);
  }
  house_.present.inspect(limits, static_cast<std::int64_t>(wanted));
}

bool server::anybody_left() const noexcept {
  return items_.lobby.stats().out != 0 || items_.connections.stats().out != 0;
}

}  // namespace httpd
