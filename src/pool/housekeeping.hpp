// SPDX-License-Identifier: BSD-2-Clause
// One thread for the process that does what is due later: idle pages that go back, sources to be
// asked again.
//
// It starts when a pool first has something due, and sleeps without a timer while none has. Without
// a thread to be had it is tried again at the next occasion.
#pragma once
#include <atomic>

namespace pool9::inline v1::detail::housekeeping {

/// A pool has something due.  Requires: no lock is held.
void ring() noexcept;
/// Whether there is such a thread; without one, what is due has to ring again.
extern constinit std::atomic<bool> has_thread;
inline bool is_here() noexcept { return has_thread.load(std::memory_order_relaxed); }  // a hint
/// The child of a fork has no such thread any more.
void after_fork() noexcept;

}
