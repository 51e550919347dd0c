// SPDX-License-Identifier: BSD-2-Clause
// Where threads run, and that they run: other work of the machine is not to interrupt turns.
#pragma once
#include <sched.h>

#include <vector>

namespace peers {

/// Keeps the calling thread, the `index`-th, on its processor, where `cpus` names any.
inline void pin(std::size_t index, const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(cpus[index % cpus.size()]), &one);
  sched_setaffinity(0, sizeof one, &one);
}

/// Lets the calling thread, and those that it starts, run before all that has no such wish, if the
/// process may do that.
inline void go_first() {
  const sched_param least = {1};
  sched_setscheduler(0, SCHED_FIFO, &least);
}

}
