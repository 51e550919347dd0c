// SPDX-License-Identifier: BSD-2-Clause
#include "model/clock.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdarg>
#include <ctime>
#include <mutex>
#include <vector>

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
std::atomic<std::uint64_t> now_ns{std::uint64_t{1} << 61};  // 73 years

std::mutex sleepers_mutex;
std::condition_variable sleepers_changed;
std::vector<pool9::test::sleeper*> sleepers;  // that are not done
thread_local pool9::test::sleeper* self_here = nullptr;

/// nullptr: never.
std::uint64_t time_of(const timespec* t) {
  if (t == nullptr) return UINT64_MAX;
  return static_cast<std::uint64_t>(t->tv_sec) * second_ns + static_cast<std::uint64_t>(t->tv_nsec);
}

}

namespace pool9::test {

void let_pass(std::chrono::nanoseconds time) { now_ns += static_cast<std::uint64_t>(time.count()); }

sleeper* sleeper::self() { return self_here; }
void sleeper::become(sleeper* s) { self_here = s; }

void sleeper::begin() {
  const std::scoped_lock hold(sleepers_mutex);
  condition_ = condition::runs;
  sleepers.push_back(this);
}
void sleeper::end() {
  const std::scoped_lock hold(sleepers_mutex);
  condition_ = condition::done;
  std::erase(sleepers, this);
  sleepers_changed.notify_all();
}
bool sleeper::is_done() const {
  const std::scoped_lock hold(sleepers_mutex);
  return condition_ == condition::done;
}

long sleeper::sleep(const std::uint32_t* state, std::uint32_t expected, std::uint64_t until) {
  std::unique_lock hold(sleepers_mutex);
  if (__atomic_load_n(state, __ATOMIC_ACQUIRE) != expected) return errno = EAGAIN, -1;
  condition_ = condition::sleeps;
  state_ = state;
  until_ = until;
  is_late_ = false;
  sleepers_changed.notify_all();
  sleepers_changed.wait(hold, [this] { return condition_ == condition::runs; });
  return is_late_ ? (errno = ETIMEDOUT, -1) : 0;
}
void sleeper::wake(const void* state) {
  const std::scoped_lock hold(sleepers_mutex);
  for (sleeper* s : sleepers)
    if (s->condition_ == condition::sleeps && s->state_ == state)
      s->condition_ = condition::may_go_on;
}
void sleeper::let_go_on() {
  std::unique_lock hold(sleepers_mutex);
  for (;;) {
    sleepers_changed.wait(hold, [] {
      return std::none_of(sleepers.begin(), sleepers.end(),
                          [](const sleeper* s) { return s->condition_ == condition::runs; });
    });
    for (sleeper* s : sleepers) {
      if (s->condition_ != condition::sleeps || s->until_ > now_ns) continue;
      s->condition_ = condition::may_go_on;
      s->is_late_ = true;
    }
    const auto next = std::find_if(sleepers.begin(), sleepers.end(), [](const sleeper* s) {
      return s->condition_ == condition::may_go_on;
    });
    if (next == sleepers.end()) return;
    (*next)->condition_ = condition::runs;
    sleepers_changed.notify_all();
  }
}

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
  const auto* const state = reinterpret_cast<const std::uint32_t*>(a[0]);
  if (number == SYS_futex && a[1] == FUTEX_WAKE_PRIVATE) pool9::test::sleeper::wake(state);
  if (number == SYS_futex && a[1] == FUTEX_WAIT_BITSET_PRIVATE)
    if (pool9::test::sleeper* const s = pool9::test::sleeper::self())
      return s->sleep(state, static_cast<std::uint32_t>(a[2]), time_of(until));
  if (number != SYS_futex || a[1] != FUTEX_WAIT_BITSET_PRIVATE || until == nullptr)
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const std::uint64_t end = time_of(until);
  if (now_ns < end) now_ns = end;
  errno = ETIMEDOUT;
  return -1;
}
}
