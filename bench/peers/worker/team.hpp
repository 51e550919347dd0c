// SPDX-License-Identifier: BSD-2-Clause
// Threads that do a job together, turn by turn, and sleep between turns.
//
// A turn starts when all of them are awake and lasts until the last is done.
#pragma once
#include <atomic>
#include <functional>
#include <thread>

#include "measure.hpp"
#include "options.hpp"
#include "pin.hpp"

namespace peers {

/// Waits a little for another thread; does not hold its processor for ever.
class patience {
 public:
  void lose() noexcept {
    if (++n_lost_ % 1024 == 0) {
      std::this_thread::yield();
    } else {
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      asm volatile("isb");
#endif
    }
  }

 private:
  unsigned n_lost_ = 0;
};

/// `InThread` is what each thread has an object of as long as it lives.
template <class InThread>
class team {
 public:
  /// What thread `index` does in a turn of `n`.
  using job = std::function<void(unsigned index, std::size_t n)>;

  team(unsigned n_threads, const options& o, job j) : job_(std::move(j)) {
    starts_.resize(n_threads);
    ends_.resize(n_threads);
    for (unsigned i = 0; i < n_threads; ++i) threads_.emplace_back([=, this] { live(i, o); });
  }
  ~team() {
    is_over_ = true;
    wake();
  }
  team(const team&) = delete;
  team& operator=(const team&) = delete;

  /// Seconds that a turn of `n` took.
  double turn(std::size_t n) {
    n_ = n;
    n_ready_ = 0;
    n_done_ = 0;
    wake();
    for (unsigned n_done; (n_done = n_done_) != starts_.size();) n_done_.wait(n_done);
    const auto start = *std::min_element(starts_.begin(), starts_.end());
    const auto end = *std::max_element(ends_.begin(), ends_.end());
    return std::chrono::duration<double>(end - start).count();
  }

 private:
  void wake() {
    ++n_turns_;
    n_turns_.notify_all();
  }

  void live(unsigned index, const options& o) {
    pin(index, o.cpus);
    const InThread registered;
    if (o.is_first) go_first();
    for (unsigned seen = 0;; ++seen) {
      n_turns_.wait(seen);
      if (is_over_) return;
      ++n_ready_;
      for (patience p; n_ready_ != starts_.size();) p.lose();
      starts_[index] = steady::now();
      job_(index, n_);
      ends_[index] = steady::now();
      if (++n_done_ == starts_.size()) n_done_.notify_one();
    }
  }

  const job job_;
  std::atomic<bool> is_over_{false};
  std::size_t n_ = 0;
  std::atomic<unsigned> n_turns_{0}, n_ready_{0}, n_done_{0};
  std::vector<steady::time_point> starts_, ends_;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}
