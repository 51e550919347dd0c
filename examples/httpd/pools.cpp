// SPDX-License-Identifier: BSD-2-Clause
#include "pools.hpp"

#include <algorithm>

#include "connection.hpp"
#include "lobby.hpp"

namespace httpd {
namespace {

std::size_t size_of_a_connection() {
  asio::io_context none;
  return resident::item_size([&] { serve({}, nullptr, socket_type(none.get_executor()), {}); });
}
std::size_t size_of_a_guest() {
  asio::io_context none;
  return resident::item_size([&] { lobby::host({}, nullptr, socket_type(none.get_executor())); });
}

}  // namespace

pools::pools(std::size_t limit, std::size_t lobby_limit, pool9::page_source* source)
    : connections({.name = "connection",
                   .item_size = size_of_a_connection(),
                   .align = __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                   .reserve = limit,
                   .hard_limit = limit,
                   .source = source}),
      buffers({.name = "buffer",
               .item_size = buffer_bytes,
               .reserve = limit,
               .hard_limit = limit,
               .source = source}),
      lobby({.name = "lobby",
             .item_size = size_of_a_guest(),
             .align = __STDCPP_DEFAULT_NEW_ALIGNMENT__,
             .reserve = std::min(limit, lobby_limit),
             .hard_limit = lobby_limit,
             .source = source}) {}

}  // namespace httpd
