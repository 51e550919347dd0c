// SPDX-License-Identifier: BSD-2-Clause
// A set of the numbers 0 .. n-1 that finds its smallest and largest member in a handful of steps.
//
//   level 2             [w0]                        bit i: word i of level 1 is not zero
//   level 1      [w0]  [w1] ... [w63]               bit i: word i of level 0 is not zero
//   level 0  [w0][w1]  ...        [w4095]           bit i: i is a member
//
// Five levels reach 10^9 members, so everything here is O(1) for any set that fits a machine. Level
// 0 is open to callers that look at several members at once: a page's items are a field of its
// bits.
//
// Invariant
//   B1  a bit of level l+1 is set  <=>  the word of level l it stands for is not zero
//
// Not thread-safe.  The memory is the caller's.
#pragma once
#include "base/bits.hpp"

namespace pool9::base {

class bit_tree {
 public:
  /// How many words of memory a tree over `n` bits needs: n/63 at most, rounded up, and one a
  /// level.
  static constexpr std::size_t words_for(std::size_t n) noexcept {
    std::size_t total = 0;
    do {
      n = ceil_div(n, word_bits);
      total += n;
    } while (n > 1);
    return total;
  }

  constexpr bit_tree() noexcept = default;

  /// An empty set over words_for(n) words of zeroed memory.  Requires: n > 0.
  bit_tree(word* memory, std::size_t n) noexcept {
    do {
      n = ceil_div(n, word_bits);
      level_[height_++] = memory;
      memory += n;
    } while (n > 1);
  }

  bool empty() const noexcept { return height_ == 0 || level_[height_ - 1][0] == 0; }
  bool contains(std::size_t i) const noexcept { return (level_[0][i / word_bits] & bit(i)) != 0; }
  /// These return whether that changed empty(), and so do all below.
  bool insert(std::size_t i) noexcept { return set_bits(i / word_bits, bit(i)); }
  bool erase(std::size_t i) noexcept { return clear_bits(i / word_bits, bit(i)); }

  /// Requires: !empty().
  std::size_t first() const noexcept { return descend<lowest>(0); }
  std::size_t last() const noexcept { return descend<highest>(0); }
  /// The first word of level 0 that is not zero.  Requires: !empty().
  std::size_t first_word() const noexcept { return height_ == 1 ? 0 : descend<lowest>(1); }

  word bits(std::size_t w) const noexcept { return level_[0][w]; }
  bool set_bits(std::size_t w, word mask) noexcept {
    const word before = level_[0][w];
    level_[0][w] = before | mask;
    return before == 0 && mask != 0 && word_filled(w);
  }
  bool clear_bits(std::size_t w, word mask) noexcept {
    const word before = level_[0][w];
    level_[0][w] = before & ~mask;
    return before != 0 && (before & ~mask) == 0 && word_drained(w);
  }

  /// For callers that write the words of level 0 themselves, the first in the tree's memory: what
  /// they must say when one went from zero to not zero, or back.
  bool word_filled(std::size_t w) noexcept {
    for (unsigned l = 1; l < height_; ++l, w /= word_bits) {
      word& up = level_[l][w / word_bits];
      const word before = up;
      up |= bit(w);
      if (before != 0) return false;
    }
    return true;
  }
  bool word_drained(std::size_t w) noexcept {
    for (unsigned l = 1; l < height_; ++l, w /= word_bits) {
      word& up = level_[l][w / word_bits];
      up &= ~bit(w);
      if (up != 0) return false;
    }
    return true;
  }

  /// B1, for a tree over `n` bits.
  bool check(std::size_t n) const noexcept {
    for (unsigned l = 0; l + 1 < height_; ++l) {
      n = ceil_div(n, word_bits);
      for (std::size_t w = 0; w < n; ++w)
        if ((level_[l][w] != 0) != ((level_[l + 1][w / word_bits] & bit(w)) != 0)) return false;
    }
    return true;
  }

 private:
  static constexpr unsigned max_height = 8;  // 64^8 bits: more than an address space holds items
  static unsigned lowest(word w) noexcept { return static_cast<unsigned>(std::countr_zero(w)); }
  static unsigned highest(word w) noexcept {
    return 63u - static_cast<unsigned>(std::countl_zero(w));
  }

  template <unsigned (*Pick)(word) noexcept>
  std::size_t descend(unsigned to_level) const noexcept {
    std::size_t i = 0;
    for (unsigned l = height_; l-- > to_level;) i = i * word_bits + Pick(level_[l][i]);
    return i;
  }

  word* level_[max_height] = {};
  unsigned height_ = 0;
};

}
