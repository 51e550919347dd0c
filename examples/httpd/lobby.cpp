// SPDX-License-Identifier: BSD-2-Clause
#include "lobby.hpp"

#include <sys/socket.h>

#include <asio/bind_executor.hpp>
#include <asio/post.hpp>
#include <cerrno>

#include "connection.hpp"
#include "housed.hpp"

namespace httpd {
namespace {

// How long to wait before accepting again when the system has run out of descriptors or memory.
constexpr std::chrono::milliseconds shortage_pause{50};

void raise_to(std::atomic<std::uint64_t>& maximum, std::uint64_t value) noexcept {
  std::uint64_t seen = maximum.load(std::memory_order_relaxed);  // relaxed: a figure for people
  while (seen < value && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

bool guest::has_left() noexcept {
  char byte;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

// On the thread that put the connection item, with no lock held: this only passes the item on.
void guest::served(pool9::waiter& w, void* item) noexcept {
  guest& g = static_cast<guest&>(w);
  asio::post(g.lobby_.house_.where, [&g, item] {
    g.lobby_.house_.waiting.fetch_sub(1, std::memory_order_relaxed);  // relaxed: a hint
    g.lobby_.seat(g, item);
  });
}

void lobby::place_waiter::served(pool9::waiter& w, void* item) noexcept {
  lobby& l = static_cast<place_waiter&>(w).owner;
  asio::post(l.desk_, [&l, item] { l.await_client({item, {&l.house_.items.lobby}}); });
}

lobby::lobby(house& h, const strand& desk, const tcp::endpoint& where)
    : house_(h), desk_(desk), acceptor_(h.where), pause_(h.where) {
  acceptor_.open(where.protocol());
  acceptor_.set_option(acceptor::reuse_address(true));
  acceptor_.set_option(tcp::no_delay(true));  // sockets accepted here inherit it
  acceptor_.bind(where);
  acceptor_.listen();
}

void lobby::open() {
  open_ = true;
  asio::post(desk_, [this] { await_place(); });
}

void lobby::close() {
  open_ = false;
  std::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  if (place_waiter_ && house_.items.lobby.cancel(*place_waiter_)) place_waiter_.reset();
}

void lobby::await_place() {
  place_waiter_.emplace(*this);
  void* const item = house_.items.lobby.get_or_enqueue(*place_waiter_);
  if (item != nullptr) await_client({item, {&house_.items.lobby}});
}

void lobby::await_client(pool9::pooled_item place) {
  place_waiter_.reset();
  if (!open_) return;
  acceptor_.async_accept(asio::bind_executor(
      desk_, [this, place = std::move(place)](std::error_code error, socket_type socket) mutable {
        on_client(error, std::move(socket), std::move(place));
      }));
}

void lobby::on_client(std::error_code error, socket_type socket, pool9::pooled_item place) {
  if (!error) {
    welcome(std::move(socket), std::move(place));
    if (open_) await_place();
  } else if (error == asio::error::connection_aborted) {
    await_client(std::move(place));
  } else if (open_) {
    pause_.expires_after(shortage_pause);
    pause_.async_wait(
        asio::bind_executor(desk_, [this, place = std::move(place)](std::error_code) mutable {
          await_client(std::move(place));
        }));
  }
}

void lobby::welcome(socket_type socket, pool9::pooled_item place) {
  guest& g =
      *make_housed<guest>(house_.items.lobby, place.release(), *this, std::move(socket)).release();
  void* item = nullptr;
  {
    // Both under the lock: whoever finds a guest among the waiting may cancel it.
    const std::lock_guard lock(mutex_);
    waiting_.append(g);
    item = house_.items.connections.get_or_enqueue(g);
  }
  // Without an item the guest may have been served and be gone by now.
  if (item != nullptr) return seat(g, item);
  house_.waiting.fetch_add(1, std::memory_order_relaxed);  // relaxed: a hint
}

void lobby::seat(guest& g, void* item) noexcept {
  {
    const std::lock_guard lock(mutex_);
    waiting_.remove(g);  // from here on inspect() leaves its socket alone
  }
  const std::chrono::nanoseconds waited = clock::now() - g.since_;
  raise_to(house_.count.longest_wait_ns, static_cast<std::uint64_t>(waited.count()));
  const housed<guest> leaving(&g, {&house_.items.lobby});
  pool9::pooled_item place(item, {&house_.items.connections});
  pool9::pooled_item buffer(house_.items.buffers.try_get(), {&house_.items.buffers});
  if (buffer == nullptr) {  // there are as many as connections, all primed: it does not happen
    counters::count(house_.count.errors);
    return;
  }
  make_housed<connection>(house_.items.connections, place.release(), house_, std::move(g.socket_),
                          std::move(buffer))
      .release()
      ->start();
}

void lobby::inspect(bool everybody) noexcept {
  ring<guest> leaving;
  {
    const std::lock_guard lock(mutex_);
    waiting_.for_each([&](guest& g) {
      if (!everybody && !g.has_left()) return;
      if (!house_.items.connections.cancel(g)) return;  // it is being seated
      waiting_.remove(g);
      leaving.append(g);
    });
  }
  leaving.for_each([&](guest& g) {
    leaving.remove(g);
    house_.waiting.fetch_sub(1, std::memory_order_relaxed);  // relaxed: a hint
    counters::count(house_.count.gone);
    housed<guest>(&g, {&house_.items.lobby}).reset();
  });
}

}  // namespace httpd
