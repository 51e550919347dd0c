// SPDX-License-Identifier: BSD-2-Clause
#include "c_api/handle.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace pool9::c_api {

void panic(const char* function, const char* name, const char* what, ...) noexcept {
  constexpr const char* look_at = "\n  look at the arguments of that call, and at pool(3)";
  char message[256], text[448];
  va_list args;
  va_start(args, what);
  std::vsnprintf(message, sizeof message, what, args);
  va_end(args);
  if (name != nullptr) {
    std::snprintf(text, sizeof text, "%s: pool '%s': %s%s", function, name, message, look_at);
  } else {
    std::snprintf(text, sizeof text, "%s: %s%s", function, message, look_at);
  }
  deliver({report_kind::panic, {function}, name != nullptr ? name : "", text, nullptr});
  std::abort();
}

void no_pool(const struct ::pool* pp, const char* function) noexcept {
  if (pp == nullptr) panic(function, nullptr, "pp: is null");
  panic(function, nullptr, "pp: %p is not a pool: not initialised, or destroyed",
        static_cast<const void*>(pp));
}

std::size_t count(const char* function, const handle& h, const char* argument, int n) noexcept {
  if (n < 0) panic(function, h.items.name().data(), "%s: %d is negative", argument, n);
  return static_cast<std::size_t>(n);
}

void drain_hook::set(function fn, void* arg) noexcept {
  const std::scoped_lock one_writer(writers_);
  version_.fetch_add(1, std::memory_order_acq_rel);  // acquire: what follows stays behind it
  fn_.store(fn, std::memory_order_release);  // release: a reader that sees it sees the version
  arg_.store(arg, std::memory_order_release);
  version_.fetch_add(1, std::memory_order_release);  // pairs with call()
}

void drain_hook::call(int flags) const noexcept {
  const unsigned before = version_.load(std::memory_order_acquire);  // pairs with set()
  const function fn = fn_.load(std::memory_order_acquire);
  void* const arg = arg_.load(std::memory_order_acquire);
  const bool whole = before % 2 == 0 && version_.load(std::memory_order_relaxed) == before;
  if (whole && fn != nullptr) fn(arg, flags);
}

}
