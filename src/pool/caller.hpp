// SPDX-License-Identifier: BSD-2-Clause
// Who called a pool: what he said of himself, and, where diagnostics want it, the stack.
#pragma once
#include <cstddef>
#include <cstdint>
#include <pool9/fault.hpp>

#include "base/os.hpp"

namespace pool9::inline v1::detail {

/// Deep enough for the function that meant it, whatever wrappers stand between; more would cost
/// more than the rest of a diagnosed get.
inline constexpr std::size_t stack_depth = 8;

inline constexpr call_site nobody;

struct caller {
  caller() noexcept : caller(nobody) {}
  explicit caller(const call_site& w) noexcept : where(w) {}
  /// Notes the stack, from the frame on that `return_address` lies in: the library's own callers.
  /// No lock.
  void note_stack(const void* return_address) noexcept {
    n_stack = static_cast<std::uint32_t>(base::os::walk_stack(stack, stack_depth, return_address));
  }

  const call_site& where;
  std::uint32_t n_stack = 0;
  const void* stack[stack_depth];  // written before it is read
};

/// Who calls the engine `c`, from there.
template <class Core>
caller called(const Core& c, const call_site& where, const void* from) noexcept {
  caller by(where);
  if (c.watch != nullptr) by.note_stack(from);
  return by;
}

}
