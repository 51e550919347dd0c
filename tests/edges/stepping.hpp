// SPDX-License-Identifier: BSD-2-Clause
// Holds a thread before any chosen instruction of a function, for as long as another thread works.
//
// The processor's trap flag raises SIGTRAP after every instruction; the handler counts those that
// lie in the linker section `stepped`, and where it is told to, it stays in the handler - in
// mid-operation, as a debugger, a signal or the scheduler would hold it - until another thread has
// done what was asked.  x86-64 only; no permission is needed.
#pragma once
#include <semaphore.h>
#include <ucontext.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <thread>
#include <utility>

#include "stress/sanitized.hpp"
#include "support/gate.hpp"

extern "C" const char __start_stepped[], __stop_stepped[];  // the linker's

/// All that a function so marked calls inline becomes part of it, and nothing of it lies elsewhere.
#define POOL9_STEPPED [[gnu::noinline, gnu::flatten, gnu::section("stepped")]]

namespace pool9::test {

/// A thread that does one thing at a time for whoever is held.
class assistant {
 public:
  explicit assistant(std::function<void()> work) : work_(std::move(work)) {
    sem_init(&asked_, 0, 0);
    sem_init(&answered_, 0, 0);
    thread_ = std::thread([this] {
      for (;;) {
        while (sem_wait(&asked_) != 0) continue;
        if (!works_) return;
        work_();
        sem_post(&answered_);
      }
    });
  }
  ~assistant() {
    works_ = false;
    sem_post(&asked_);
    thread_.join();
  }
  assistant(const assistant&) = delete;
  assistant& operator=(const assistant&) = delete;

  /// Has the work done, and returns when it is; for the handler of a signal, too.  false: it is
  /// not done in time.
  bool ask() {
    timespec end{};
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += patience.count() / 2;
    sem_post(&asked_);
    while (sem_timedwait(&answered_, &end) != 0)
      if (errno != EINTR) return false;
    return true;
  }

 private:
  std::function<void()> work_;
  std::atomic<bool> works_{true};
  sem_t asked_, answered_;
  std::thread thread_;
};

/// Steps through what run() is given, and calls `held` before the instructions first and second, by
/// number, if they are reached.
class stepper {
 public:
  static constexpr std::size_t nowhere = SIZE_MAX;

  stepper(std::size_t first, std::size_t second, void (*held)(std::size_t)) {
    at_[0] = first;
    at_[1] = second;
    held_ = held;
    n_seen_ = n_outside_ = 0;
    struct sigaction action {};
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, &before_);
  }
  ~stepper() { sigaction(SIGTRAP, &before_, nullptr); }
  stepper(const stepper&) = delete;
  stepper& operator=(const stepper&) = delete;

  template <class F>
  auto run(F f) {
    is_on_ = true;
    __asm__ volatile("int3" ::: "memory");  // on_trap() then sets the flag
    auto result = f();
    is_on_ = false;  // which the next trap sees
    __asm__ volatile("" ::: "memory");
    return result;
  }
  /// Instructions of the section that were about to run.
  std::size_t n_seen() const { return n_seen_; }

 private:
  static void on_trap(int, siginfo_t*, void* context) {
    constexpr greg_t trap_flag = 0x100;
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    registers[REG_EFL] &= ~trap_flag;
    if (!is_on_) return;
    const auto at = static_cast<std::uintptr_t>(registers[REG_RIP]);
    const bool inside = at >= reinterpret_cast<std::uintptr_t>(__start_stepped) &&
                        at < reinterpret_cast<std::uintptr_t>(__stop_stepped);
    if (inside) {
      for (const std::size_t i : {0u, 1u})
        if (at_[i] == n_seen_) held_(i);
      ++n_seen_;
    }
    // The rest runs at full speed: what comes after the last stop, or after the first call.
    n_outside_ = inside ? 0 : n_outside_ + 1;
    const bool passed = n_seen_ > at_[0] && (at_[1] == nowhere || n_seen_ > at_[1]);
    const bool left = n_seen_ != 0 && n_outside_ > most_outside;
    if (!passed && !left) registers[REG_EFL] |= trap_flag;
  }

  inline static volatile bool is_on_ = false;
  /// The address sanitizer has short calls of its own on the way.
  static constexpr std::size_t most_outside = sanitized ? 1000 : 0;

  inline static std::size_t at_[2], n_seen_, n_outside_;
  inline static void (*held_)(std::size_t);
  struct sigaction before_ {};
};

}  // namespace pool9::test
