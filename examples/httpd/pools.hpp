// SPDX-License-Identifier: BSD-2-Clause
// The three pools that bound what the server can ever hold.
#pragma once
#include <cstddef>
#include <pool9/pool.hpp>

namespace httpd {

/// Holds the head of a request, then the reply in pieces: also the longest head that is accepted.
inline constexpr std::size_t buffer_bytes = 16 * 1024;

/// Nothing here can deadlock: a client holds a place in the lobby while it waits for a connection,
/// and whoever has a connection waits for nothing - there are as many buffers as connections, and a
/// connection puts its buffer back before itself.
struct pools {
  /// Throws: std::bad_alloc if the reserves cannot be had; later nothing of the first two can fail.
  pools(std::size_t limit, std::size_t lobby_limit, pool9::page_source* source = nullptr);

  pool9::pool connections;  ///< clients being served
  pool9::pool buffers;      ///< one each
  pool9::pool lobby;        ///< clients accepted that wait, and one place for the next to come
};

}  // namespace httpd
