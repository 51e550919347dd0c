// SPDX-License-Identifier: BSD-2-Clause
// The library's own thread, as tests meet it.
#pragma once
#include <cstdint>

#include "pool/housekeeping.hpp"
#include "support/gate.hpp"

namespace pool9::test {

/// Waits until the thread that keeps house, if one was started, has slept once.  Before a fork: the
/// address sanitizer frees memory as a thread starts, and its malloc is not whole in a child whose
/// parent was in it.
inline void await_housekeeping() {
  namespace hk = detail::housekeeping;
  const std::uint64_t before = hk::n_wakeups();
  const bool has_slept = run_until([&] {
    if (!hk::is_kept() || hk::keeper == hk::by_program) return true;
    hk::ring();
    return hk::n_wakeups() != before;
  });
  if (!has_slept) give_up("housekeeping never wakes");
}

}  // namespace pool9::test
