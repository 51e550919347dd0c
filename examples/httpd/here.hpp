// SPDX-License-Identifier: BSD-2-Clause
// A completion token that lets any coroutine wait for an operation of Asio:
//
//     auto [error, n] = co_await socket.async_read_some(buffer, here);
//
// The operation owns the coroutine until it completes: dropped by a context that ends, it ends the
// coroutine, too.
#pragma once
#include <asio/async_result.hpp>
#include <asio/cancellation_signal.hpp>
#include <coroutine>
#include <tuple>
#include <utility>

namespace httpd {

struct here_t {
  asio::cancellation_slot slot = {};  ///< through which the operation can be cancelled
};
inline constexpr here_t here;

/// The handler: resumes the coroutine with what the operation came to.
template <class... Results>
class resumption {
 public:
  using cancellation_slot_type = asio::cancellation_slot;

  resumption(std::coroutine_handle<> h, std::tuple<Results...>& results,
             asio::cancellation_slot slot) noexcept
      : coroutine_(h), results_(&results), slot_(slot) {}
  resumption(resumption&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, nullptr)),
        results_(other.results_),
        slot_(other.slot_) {}
  ~resumption() {
    if (coroutine_ != nullptr) coroutine_.destroy();
  }

  asio::cancellation_slot get_cancellation_slot() const noexcept { return slot_; }
  void operator()(Results... results) {
    *results_ = {std::move(results)...};
    std::exchange(coroutine_, nullptr).resume();
  }

 private:
  std::coroutine_handle<> coroutine_;
  std::tuple<Results...>* results_;
  asio::cancellation_slot slot_;
};

/// What `co_await` is applied to: starts the operation when the coroutine is suspended.
template <class Initiate, class... Results>
class operation {
 public:
  operation(Initiate initiate, asio::cancellation_slot slot) noexcept
      : initiate_(std::move(initiate)), slot_(slot) {}

  bool await_ready() const noexcept { return false; }
  // Never inlined: the operation may complete, and the coroutine end, before this returns.
  [[gnu::noinline]] void await_suspend(std::coroutine_handle<> h) noexcept {
    Initiate initiate(std::move(initiate_));
    initiate(resumption<Results...>(h, results_, slot_));
  }
  std::tuple<Results...> await_resume() noexcept { return std::move(results_); }

 private:
  Initiate initiate_;
  asio::cancellation_slot slot_;
  std::tuple<Results...> results_;
};

}  // namespace httpd

template <class... Results>
struct asio::async_result<httpd::here_t, void(Results...)> {
  template <class Initiation, class... Arguments>
  static auto initiate(Initiation initiation, httpd::here_t token, Arguments... arguments) {
    auto start = [=](auto handler) mutable {
      std::move(initiation)(std::move(handler), std::move(arguments)...);
    };
    return httpd::operation<decltype(start), Results...>(std::move(start), token.slot);
  }
};
