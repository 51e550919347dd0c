// SPDX-License-Identifier: BSD-2-Clause
// Where accepted clients wait, in order, until a connection item is put back.
//
// Nobody is refused: a client waits here as a coroutine in an item of the lobby pool, which takes
// no thread; when the lobby is full as well, the next client is accepted only when a place in it is
// put back - for which the door waits as a coroutine itself - and until then the system holds it.
//
// All of it happens on one strand.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>

#include "house.hpp"
#include "resident.hpp"
#include "ring.hpp"

namespace httpd {

class guest;

class lobby {
 public:
  /// Listens on `address`:`port`, port 0: any that is free.  Throws: std::system_error.
  lobby(house& h, const strand& desk, const tcp::endpoint& where);

  [[nodiscard]] tcp::endpoint address() const { return acceptor_.local_endpoint(); }
  /// Begins to accept.
  void open();
  /// Accepts nobody any more; who waits is still served.  Requires: on the strand.
  void close();
  /// Takes who has left out of the queue, or everybody.  Requires: on the strand.
  void inspect(bool everybody);

  /// Has the client wait, in `item`, of the lobby pool, for a connection, and served in that.
  static resident host(pool9::pooled_item item, lobby* l, socket_type socket);

 private:
  using acceptor = asio::basic_socket_acceptor<tcp, executor>;

  asio::awaitable<void> attend_the_door();

  house& house_;
  strand desk_;
  acceptor acceptor_;
  asio::cancellation_signal closing_;
  ring<guest> waiting_;
};

}  // namespace httpd
