// SPDX-License-Identifier: BSD-2-Clause
// A magazine: what its owner uses inlined (pool9/detail/magazine.hpp), and what is settled under
// the lock of its pool.
//
//              recall                      the owner's next visit
//     open  ------------>  closed  ------------------------------------>  parked
//       ^                                                                    |
//       |     a visit of any thread that has no magazine for the pool        |
//       +--------------------------------------------------------------------+
//
//   open    an owner's, who alone knows what it holds.
//   closed  recalled; still in its owner's slot.  [base, left) is the pool's, which draws from it.
//   parked  nobody's: left by its owner, or by the end of its owner; [base, left) is the pool's.
//
// Settling.  An owner that finds its magazine closed visits the pool and learns what became of the
// operation it was in, from `taken`, the top that the recaller saw:
//
//   settle.1  the magazine is of a pool that is gone: nothing in it means anything any more
//   settle.2  a popped item is the owner's if top >= taken, and the recaller's otherwise
//   settle.3  a pushed item in [taken, top) is given to the pool
//   settle.4  the magazine is parked, and the slot has none
//
// A recall looks at closed magazines, too, and gives [taken, top) to the pool and so to whoever
// waits: what was pushed there by an owner that was stopped before its look must not stay
// invisible.  So taken rises, and never falls.
//
// Magazines of a pool that is gone stay closed for ever in their owners' slots, with the number of
// that pool: a new pool in the same place, with the same slot, has another number.
#pragma once
#include <pool9/detail/magazine.hpp>
#include <span>

#include "base/list.hpp"

namespace pool9::cache {

struct magazine final : detail::magazine_top, base::list_link {
  /// The array is one word larger: the first is the null that says empty.
  static constexpr std::size_t smallest = 63, largest = 8191;

  /// A closed magazine for that many items at most; nullptr: no memory.
  static magazine* make(std::size_t capacity) noexcept;
  /// Requires: no slot and no list has it.
  static void release(magazine* m) noexcept;

  bool is_open() const noexcept { return closed.load(std::memory_order_relaxed) == 0; }  // lock
  std::size_t n_recalled() const noexcept { return static_cast<std::size_t>(left - base); }
  std::size_t depth() const noexcept { return static_cast<std::size_t>(limit - base); }

  // ---- the owner's, in a visit, while it is open ----
  std::size_t n_held() const noexcept {
    return static_cast<std::size_t>(top.load(std::memory_order_relaxed) - base);
  }
  /// Lets it hold twice as much, `most` at most; without memory it stays as it is.
  void deepen(std::size_t most) noexcept;
  /// Pushes items whose puts are counted, or that come from the pool.  Requires: there is room.
  void add(std::span<void* const> items) noexcept;
  /// Pushes what `source()` returns, `n` times, so that the first is popped first.
  template <class Source>
  void add(std::size_t n, Source source) noexcept {
    void** const t = top.load(std::memory_order_relaxed);
    for (std::size_t i = n; i-- != 0;) t[i] = source();
    top.store(t + n, std::memory_order_relaxed);  // relaxed: recalls read it under the lock held
  }
  /// Pops.  Requires: it holds something.
  void* take_newest() noexcept {
    void** const t = top.load(std::memory_order_relaxed) - 1;
    top.store(t, std::memory_order_relaxed);  // relaxed, as above
    return *t;
  }
  /// Removes the `n` that were put first.
  void drop_oldest(std::size_t n) noexcept;

  // ---- constant while it has an owner, or guarded by the lock of the pool ----
  void** base = nullptr;        // the array's second word
  std::size_t capacity = 0;     // of the array, in items
  void** taken = nullptr;       // what the recaller saw of top
  void** left = nullptr;        // [base, left): recalled, and not drawn yet
  std::uint64_t pool_id = 0;    // settle.1
  const void* owner = nullptr;  // the thread, as this_thread(); nullptr: parked
  bool fenced = false;          // opened when there was no barrier
  bool idle = false;            // no visit since housekeeping looked
  // ---- read under the registry's lock or the pool's, written under both, but by its owner ----
  void* pool = nullptr;  // nullptr: it is gone
};

}
