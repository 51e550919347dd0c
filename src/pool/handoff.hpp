// SPDX-License-Identifier: BSD-2-Clause
// What a thread owes to others when it has released a pool's lock.
//
// It is filled under the lock and paid without any.  Threads that sleep are woken first; then
// sources are asked for hungry callbacks; then callbacks are made, from a queue of the calling
// thread that only its outermost call works off - one that puts an item nests no deeper - and only
// when the thread holds no pin (pin.hpp).  Until its call begins a served callback can be taken
// back, by any thread, so these queues have a lock; it is taken under a pool's.
#pragma once
#include "base/os.hpp"
#include "page/page_set.hpp"
#include "pool/wait_queue.hpp"

namespace pool9::inline v1::detail {

class handoff {
 public:
  enum class purpose { any, feeding };
  /// `feeding`: the owner asks sources for hungry waiters already, so it owes that to none.
  explicit handoff(purpose p = purpose::any) noexcept : feeding_(p == purpose::feeding) {}
  handoff(const handoff&) = delete;
  handoff& operator=(const handoff&) = delete;

  /// A thread sleeps on `state`, which says something new already; the node may be gone.
  void wake(const void* state) noexcept;
  /// `item` was put into a magazine, and refused by the pages.
  void report(void* item, page::give_result why) noexcept;
  /// `w`, in no queue, is served.
  void call(waiter& w) noexcept;
  /// Whether `w` was served and its call had not begun; then it never will.
  static bool take_back(waiter& w) noexcept;
  /// Whether `w` waits for a pool or for its call, which a thread that a fork left behind never
  /// makes.
  static bool awaits(waiter& w) noexcept;
  /// `c`, which is pinned for us, has a hungry callback at the head of its queue.
  void feed(core& c) noexcept { hungry_ = &c; }
  bool feeds() const noexcept { return feeding_ || hungry_ != nullptr; }
  /// Memory went back to a source: pools that wait for memory may try again.
  void memory_came_back() noexcept { memory_came_back_ = true; }
  /// Housekeeping has something to look after.
  void ring_housekeeping() noexcept { ring_ = true; }

  /// The first part of pay(), which runs no foreign code.
  void wake_sleepers() noexcept {
    while (n_asleep_ != 0) base::os::wake(asleep_[--n_asleep_]);
  }
  /// Says what report() was told of the items of `c`.  Requires: no lock is held.
  void say_misputs(core& c) noexcept {
    if (n_misputs_ != 0) say_all_misputs(c);
  }
  /// Requires: no lock is held.
  void pay() noexcept {
    if (n_asleep_ != 0 || has_calls_ || hungry_ != nullptr || memory_came_back_ || ring_) pay_all();
  }
  /// Makes the callbacks that this thread has yet to make, if it may now.
  static void make_calls() noexcept;

  // Around a fork: what this thread owes to foreign code waits until the program's handlers, which
  // may have to unlock what it needs, have run.
  static void hold() noexcept;
  static void go_on() noexcept;
  // The same for the queues, which stand still in between.
  static void lock_calls() noexcept;
  static void unlock_calls() noexcept;
  /// In the child, locked: only the calling thread's calls will be made.
  static void after_fork() noexcept;

 private:
  struct misput {
    void* item;
    page::give_result why;
  };
  void pay_all() noexcept;
  void owe_still() noexcept;
  void say_all_misputs(core& c) noexcept;

  static constexpr unsigned most_asleep = 8;  // more are woken under the lock, a system call each
  const void* asleep_[most_asleep];           // written before it is read
  unsigned n_asleep_ = 0;
  static constexpr std::size_t most_misputs = 8;  // more are counted
  misput misputs_[most_misputs];                  // written before it is read
  std::size_t n_misputs_ = 0;
  wait_queue calls_;
  bool has_calls_ = false;
  core* hungry_ = nullptr;
  const bool feeding_;
  bool memory_came_back_ = false;
  bool ring_ = false;
};

}
