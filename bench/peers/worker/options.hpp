// SPDX-License-Identifier: BSD-2-Clause
// What one worker is told: which contender it is, and what it shall do with it.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace peers {

struct options {
  std::string contender;
  std::string workload;
  std::size_t size = 64;       // of an item, in bytes
  unsigned n_threads = 2;      // in workloads that have threads
  bool is_first = false;       // before other processes, where that is allowed
  std::vector<int> cpus = {};  // to run on: thread i on the i-th of them; none: anywhere
};

}
