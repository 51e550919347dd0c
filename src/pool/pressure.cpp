// SPDX-License-Identifier: BSD-2-Clause
// Memory runs short in the system: everything idle goes back.
//
// First all hooks are asked, then all pools give back, since what the hook of one pool puts may lie
// in another.
#include "pool/core.hpp"
#include "pool/registry.hpp"

namespace pool9::inline v1 {

namespace detail {

void core::tell_of_pressure() noexcept {
  if (inside::of(*this)) return;
  handoff owed;
  mutex.lock();
  if (hook.call != nullptr) call_hook(shortage::memory_pressure, owed);
  leave(owed);
}

namespace {

/// A hook that does the same again would be called by another's, and that by its own.
constinit thread_local bool is_telling = false;

}

}

std::size_t relieve_memory_pressure() noexcept {
  if (!std::exchange(detail::is_telling, true)) {
    for (detail::registry::visitor v; detail::core* const c = v.next();) c->tell_of_pressure();
    detail::is_telling = false;
  }
  return reclaim_all();
}

}
