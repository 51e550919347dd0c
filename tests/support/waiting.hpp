// SPDX-License-Identifier: BSD-2-Clause
// Threads that wait in a pool of the C face, and how a test knows that they do.
#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#include "c_pool.hpp"
#include "gate.hpp"

namespace pool9::test {

/// A thread in pool_get().
using getter = task<void*>;

inline std::unique_ptr<getter> start_get(::pool* pp, int flags) {
  return std::make_unique<getter>([pp, flags] { return pool_get(pp, flags); });
}

/// Waits until exactly `n` threads wait in the pool.
inline void await_waiters(::pool* pp, std::size_t n) {
  if (!run_until([&] { return stats_of(pp).waiters == n; })) give_up("the waiters do not come");
}

/// Starts a get that must wait, and returns once it does.
inline std::unique_ptr<getter> start_waiting(::pool* pp, int flags = PR_WAITOK) {
  const std::size_t before = stats_of(pp).waiters;
  auto thread = start_get(pp, flags);
  await_waiters(pp, before + 1);
  return thread;
}

/// Whether no thread is left inside the pool `pp`, and it has no item out.
inline bool is_quiet(::pool* pp) {
  const pool_stats s = stats_of(pp);
  return s.waiters == 0 && s.out == 0;
}

}  // namespace pool9::test
