// SPDX-License-Identifier: BSD-2-Clause
// A thread that does one thing after another, each when it is told to, and sleeps in between: what
// it has in its caches stays there until somebody recalls it.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "pools.hpp"

namespace pool9::test {

class actor {
 public:
  actor() : thread_([this] { work(); }) {}
  ~actor() { end(); }
  actor(const actor&) = delete;
  actor& operator=(const actor&) = delete;

  /// Does `f` in the thread, and returns when it is done.
  void operator()(std::function<void()> f) {
    start(std::move(f));
    if (!is_done_within(patience)) give_up("an actor never returns");
  }
  /// Begins with `f`.  Requires: it is done with what it began before.
  void start(std::function<void()> f) {
    const std::scoped_lock hold(mutex_);
    to_do_ = std::move(f);
    is_busy_ = true;
    changed_.notify_all();
  }
  bool is_done_within(std::chrono::nanoseconds time) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, time, [&] { return !is_busy_; });
  }
  bool is_done() { return is_done_within(std::chrono::nanoseconds(0)); }
  /// The thread ends.
  void end() {
    if (!thread_.joinable()) return;
    if (!is_done_within(patience)) give_up("an actor never returns");
    {
      const std::scoped_lock hold(mutex_);
      ends_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

 private:
  void work() {
    std::unique_lock hold(mutex_);
    for (;;) {
      changed_.wait(hold, [&] { return is_busy_ || ends_; });
      if (ends_) return;
      const std::function<void()> f = std::move(to_do_);
      hold.unlock();
      f();
      hold.lock();
      is_busy_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> to_do_;
  bool is_busy_ = false, ends_ = false;
  std::thread thread_;  // last: it uses the others
};

/// What becomes of threads that have items in their caches.
enum class fate { asleep, spinning, exited };
inline const char* name_of(fate f) {
  return f == fate::asleep ? "asleep" : f == fate::spinning ? "spinning" : "exited";
}

/// Threads that got items, put them back into their caches, and do nothing with the pool any more.
class idle_crew {
 public:
  /// `n_threads` threads have `n_each` items at a time, one thread after the other.
  idle_crew(pool& p, std::size_t n_threads, std::size_t n_each, fate f) {
    for (std::size_t t = 0; t < n_threads; ++t) {
      actor& a = *actors_.emplace_back(std::make_unique<actor>());
      a([&] {
        std::vector<void*> items = get_n(p, n_each);
        put_all(p, items);
      });
      if (f == fate::exited) a.end();
      if (f == fate::spinning)
        a.start([this] {
          while (!stop_) std::this_thread::yield();
        });
    }
  }
  ~idle_crew() {
    stop_ = true;
    actors_.clear();
  }
  idle_crew(const idle_crew&) = delete;
  idle_crew& operator=(const idle_crew&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<actor>> actors_;
};

}  // namespace pool9::test
