// SPDX-License-Identifier: BSD-2-Clause
#include "server.hpp"

#include <asio/post.hpp>
#include <csignal>
#include <thread>
#include <vector>

namespace httpd {
namespace {

using std::chrono::milliseconds;

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
      items_(options.limit, options.lobby_limit),
      context_(static_cast<int>(options.threads)),
      desk_(context_.get_executor()),
      house_{context_.get_executor(), files_, options_.limits, items_, {}, {}, 0, false},
      lobby_(house_, desk_, endpoint_of(options)),
      signals_(desk_),
      round_(desk_),
      report_timer_(desk_),
      reporter_(house_) {}

void server::run() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  lobby_.open();
  asio::post(desk_, [this] {
    await_signal();
    look_around();
    report();
  });
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < options_.threads; ++i) others.emplace_back([this] { context_.run(); });
  context_.run();
}

void server::stop() {
  asio::post(desk_, [this] { begin_stop(); });
}

void server::await_signal() {
  signals_.async_wait([this](std::error_code error, int) {
    if (error) return;
    begin_stop();
    await_signal();
  });
}

void server::begin_stop() {
  const bool again = house_.stopping.exchange(true);
  cut_at_ = clock::now() + (again ? milliseconds(0) : options_.limits.stop);
  lobby_.close();
  look_around();
}

void server::look_around() {
  const bool stopping = house_.stopping;
  const bool everybody = clock::now() >= cut_at_;
  lobby_.inspect(everybody);
  if (everybody)
    house_.present.cut_all();
  else
    inspect_present(stopping);

  if (stopping && !anybody_left()) return finish();
  round_.expires_after(stopping ? round_when_stopping : round);
  round_.async_wait([this](std::error_code error) {
    if (!error) look_around();
  });
}

void server::inspect_present(bool stopping) noexcept {
  patience limits = options_.limits;
  std::int64_t wanted = house_.waiting;
  if (stopping) {  // as if somebody waited for every connection
    wanted = static_cast<std::int64_t>(options_.limit);
    limits.crowded_idle = milliseconds(0);
  }
  house_.present.inspect(limits, wanted);
}

bool server::anybody_left() const noexcept {
  return items_.lobby.stats().out != 0 || items_.connections.stats().out != 0;
}

void server::report() {
  if (options_.report_every.count() == 0) return;
  report_timer_.expires_after(options_.report_every);
  report_timer_.async_wait([this](std::error_code error) {
    if (error) return;
    reporter_.print();
    report();
  });
}

void server::finish() {
  signals_.cancel();
  report_timer_.cancel();
}

}  // namespace httpd
