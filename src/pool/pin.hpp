// SPDX-License-Identifier: BSD-2-Clause
// A pool that must not end while this thread works on it, though no call of the user's on it is in
// progress: housekeeping, visits, asking a source for a waiter that has no thread.
//
// A pool that is destroyed leaves the registry first and then waits until it is pinned no more.  So
// while a thread holds a pin it makes no callbacks, which might destroy that very pool; they are
// made when it has let go of the last.
#pragma once

namespace pool9::inline v1::detail {
struct core;

class pin {
 public:
  pin() noexcept = default;
  ~pin() { release(); }
  pin(const pin&) = delete;
  pin& operator=(const pin&) = delete;

  /// Pins `c` for whoever adopts that.  Requires: registry::lock is held, or the lock of `c` while
  /// somebody waits there, either of which close() has to pass.
  static void raise(core& c) noexcept;
  /// Holds what raise() did.  Requires: holds nothing; pins of a thread are released last first.
  void adopt(core& c) noexcept;
  /// Lets go, and makes the callbacks that had to wait if this was the thread's last.
  void release() noexcept;

  /// Whether the calling thread holds one of `c`.
  static bool holds(const core& c) noexcept;
  /// Whether the calling thread holds any.
  static bool any_held() noexcept;
  /// In the child of a fork, where all pins are zero: counts the calling thread's again.
  static void recount() noexcept;

 private:
  core* core_ = nullptr;
  pin* outer_ = nullptr;
};

}
