// SPDX-License-Identifier: BSD-2-Clause
#include "page/region_table.hpp"

#include <cstring>

#include "base/arena.hpp"

namespace pool9::page {

namespace arena = base::arena;
using base::bit_tree;
using base::word;

region_table::~region_table() {
  arena::release(slots_, n_slots_ * sizeof(slot));
  if (regions_ != nullptr) arena::release(regions_, array_bytes(capacity_));
}

bool region_table::reserve_one() noexcept {
  if (2 * (n_regions_ + 1) > n_slots_ && !grow_hash()) return false;
  return !unused_.empty() || grow_array();
}

bool region_table::grow_hash() noexcept {
  const std::size_t n = n_slots_ == 0 ? 4 : 2 * n_slots_;
  auto* const slots = static_cast<slot*>(arena::allocate(n * sizeof(slot)));
  if (slots == nullptr) return false;
  slot* const old = slots_;
  const std::size_t n_old = n_slots_;
  slots_ = slots;
  n_slots_ = n;
  hash_shift_ = 64 - base::log2_of(n);
  for (std::size_t i = 0; i < n_old; ++i)
    if (old[i].r != nullptr) place(old[i].number, old[i].r);
  arena::release(old, n_old * sizeof(slot));
  return true;
}

bool region_table::grow_array() noexcept {
  const std::size_t capacity = capacity_ == 0 ? 4 : 2 * capacity_;
  auto* const regions = static_cast<region**>(arena::allocate(array_bytes(capacity)));
  if (regions == nullptr) return false;
  auto* words = reinterpret_cast<word*>(regions + capacity);
  bit_tree trees[3];
  for (bit_tree& t : trees) {
    t = bit_tree(words, capacity);
    words += bit_tree::words_for(capacity);
  }
  for (std::size_t i = 0; i < capacity_; ++i) {  // the old array is full: every index is in use
    regions[i] = regions_[i];
    if (with_free.contains(i)) trees[0].insert(i);
    if (with_empty.contains(i)) trees[1].insert(i);
  }
  for (std::size_t i = capacity_; i < capacity; ++i) trees[2].insert(i);
  if (regions_ != nullptr) arena::release(regions_, array_bytes(capacity_));
  regions_ = regions;
  capacity_ = capacity;
  with_free = trees[0];
  with_empty = trees[1];
  unused_ = trees[2];
  return true;
}

void region_table::place(std::uintptr_t number, region* r) noexcept {
  std::size_t i = slot_of(number);
  while (slots_[i].r != nullptr) i = (i + 1) & (n_slots_ - 1);
  slots_[i] = {number, r};
}

void region_table::add(std::uintptr_t number, region& r) noexcept {
  r.index = static_cast<std::uint32_t>(unused_.first());
  unused_.erase(r.index);
  regions_[r.index] = &r;
  place(number, &r);
  ++n_regions_;
}

void region_table::remove(std::uintptr_t number) noexcept {
  const std::size_t mask = n_slots_ - 1;
  std::size_t hole = slot_of(number);
  while (slots_[hole].number != number) hole = (hole + 1) & mask;
  const std::size_t index = slots_[hole].r->index;
  regions_[index] = nullptr;
  unused_.insert(index);
  --n_regions_;
  // Whoever probed past the hole moves into it, unless it stands at or behind its own slot already.
  for (std::size_t i = (hole + 1) & mask; slots_[i].r != nullptr; i = (i + 1) & mask) {
    const std::size_t home = slot_of(slots_[i].number);
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = {0, nullptr};
}

}
