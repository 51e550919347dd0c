// SPDX-License-Identifier: BSD-2-Clause
// Threads that race although the machine is busy.
#pragma once
#include <sched.h>

#include <algorithm>
#include <thread>

namespace pool9::test {

/// Keeps the calling thread on one processor, so that it races with threads on others, which a
/// busy machine may not give by itself.
inline void run_on(unsigned processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor % std::max(1u, std::thread::hardware_concurrency()), &one);
  static_cast<void>(sched_setaffinity(0, sizeof one, &one));  // then it races where it is
}

}  // namespace pool9::test
