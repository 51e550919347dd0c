// SPDX-License-Identifier: BSD-2-Clause
// Threads that run pieces of work in turn, and what the thread of the moment has cached.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "cache/thread.hpp"

namespace pool9::test {

/// A thread that does what it is told, in order; it ends when all of that is done.
class runner {
 public:
  runner() : thread_([this] { run(); }) {}
  ~runner() {
    tell(nullptr);
    thread_.join();
  }
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  void tell(std::function<void()> work) {
    const std::scoped_lock lock(mutex_);
    works_.push_back(std::move(work));
    told_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      told_.wait(lock, [this] { return !works_.empty(); });
      const auto work = std::move(works_.front());
      works_.pop_front();
      lock.unlock();
      if (!work) return;
      work();
    }
  }
  std::mutex mutex_;
  std::condition_variable told_;
  std::deque<std::function<void()>> works_;
  std::thread thread_;
};

/// How many items the calling thread has in open magazines, of all pools.
[[gnu::noinline]] inline std::size_t n_cached_here() {
  std::size_t n = 0;
  for (std::uint32_t slot = 1; slot < detail::n_slots; ++slot)
    if (const cache::magazine* const m = cache::this_thread::find(slot))
      n += m->is_open() ? m->n_held() : 0;
  return n;
}

}  // namespace pool9::test
