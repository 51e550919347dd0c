// SPDX-License-Identifier: BSD-2-Clause
// What is due later: idle pages that go back, sources to be asked again, an ear for the system's
// memory pressure.
//
// One thread for the process does it, unless the program does so by hand.  The thread starts when a
// pool first has something due, or a hook that wants to know of memory pressure, and sleeps without
// a timer while nothing is due.  Without a thread to be had it is tried again at a later occasion.
#pragma once
#include <atomic>
#include <cstdint>

namespace pool9::inline v1::detail::housekeeping {

/// A pool has something due.  Requires: no lock is held.
void ring() noexcept;
/// Who keeps house: nobody, so that what is due has to ring again; or a thread, by number; or the
/// program.
inline constexpr std::uint32_t nobody = 0, by_program = UINT32_MAX;
extern constinit std::atomic<std::uint32_t> keeper;
inline bool is_kept() noexcept {
  return keeper.load(std::memory_order_relaxed) != nobody;  // relaxed: a hint
}
/// The child of a fork has no such thread any more.
void after_fork() noexcept;
/// How often the thread of the process has woken up: a figure for tests.
std::uint64_t n_wakeups() noexcept;

}
