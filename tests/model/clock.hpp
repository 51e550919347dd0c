// SPDX-License-Identifier: BSD-2-Clause
// Time, as the pools of this program see it: it stands still, but when a test lets it pass.
//
// This program is linked so that clock_gettime and syscall come here first, from the library and
// the tests alike; the library knows nothing of it.  Who sleeps until a time makes it be that time,
// but for a sleeper, who waits for it.
#pragma once
#include <chrono>
#include <cstdint>

namespace pool9::test {

/// Later than all that the real steady clock will show: deadlines in its time are over.
void let_pass(std::chrono::nanoseconds time);

/// A thread that really sleeps in a pool, until it is woken or its time is over, and even then goes
/// on only when it is its turn: so that what it does never depends on chance.
class sleeper {
 public:
  sleeper() = default;
  sleeper(const sleeper&) = delete;
  sleeper& operator=(const sleeper&) = delete;

  /// Before a thread is told to call a pool as this sleeper.
  void begin();
  /// By that thread: `call` calls the pool.
  template <class F>
  void run(F call) {
    become(this);
    call();
    become(nullptr);
    end();
  }
  bool is_done() const;

  /// Lets all that may go on do so, one after the other, until all sleep or are done.
  static void let_go_on();

  // What happens to threads that call the system.
  static sleeper* self();
  long sleep(const std::uint32_t* state, std::uint32_t expected, std::uint64_t until);
  static void wake(const void* state);

 private:
  enum class condition { done, runs, sleeps, may_go_on };
  static void become(sleeper* s);
  void end();

  condition condition_ = condition::done;
  bool is_late_ = false;
  const std::uint32_t* state_ = nullptr;
  std::uint64_t until_ = 0;
};

}  // namespace pool9::test
