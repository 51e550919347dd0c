// SPDX-License-Identifier: BSD-2-Clause
// Coroutines for tests: they start at once, and end or are destroyed by whoever owns them.
#pragma once
#include <coroutine>
#include <exception>
#include <pool9/coroutine.hpp>
#include <utility>

#include "pool/pools.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {

/// Runs on its own, to its end.
struct detached {
  struct promise_type {
    detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

/// Ends with its owner, however far it has come.
class owned {
 public:
  struct promise_type {
    owned get_return_object() noexcept {
      return owned(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  owned(owned&& other) noexcept : h_(std::exchange(other.h_, nullptr)) {}
  ~owned() { destroy(); }
  void destroy() noexcept {
    if (const auto h = std::exchange(h_, nullptr)) h.destroy();
  }
  bool is_done() const { return h_.done(); }

 private:
  explicit owned(std::coroutine_handle<promise_type> h) noexcept : h_(h) {}
  std::coroutine_handle<promise_type> h_;
};

/// Lets nobody go on before all have come.
class meeting {
 public:
  explicit meeting(int n) noexcept : missing_(n) {}
  void meet() noexcept {
    --missing_;
    while (missing_ > 0) std::this_thread::yield();
  }

 private:
  std::atomic<int> missing_;
};

inline pool_options few(std::size_t limit) {
  return {.name = "few", .item_size = 64, .hard_limit = limit, .idle_time = never_idle};
}

}  // namespace pool9::test
