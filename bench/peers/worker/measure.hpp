// SPDX-License-Identifier: BSD-2-Clause
// Clocks, and what keeps the compiler from removing what is measured.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace peers {

/// What a turn has to tell: the workload's figures, in its order.
using values = std::vector<double>;

/// Makes the compiler believe that the item is used and that any memory may change: it can neither
/// drop a get and its put, nor keep a contender's state in registers from one to the next.
inline void keep(void* item) noexcept { asm volatile("" : : "r"(item) : "memory"); }

/// What a user of an item does at the very least.
inline void write_first_word(void* item) noexcept {
  *static_cast<std::size_t*>(item) = 1;
  keep(item);
}
inline void read_first_word(void* item) noexcept {
  const std::size_t word = *static_cast<const std::size_t*>(item);
  asm volatile("" : : "r"(word));
}

using steady = std::chrono::steady_clock;

/// Seconds that f() takes.
template <class F>
double seconds(F f) {
  const auto start = steady::now();
  f();
  return std::chrono::duration<double>(steady::now() - start).count();
}

/// Nanoseconds for each of `n` operations that f() does.
template <class F>
double ns_each(std::size_t n, F f) {
  return seconds(f) * 1e9 / static_cast<double>(n);
}

inline double median(std::vector<double> v) {
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

/// Before a turn is timed, caches and predictors see an eighth of it.
inline std::size_t to_warm_up(std::size_t n) { return n / 8 + 1; }

}
