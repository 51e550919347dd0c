// SPDX-License-Identifier: BSD-2-Clause
// What stands in a struct pool, and how its functions complain.
//
// The C functions use the public C++ headers only: if they needed more, the C++ face would be
// incomplete.
#pragma once
#pragma GCC visibility push(default)
#include <sys/pool.h>
#pragma GCC visibility pop

#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <pool9/pool.hpp>

namespace pool9::c_api {

/// pool_set_drain_hook()'s two arguments, which belong together.  A call reads them without a lock,
/// so that one in progress neither hinders a fork nor is hindered by it; it finds both old or both
/// new, or is skipped while they change.
class drain_hook {
 public:
  using function = void (*)(void* arg, int flags);

  void set(function fn, void* arg) noexcept;
  void call(int flags) const noexcept;

 private:
  std::mutex writers_;
  std::atomic<unsigned> version_{0};  // odd while the two change
  std::atomic<function> fn_{nullptr};
  std::atomic<void*> arg_{nullptr};
};

/// A pool that pool_init() made in place.
struct handle {
  static constexpr std::uint64_t magic_number = 0x9001'1e55'c0de'4a11;

  handle(const pool_options& o, callback_source callbacks_, int flags_, bool on_heap_)
      : flags(flags_), on_heap(on_heap_), callbacks(callbacks_), items(o) {}

  std::uint64_t magic = magic_number;
  const int flags;     // of pool_init()
  const bool on_heap;  // by pool_create()
  callback_source callbacks;
  drain_hook drain;
  pool items;
};
static_assert(sizeof(handle) <= sizeof(::pool::pr_private));
static_assert(alignof(handle) <= alignof(void*));

/// Says "function: pool 'name': what", and ends the program.
[[noreturn, gnu::format(printf, 3, 4)]] void panic(const char* function, const char* name,
                                                   const char* what, ...) noexcept;

/// The panic for a `pp` that is null, or no pool.
[[noreturn, gnu::cold]] void no_pool(const struct ::pool* pp, const char* function) noexcept;

/// The pool in `*pp`; a panic if there is none.
inline handle& at(struct ::pool* pp, const char* function) noexcept {
  if (pp == nullptr) [[unlikely]]
    no_pool(pp, function);
  auto* const h = std::launder(reinterpret_cast<handle*>(pp->pr_private));
  if (h->magic != handle::magic_number) [[unlikely]]
    no_pool(pp, function);
  return *h;
}

/// A count that C passes as int; a panic if it is negative.
std::size_t count(const char* function, const handle& h, const char* argument, int n) noexcept;

}
