// SPDX-License-Identifier: BSD-2-Clause
// All magazines of one pool: opening, recalling, drawing from them.
//
// A recall records where every magazine's items end and moves none of them, so it takes
// microseconds whatever they hold.  Items are drawn, one after the other, as the pool needs them.
// Guarded by the pool's lock, but for what owners do in open magazines.
//
// Invariants
//   M1  a magazine is in `open` with closed == 0, in `closed` with closed == 1 and an owner, or in
//       `parked` with closed == 1 and none
//   M2  n_recalled = sum of left - base over closed and parked; base <= left <= taken
//   M3  within closed, and within parked, those with items come before those without
//   M4  open_depth = sum of limit - base over open
#pragma once
#include "base/layout_access.hpp"
#include "cache/magazine.hpp"

namespace pool9::cache {

class magazine_set {
 public:
  constexpr magazine_set() noexcept = default;
  magazine_set(const magazine_set&) = delete;
  magazine_set& operator=(const magazine_set&) = delete;

  /// Items that were recalled and can be drawn.
  std::size_t n_recalled() const noexcept { return n_recalled_; }
  std::size_t n_open() const noexcept { return n_open_; }
  /// The most that open magazines can hold.
  std::size_t open_depth() const noexcept { return open_depth_; }
  /// What owners did unseen: exact while they are quiet; otherwise puts less held is never more
  /// than it was at the time.
  struct tally {
    std::uint64_t n_puts;  // that magazines, present and past, took
    std::size_t n_held;    // by open magazines, or pushed in closed ones and not taken yet
  };
  tally count() noexcept;

  // ---- opening: the owner's visit ----
  /// Opens a parked magazine, the one parked last, or a new one, for the calling thread; nullptr:
  /// no memory.  Its items are no longer recalled, and it has room for `depth` at most.  Requires:
  /// n_in_next() <= depth.
  magazine* open(std::uint32_t slot, std::size_t depth) noexcept;
  /// What the magazine holds that open() would take; draw() lessens it.
  std::size_t n_in_next() noexcept;
  /// Moves up to `n` recalled items into `m`, which has room; returns how many.
  std::size_t move_to(magazine& m, std::size_t n) noexcept;
  /// m.deepen(most).
  void deepen(magazine& m, std::size_t most) noexcept;
  /// settle.4: a closed magazine of the calling thread becomes nobody's.  Requires: nothing is
  /// pushed in it, and no slot has it.
  void park(magazine& m) noexcept;

  // ---- recalling ----
  /// Closes those open magazines for which `which` says so, and takes what they hold.  Returns
  /// whether there were any.
  bool recall(bool (*which)(const magazine&)) noexcept;
  /// The same for one of the calling thread's, which does nothing meanwhile.
  void recall_own(magazine& m) noexcept;
  // The next three return whether there is such an item - which is null where somebody put that.
  /// Something pushed in a closed magazine whose owner has not settled.
  bool take_pushed(void*& item) noexcept;
  /// One of those in [taken, top) of `m`.
  static bool take_pushed(magazine& m, void*& item) noexcept;
  /// A recalled item.
  bool draw(void*& item) noexcept;
  /// A magazine that is idle and holds recalled items; nullptr: there is none.
  magazine* find_idle() noexcept;
  /// A recalled item of `m`.  Requires: it has one.
  void* draw_from(magazine& m) noexcept;
  /// All magazines are idle from now on that do not get a visit; frees parked ones that have been.
  void age() noexcept;

  // ---- the end ----
  /// In the child of a fork: every thread but the calling one has gone.  Requires: all is recalled.
  void park_strangers() noexcept;
  /// The pool is gone: parked magazines are freed, others forgotten.  Requires: all is recalled,
  /// and registry::lock.
  void abandon() noexcept;

  /// M1 to M4.
  bool check() noexcept;

 private:
  friend struct detail::layout_access;
  void take_over(magazine& m) noexcept;
  void put_in_line(base::list& l, magazine& m) noexcept;
  void dispose(magazine& m) noexcept;

  base::list open_, closed_, parked_;
  std::size_t n_open_ = 0;
  std::size_t n_recalled_ = 0;
  std::size_t open_depth_ = 0;
  std::uint64_t puts_of_gone_ = 0;
};

}
