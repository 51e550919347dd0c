// SPDX-License-Identifier: BSD-2-Clause
// Deterministic rendezvous for tests: gates that threads pass when the test lets them, and waiting
// for what becomes true by itself.  Nothing here sleeps to be early or late; deadlines only end
// tests that would hang.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace pool9::test {

/// How long a test waits for what must happen: long enough for a loaded machine under a sanitizer.
inline constexpr std::chrono::seconds patience{40};

/// Ends a test whose threads can no longer be joined.
[[noreturn]] inline void give_up(const char* what) {
  std::fprintf(stderr, "no hope left: %s\n", what);
  std::abort();
}

/// Returns whether `pred` became true before `deadline` from now.
template <class Pred>
[[nodiscard]] bool run_until(Pred pred, std::chrono::nanoseconds deadline = patience) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!pred()) {
    if (std::chrono::steady_clock::now() >= end) return pred();
    std::this_thread::sleep_for(std::chrono::microseconds(200));  // polls, synchronises nothing
  }
  return true;
}

/// Closed until open(); everybody who passes is counted before waiting, so that a test can know
/// that a thread has come as far as the gate.
class gate {
 public:
  void open() {
    const std::scoped_lock lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  /// Waits until the gate is open.
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    if (!changed_.wait_for(lock, patience, [&] { return is_open_; })) give_up("a gate stays shut");
  }
  /// Waits until `n` threads have come to the gate.
  void await(std::size_t n) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return arrived_ >= n; }))
      give_up("nobody comes to a gate");
  }
  std::size_t arrived() const {
    const std::scoped_lock lock(mutex_);
    return arrived_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  std::size_t arrived_ = 0;
};

/// A thread that computes one value, and a bounded wait for it.
template <class T>
class task {
 public:
  template <class F>
  explicit task(F f) {
    std::packaged_task<T()> work(std::move(f));
    future_ = work.get_future().share();
    thread_ = std::thread(std::move(work));
  }
  ~task() {
    await();
    thread_.join();
  }
  task(const task&) = delete;
  task& operator=(const task&) = delete;

  /// Whether the value is there.
  bool is_done() const {
    return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  /// Waits for the value.
  T result() const {
    await();
    return future_.get();
  }

 private:
  void await() const {
    if (future_.wait_for(patience) != std::future_status::ready) give_up("a thread never returned");
  }
  std::shared_future<T> future_;
  std::thread thread_;
};

}  // namespace pool9::test
