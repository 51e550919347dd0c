// SPDX-License-Identifier: BSD-2-Clause
// Who got and who put every item last: a record for each that was ever got, found by its address.
//
// A record outlives the page of its item, so that a second put can be named even then; those of
// memory that is no more go when the table would have to grow.  Where there is no memory for a
// record, there is none: nothing depends on it.  Guarded by the lock of the pool.
#pragma once
#include "base/bits.hpp"
#include "base/layout_access.hpp"
#include "pool/caller.hpp"

namespace pool9::inline v1::detail {

class ledger {
 public:
  struct event {
    call_site where;
    std::uint64_t time_ns = 0;  // 0: none yet
    std::uint32_t thread = 0;
    std::uint32_t n_stack = 0;
    const void* stack[stack_depth] = {};

    bool is_known() const noexcept { return time_ns != 0; }
    /// The same place in the program, as far as is known.
    bool is_from_where(const event& other) const noexcept;
    item_event view() const noexcept { return {where, stack, n_stack, time_ns, thread}; }
  };
  enum class state : std::uint8_t { free, out, in_quarantine, to_be_lent };
  struct record {
    const void* item = nullptr;  // nullptr: nothing here
    state now = state::free;
    bool is_told = false;  // that it is held for too long
    event got, put;
    void* behind = nullptr;  // the item that this one, a block of malloc's, stands in for
  };

  constexpr ledger() noexcept = default;
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;
  ~ledger();

  record* find(const void* item) const noexcept;
  /// The record of the item, a new one if there is none; nullptr: no memory.  `lives(item)` says
  /// whether a record is worth keeping.
  template <class Lives>
  record* enter(const void* item, Lives lives) noexcept {
    if (record* const r = find(item)) return r;
    if (2 * n_ >= capacity_ && !grow(lives)) return nullptr;
    record& r = *place(item);
    r.item = item;
    ++n_;
    return &r;
  }
  /// Writes down who it was, and when.
  static void note(event& e, const caller& by) noexcept;

  /// The first from place `i` on that `wanted` is true of, and `i` the place after it; nullptr: no
  /// more.
  template <class Wanted>
  record* next(std::size_t& i, Wanted wanted) const {
    while (i < capacity_)
      if (record& r = table_[i++]; r.item != nullptr && wanted(r)) return &r;
    return nullptr;
  }
  /// Calls f(record&) for all.
  template <class F>
  void for_each(F f) const {
    for (std::size_t i = 0; i < capacity_; ++i)
      if (table_[i].item != nullptr) f(table_[i]);
  }

 private:
  friend struct layout_access;
  static constexpr std::size_t smallest = 64;
  /// The record of the item, or the place for it.  Requires: the table is not full.
  record* place(const void* item) const noexcept;
  bool start(std::size_t capacity) noexcept;

  /// Twice the size, or, if half of it is of memory gone by, the same again.
  template <class Lives>
  bool grow(Lives lives) noexcept {
    std::size_t n_living = 0;
    for_each([&](const record& r) { n_living += lives(r.item) ? 1 : 0; });
    ledger next;
    if (!next.start(std::max(smallest, std::bit_ceil(4 * n_living + 1)))) return n_ < capacity_ - 1;
    for_each([&](const record& r) {
      if (!lives(r.item)) return;
      *next.place(r.item) = r;
      ++next.n_;
    });
    std::swap(table_, next.table_);
    std::swap(capacity_, next.capacity_);
    std::swap(n_, next.n_);
    return true;
  }

  record* table_ = nullptr;
  std::size_t capacity_ = 0;  // a power of two
  std::size_t n_ = 0;
};

}
