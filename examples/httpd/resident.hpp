// SPDX-License-Identifier: BSD-2-Clause
// A coroutine that lives in the item of a pool: its first parameter.
//
//      0          sizeof(home)                     item_size
//      |-- home ----|== the coroutine's frame ========|
//
// It starts at once and runs on its own; when it has ended the item goes back.
#pragma once
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <pool9/pool.hpp>
#include <utility>

namespace httpd {

class resident {
 public:
  struct promise_type;

  /// The size of the items that a coroutine needs, which only its compiler knows.  `call`: calls
  /// it with an empty item, so that it does not start.
  template <class F>
  [[nodiscard]] static std::size_t item_size(F call) {
    call();
    return asked_for;
  }

 private:
  static inline thread_local std::size_t asked_for = 0;
};

struct resident::promise_type {
  /// Where the item of a frame goes back to; as large as keeps the frame aligned.
  struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) home {
    pool9::pool* pool;
  };

  template <class... Others>
  static void* operator new(std::size_t n, pool9::pooled_item& item, Others&...) noexcept {
    asked_for = sizeof(home) + n;
    if (item == nullptr) return nullptr;
    pool9::pool* const pool = item.get_deleter().owner;
    return ::new (item.release()) home{pool} + 1;
  }
  // Inlined: of a call g++ 12 would warn that the frame begins behind something.
  [[gnu::always_inline]] static void operator delete(void* frame) noexcept {
    home* const h = static_cast<home*>(frame) - 1;
    h->pool->put(h);
  }
  static resident get_return_object_on_allocation_failure() noexcept { return {}; }
  resident get_return_object() noexcept { return {}; }
  std::suspend_never initial_suspend() noexcept { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void return_void() noexcept {}
  void unhandled_exception() noexcept { std::terminate(); }
};

}  // namespace httpd
