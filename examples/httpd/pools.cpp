// SPDX-License-Identifier: BSD-2-Clause
#include "pools.hpp"

#include <algorithm>

#include "connection.hpp"
#include "lobby.hpp"

namespace httpd {

pools::pools(std::size_t limit, std::size_t lobby_limit)
    : connections({.name = "connection",
                   .item_size = sizeof(connection),
                   .align = alignof(connection),
                   .reserve = limit,
                   .hard_limit = limit}),
      buffers({.name = "buffer", .item_size = buffer_bytes, .reserve = limit, .hard_limit = limit}),
      lobby({.name = "lobby",
             .item_size = sizeof(guest),
             .align = alignof(guest),
             .reserve = std::min(limit, lobby_limit),
             .hard_limit = lobby_limit}) {}

}  // namespace httpd
