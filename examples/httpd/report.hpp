// SPDX-License-Identifier: BSD-2-Clause
// What the server says about itself while it runs.
#pragma once
#include <cstdint>

#include "house.hpp"

namespace httpd {

/// Resident size of this process, in bytes; 0 if the system does not tell.
[[nodiscard]] std::uint64_t resident_bytes() noexcept;

/// Prints all pools of the process to standard output, in the columns of `vmstat -m` and a few
/// more.
void print_pools();

/// Prints to standard output.
class reporter {
 public:
  explicit reporter(const house& h) noexcept : house_(h) {}
  /// One block: what happened since the last one, and the pools.
  void print();

 private:
  const house& house_;
  const clock::time_point born_ = clock::now();
  clock::time_point last_ = born_;
  std::uint64_t last_requests_ = 0;
};

}  // namespace httpd
