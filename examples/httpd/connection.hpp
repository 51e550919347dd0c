// SPDX-License-Identifier: BSD-2-Clause
// One client being served, from its first request to its last.
#pragma once
#include "house.hpp"
#include "resident.hpp"

namespace httpd {

/// Serves the client, in `item`, of the connection pool.
resident serve(pool9::pooled_item item, house* h, socket_type socket, pool9::pooled_item buffer);

}  // namespace httpd
