// SPDX-License-Identifier: BSD-2-Clause
// Where accepted clients wait, in order, until a connection item is put back.
//
// Nobody is refused: a client waits here as a pool9::waiter, which takes no thread; when the lobby
// is full as well, the next client is accepted only when a place in it is put back - for which the
// lobby waits as a pool9::waiter itself - and until then the system holds it.
#pragma once
#include <mutex>
#include <optional>
#include <pool9/pool.hpp>

#include "house.hpp"
#include "ring.hpp"

namespace httpd {

/// An accepted client that waits for a connection item, in an item of the lobby pool.
class guest final : public pool9::waiter, public ring_link {
 public:
  guest(class lobby& where, socket_type socket) noexcept
      : pool9::waiter(&served), lobby_(where), socket_(std::move(socket)) {}

  /// Whether the client has left without having asked for anything.
  [[nodiscard]] bool has_left() noexcept;

 private:
  friend class lobby;
  static void served(pool9::waiter& w, void* item) noexcept;

  lobby& lobby_;
  socket_type socket_;
  const clock::time_point since_ = clock::now();
};

class lobby {
 public:
  /// Listens on `address`:`port`, port 0: any that is free.  Throws: std::system_error.
  lobby(house& h, const strand& desk, const tcp::endpoint& where);

  [[nodiscard]] tcp::endpoint address() const { return acceptor_.local_endpoint(); }
  /// Begins to accept.
  void open();
  /// Accepts nobody any more; who waits is still served.  Requires: on the strand.
  void close();
  /// Takes who has left out of the queue, or everybody.
  void inspect(bool everybody) noexcept;

 private:
  friend class guest;
  using acceptor = asio::basic_socket_acceptor<tcp, executor>;

  /// Waits for a place in the lobby.
  struct place_waiter final : pool9::waiter {
    explicit place_waiter(lobby& l) noexcept : pool9::waiter(&served), owner(l) {}
    static void served(pool9::waiter& w, void* item) noexcept;
    lobby& owner;
  };

  // On the strand.
  void await_place();
  void await_client(pool9::pooled_item place);
  void on_client(std::error_code error, socket_type socket, pool9::pooled_item place);
  void welcome(socket_type socket, pool9::pooled_item place);

  void seat(guest& g, void* item) noexcept;

  house& house_;
  strand desk_;
  acceptor acceptor_;
  asio::basic_waitable_timer<clock, asio::wait_traits<clock>, executor> pause_;
  std::optional<place_waiter> place_waiter_;
  std::atomic<bool> open_{false};

  std::mutex mutex_;
  ring<guest> waiting_;  // guarded by mutex_
};

}  // namespace httpd
