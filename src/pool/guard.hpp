// SPDX-License-Identifier: BSD-2-Clause
// Sampled guard: now and then an item is handed out that sits alone between pages that nobody may
// touch, so that an overrun, or a use after its put, stops the program with a report.
//
//   | no access |          [ item ]| no access | ...       or |[ item ]          |
//
// It stands in for an item of the pool, which is out meanwhile as far as the pages are concerned:
// limits, reserve and counts know nothing of it.  The places are few and the process's.  A place
// whose item came back is closed until it is needed again, last come last served.
//
// The lock here is taken under any pool's, and under it no other.
#pragma once
#include <atomic>
#include <cstdint>

#include "base/text.hpp"
#include "page/page_set.hpp"
#include "pool/ledger.hpp"

namespace pool9::inline v1::detail::guard {

enum class state : std::uint32_t { unused, out, back };

/// A place, and what is in it.  Other processes read it, too (layout_note.hpp).
struct place {
  state now = state::unused;
  std::uint64_t pool_id = 0;
  std::uint64_t last_use = 0;  // of n_uses: when it was handed out or came back
  std::uintptr_t item = 0;
  std::size_t size = 0;
  void* real = nullptr;
  ledger::event got;
  // For the signal handler, which may not ask anybody: parts of a report.
  char pool[32] = {};
  base::text<200> site;
  base::text<1000> stack;
};
inline constexpr std::size_t n_places = 16;

/// What is to be guarded.
struct wanted {
  std::uint64_t pool_id;
  const char* pool;  // its name
  std::size_t item_size, align, align_offset;
};

/// An address to hand out instead of `real`; nullptr: there is none.
void* stand_in(void* real, const wanted& w) noexcept;
/// Notes who got it.  No lock.
void note_get(const void* item, const caller& by) noexcept;

/// Where they are; both 0 until there is one.
extern constinit std::atomic<std::uintptr_t> begin, end;
/// Whether that address was ever handed out by stand_in(), or lies beside one.
inline bool is_near(const void* p) noexcept {
  const std::uintptr_t a = base::address_of(p);
  // relaxed: who has such an address got it after they were stored
  return a < end.load(std::memory_order_relaxed) && a >= begin.load(std::memory_order_relaxed);
}
/// What it is to the pool of that number.
page::give_result ask(const void* item, std::uint64_t pool_id) noexcept;
/// What stands in for that item of the pool of that number, or the item itself.
void* standing_in_for(void* real, std::uint64_t pool_id) noexcept;
/// It came back; returns what it stood in for, and `spoiled` is a byte around it that was
/// written, or nullptr.  Requires: ask() said ok.
void* come_back(void* item, const void*& spoiled) noexcept;
/// The pool has ended.
void forget(std::uint64_t pool_id) noexcept;

/// Around a fork.
void lock_all() noexcept;
void unlock_all() noexcept;

}
