// SPDX-License-Identifier: BSD-2-Clause
// The regions of a pool: found by address, by number, and by what they have to offer.
//
// By address: an open-addressing hash, half full at most, linear probing, no tombstones.  By
// number: an array; numbers are reused, lowest first.  Both double when they are full and never
// shrink.
//
// Invariants
//   H1  a region in the hash stands in the array at its index, and the other way round
//   H2  with_free contains i  <=>  region i has a free item; with_empty likewise for empty pages
//   H3  unused contains i  <=>  i < capacity and no region has the index i
//
// Not thread-safe.
#pragma once
#include "page/region.hpp"

namespace pool9::page {

class region_table {
 public:
  constexpr region_table() noexcept = default;
  region_table(const region_table&) = delete;
  region_table& operator=(const region_table&) = delete;
  ~region_table();

  /// The region with this number of the address space (address >> log), or nullptr.
  region* find(std::uintptr_t number) const noexcept {
    if (n_regions_ == 0) return nullptr;
    for (std::size_t i = slot_of(number);; i = (i + 1) & (n_slots_ - 1)) {
      if (slots_[i].number == number) return slots_[i].r;
      if (slots_[i].r == nullptr) return nullptr;
    }
  }
  /// Makes room for one more region; false: no memory.
  [[nodiscard]] bool reserve_one() noexcept;
  /// Requires: reserve_one() said true and none was added since; r.base is `number` << log.
  void add(std::uintptr_t number, region& r) noexcept;
  void remove(std::uintptr_t number) noexcept;

  region* operator[](std::size_t index) const noexcept { return regions_[index]; }
  std::size_t n_regions() const noexcept { return n_regions_; }
  /// One more than the highest index in use ever.
  std::size_t capacity() const noexcept { return capacity_; }

  base::bit_tree with_free;
  base::bit_tree with_empty;

 private:
  struct slot {
    std::uintptr_t number;
    region* r;  // nullptr: nothing here
  };
  std::size_t slot_of(std::uintptr_t number) const noexcept {
    return static_cast<std::size_t>((number * 0x9E3779B97F4A7C15u) >> hash_shift_);  // Fibonacci
  }
  bool grow_hash() noexcept;
  bool grow_array() noexcept;
  static constexpr std::size_t array_bytes(std::size_t capacity) noexcept {
    return capacity * sizeof(region*) +
           3 * base::bit_tree::words_for(capacity) * sizeof(base::word);
  }
  void place(std::uintptr_t number, region* r) noexcept;

  slot* slots_ = nullptr;
  std::size_t n_slots_ = 0;  // a power of two
  unsigned hash_shift_ = 0;  // 64 - log2(n_slots_)
  region** regions_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t n_regions_ = 0;
  base::bit_tree unused_;  // H3
};

}
