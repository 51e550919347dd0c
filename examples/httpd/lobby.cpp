// SPDX-License-Identifier: BSD-2-Clause
#include "lobby.hpp"

#include <sys/socket.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <pool9/asio.hpp>

#include "connection.hpp"
#include "here.hpp"

namespace httpd {

using pool9::asio_ext::async_get;

namespace {

constexpr auto result = asio::experimental::as_tuple(asio::use_awaitable);

// How long to wait before accepting again when the system has run out of descriptors or memory.
constexpr std::chrono::milliseconds shortage_pause{50};

void raise_to(std::atomic<std::uint64_t>& maximum, std::uint64_t value) noexcept {
  std::uint64_t seen = maximum.load(std::memory_order_relaxed);  // relaxed: a figure for people
  while (seen < value && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

/// An accepted client while it waits.
class guest final : public ring_link {
 public:
  guest(ring<guest>& others, socket_type& s) noexcept : others_(others), socket_(s) {
    others_.append(*this);
  }
  ~guest() { others_.remove(*this); }

  /// Whether the client has left without having asked for anything.
  [[nodiscard]] bool has_left() noexcept {
    char byte;
    const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
  }
  void send_away() { leaving_.emit(asio::cancellation_type::terminal); }
  asio::cancellation_slot on_leaving() noexcept { return leaving_.slot(); }
  [[nodiscard]] std::chrono::nanoseconds waited() const noexcept { return clock::now() - since_; }

 private:
  ring<guest>& others_;
  socket_type& socket_;
  asio::cancellation_signal leaving_;
  const clock::time_point since_ = clock::now();
};

resident lobby::host(pool9::pooled_item, lobby* l, socket_type socket) {
  house& h = l->house_;
  guest g(l->waiting_, socket);
  auto [left, connection] =
      co_await async_get(h.items.connections, l->desk_, here_t{g.on_leaving()});
  if (left) {
    counters::count(h.count.gone);
    co_return;
  }
  raise_to(h.count.longest_wait_ns, static_cast<std::uint64_t>(g.waited().count()));
  pool9::pooled_item buffer(h.items.buffers.try_get(), {&h.items.buffers});
  if (buffer == nullptr) {  // there are as many as connections, all primed: it does not happen
    counters::count(h.count.errors);
    co_return;
  }
  serve(std::move(connection), &h, std::move(socket), std::move(buffer));
}

lobby::lobby(house& h, const strand& desk, const tcp::endpoint& where)
    : house_(h), desk_(desk), acceptor_(h.where) {
  acceptor_.open(where.protocol());
  acceptor_.set_option(acceptor::reuse_address(true));
  acceptor_.set_option(tcp::no_delay(true));  // sockets accepted here inherit it
  acceptor_.bind(where);
  acceptor_.listen();
}

void lobby::open() {
  asio::co_spawn(desk_, attend_the_door(),
                 asio::bind_cancellation_slot(closing_.slot(), asio::detached));
}

void lobby::close() {
  std::error_code ignored;
  acceptor_.close(ignored);
  closing_.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> lobby::attend_the_door() {
  asio::basic_waitable_timer<clock, asio::wait_traits<clock>, strand> pause(desk_);
  while (acceptor_.is_open()) {
    auto [closed, place] = co_await async_get(house_.items.lobby, result);
    if (closed || !acceptor_.is_open()) co_return;
    auto [error, socket] = co_await acceptor_.async_accept(result);
    if (!error) {
      host(std::move(place), this, std::move(socket));
    } else if (error != asio::error::connection_aborted && acceptor_.is_open()) {
      pause.expires_after(shortage_pause);
      co_await pause.async_wait(result);
    }
  }
}

void lobby::inspect(bool everybody) {
  waiting_.for_each([&](guest& g) {
    if (everybody || g.has_left()) g.send_away();
  });
}

}  // namespace httpd
