// SPDX-License-Identifier: BSD-2-Clause
#include "model/clock.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <ctime>

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
std::atomic<std::uint64_t> now_ns{std::uint64_t{1} << 61};  // 73 years

}

void pool9::test::let_pass(std::chrono::nanoseconds time) {
  now_ns += static_cast<std::uint64_t>(time.count());
}

extern "C" {

int __real_clock_gettime(clockid_t clock, timespec* t);
long __real_syscall(long number, ...);

int __wrap_clock_gettime(clockid_t clock, timespec* t);
int __wrap_clock_gettime(clockid_t clock, timespec* t) {
  if (clock != CLOCK_MONOTONIC) return __real_clock_gettime(clock, t);
  const std::uint64_t now = now_ns;
  *t = {static_cast<time_t>(now / second_ns), static_cast<long>(now % second_ns)};
  return 0;
}

long __wrap_syscall(long number, ...);
// Callers pass fewer arguments than are read here.
[[gnu::no_sanitize_address]] long __wrap_syscall(long number, ...) {
  std::array<long, 6> a{};
  va_list args;
  va_start(args, number);
  for (long& x : a) x = va_arg(args, long);
  va_end(args);
  const auto* const until = reinterpret_cast<const timespec*>(a[3]);
  if (number != SYS_futex || a[1] != FUTEX_WAIT_BITSET_PRIVATE || until == nullptr)
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const std::uint64_t end = static_cast<std::uint64_t>(until->tv_sec) * second_ns +
                            static_cast<std::uint64_t>(until->tv_nsec);
  if (now_ns < end) now_ns = end;
  errno = ETIMEDOUT;
  return -1;
}
}
