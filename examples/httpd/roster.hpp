// SPDX-License-Identifier: BSD-2-Clause
// Who is connected, what each client is expected to do next, and until when.
//
// There is no timer per connection: a connection notes its deadline in one word, and the roster
// looks at all of them every now and then.  To cut a client is to shut its socket down, which ends
// whatever operation is under way on it.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "net.hpp"
#include "patience.hpp"
#include "ring.hpp"

namespace httpd {

/// What a connection is doing.
enum class phase : std::uint8_t {
  idle,     ///< kept alive: nothing of the next request has come
  reading,  ///< a request is coming in
  writing,  ///< a reply is going out
  closing,  ///< everything is said; the client is to close
  cut       ///< by the roster; final
};

/// A connection as the roster sees it.
class presence : public ring_link {
 public:
  /// Begins in phase::reading.
  presence(int socket, std::chrono::milliseconds allowed) noexcept;

  /// Enters phase `p`, which is to be over in `allowed`.  Returns false if the client was cut.
  [[nodiscard]] bool enter(phase p, std::chrono::milliseconds allowed) noexcept;
  [[nodiscard]] bool was_cut() const noexcept;

 private:
  friend class roster;
  // Milliseconds of the deadline, shifted left by three, and the phase.  One word, because the
  // roster may cut only what still is what it looked at.
  std::atomic<std::uint64_t> state_;
  const int socket_;
};

/// Thread-safe.
class roster {
 public:
  void enter(presence& p) noexcept;
  /// After this the roster does not touch `p` or its socket.
  void leave(presence& p) noexcept;

  /// Cuts who is late.  `wanted` clients wait for a connection: that many, oldest first, are cut of
  /// those who have nothing to do.
  void inspect(const patience& limits, std::int64_t wanted) noexcept;
  /// Cuts all, whatever they do.
  void cut_all() noexcept;

 private:
  static bool cut(presence& p, std::uint64_t seen) noexcept;

  std::mutex mutex_;
  ring<presence> present_;  // guarded by mutex_
};

}  // namespace httpd
