// SPDX-License-Identifier: BSD-2-Clause
// The calling thread's magazines, and the numbers by which pools find theirs.
//
// Nothing here has a constructor or destructor that runs, so gets and puts work before main, in the
// destructors of other libraries, and after the thread's own exit hook: without a cache then.
#pragma once
#include "cache/magazine.hpp"

namespace pool9::cache {

/// Stands in every slot that has no magazine: both empty and full.
extern const detail::magazine_top none;

/// Claims a slot for a pool; 0: all are taken, and the pool goes without caches.  Requires: calls
/// of these two are serialised.
std::uint32_t claim_slot() noexcept;
void release_slot(std::uint32_t slot) noexcept;

namespace this_thread {

/// What tells this thread from others, before and after a fork.
const void* id() noexcept;
/// Sees to it that `hook` gets every magazine that the thread still has when it ends.  false: it
/// may have none, because it is ending, or for want of memory.  Requires: no lock is held.
bool enter(void (*hook)(magazine&)) noexcept;

/// Magazines that the inlined path must not find.
struct fenced_table {
  magazine* at[detail::n_slots];
};
extern constinit thread_local fenced_table* fenced;

/// The magazine in that slot, open or closed; nullptr: none.
inline magazine* find(std::uint32_t slot) noexcept {
  detail::magazine_top* const m = detail::slots.at[slot];
  if (m != &none) return static_cast<magazine*>(m);
  return fenced != nullptr ? fenced->at[slot] : nullptr;
}
/// Puts `m` there.  false: no memory for fenced ones.
bool insert(std::uint32_t slot, magazine& m) noexcept;
/// The slot has none from now on.
void remove(std::uint32_t slot) noexcept;

}
}
