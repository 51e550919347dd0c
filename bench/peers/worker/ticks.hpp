// SPDX-License-Identifier: BSD-2-Clause
// The clock for single operations: the processor's time stamp counter, fenced, so that what is
// timed neither starts before the first reading nor ends after the second.
#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "measure.hpp"

namespace peers {

#if defined(__x86_64__)
inline std::uint64_t ticks() noexcept {
  _mm_lfence();
  const std::uint64_t now = __rdtsc();
  _mm_lfence();
  return now;
}
#elif defined(__aarch64__)
inline std::uint64_t ticks() noexcept {
  std::uint64_t now;
  asm volatile("isb\n mrs %0, cntvct_el0\n isb" : "=r"(now) : : "memory");
  return now;
}
#else
inline std::uint64_t ticks() noexcept {
  return static_cast<std::uint64_t>(steady::now().time_since_epoch().count());
}
#endif

/// Nanoseconds of a tick, by the steady clock, over 20 ms.
inline double ns_of_a_tick() {
  const auto start = steady::now();
  const std::uint64_t first = ticks();
  while (steady::now() - start < std::chrono::milliseconds(20)) continue;
  const std::uint64_t n = ticks() - first;
  return std::chrono::duration<double>(steady::now() - start).count() * 1e9 /
         static_cast<double>(n);
}

}
