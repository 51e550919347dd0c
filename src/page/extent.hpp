// SPDX-License-Identifier: BSD-2-Clause
// The caller's storage, and a pool's set of such.
//
//   storage      [ what stands before | extent | item bits | item 0 | item 1 | ... ]
//
// An extent is one run of items, uncoloured, whatever the page size; its descriptor and its bits
// lie at its own start, so that nothing is allocated for it.  It is never given back.  Extents are
// found by address in a treap (a search tree whose random priorities keep it shallow) and those
// with free items form a list, so every step is O(1) for one extent and O(log n) for n.
//
// Invariants
//   E1  item bits: 1 = free; bits from n_items on are 0
//   E2  an extent is in the list of those with free items  <=>  one of its bits is 1
//   E3  no two extents overlap
#pragma once
#include <span>

#include "base/bit_tree.hpp"
#include "base/list.hpp"
#include "page/layout.hpp"

namespace pool9::page {

struct extent : base::list_link {  // linked: has free items
  extent* left = nullptr;
  extent* right = nullptr;
  std::uint64_t priority = 0;
  std::uintptr_t start = 0;  // the lowest address that is ours: that of the descriptor, or lower
  std::uintptr_t first = 0;  // item 0
  std::uintptr_t end = 0;    // behind the last item
  std::size_t n_items = 0;
  base::bit_tree items;  // E1
};

class extent_set {
 public:
  constexpr extent_set() noexcept = default;

  /// How many items `storage` holds, `at_most` at most.
  static std::size_t capacity(std::span<std::byte> storage, const layout& l,
                              std::size_t at_most) noexcept;
  /// Adds capacity() items, all free; what lies from `ours` on, before the storage, is no other's.
  /// Returns where they lie: nowhere, and nothing was written, if the capacity is 0 or the storage
  /// overlaps what is here.
  std::span<std::byte> add(std::span<std::byte> storage, const layout& l, std::size_t at_most,
                           std::uintptr_t ours) noexcept;

  /// The extent that `address` lies in, or nullptr.
  extent* find(std::uintptr_t address) const noexcept;
  /// An extent with a free item, or nullptr.
  extent* with_free() noexcept {
    return free_.begin() == free_.end() ? nullptr : static_cast<extent*>(free_.begin());
  }
  /// Takes the lowest free item of `e`, which has one.
  void* take(extent& e, const layout& l) noexcept;
  /// Which item starts at `address`; layout::no_item: none does.
  static std::size_t index_of(const extent& e, std::uintptr_t address, const layout& l) noexcept;
  /// Item `i` goes from out to free.
  void give(extent& e, std::size_t i) noexcept;

  /// The first item that is out behind `address`, which becomes its own; nullptr: there is none.
  void* next_out(std::uintptr_t& address, const layout& l) const noexcept;

  std::size_t n_items() const noexcept { return n_items_; }
  std::size_t bytes() const noexcept { return bytes_; }

  /// Calls f(const extent&) for each, lowest address first; stops and returns false when f does.
  template <class F>
  bool for_each(F f) const {
    return walk(root_, f);
  }

 private:
  friend struct detail::layout_access;
  template <class F>
  static bool walk(const extent* e, F& f) {
    return e == nullptr || (walk(e->left, f) && f(*e) && walk(e->right, f));
  }
  static extent* insert(extent* root, extent* e) noexcept;

  extent* root_ = nullptr;
  base::list free_;  // E2
  std::size_t n_items_ = 0;
  std::size_t bytes_ = 0;
};

}
