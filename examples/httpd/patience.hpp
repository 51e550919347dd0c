// SPDX-License-Identifier: BSD-2-Clause
// How long a client may take for what.
#pragma once
#include <chrono>

namespace httpd {

/// A client that is late loses its connection, without a word.
struct patience {
  std::chrono::milliseconds head{10'000};   ///< from the first byte of a request to its last
  std::chrono::milliseconds idle{15'000};   ///< between two requests
  std::chrono::milliseconds write{30'000};  ///< to take one buffer of the reply
  std::chrono::milliseconds close{2'000};   ///< to close after the last reply
  // While others wait for a connection:
  std::chrono::milliseconds crowded_idle{1'000};
  std::chrono::milliseconds crowded_close{100};
  /// Everybody, after the server was told to stop.
  std::chrono::milliseconds stop{10'000};
};

}  // namespace httpd
