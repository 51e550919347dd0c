// SPDX-License-Identifier: BSD-2-Clause
// The loops of the workloads.  None is inlined anywhere, so that every contender has a loop of the
// same shape to itself: what the loop costs is what the contender `nothing` shows.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <random>

#include "measure.hpp"

namespace peers {

/// W1: one hot item.
template <class C>
[[gnu::noinline]] void pairs(C& c, std::size_t n) {
  for (; n != 0; --n) {
    void* const item = c.get();
    keep(item);
    c.put(item);
  }
}

inline constexpr std::size_t n_rolling = 16;
using rolling_items = std::array<void*, n_rolling>;

/// W1roll: 16 items are out; the oldest is put, and another got for it.
template <class C>
[[gnu::noinline]] void roll(C& c, rolling_items& items, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    void*& item = items[i % n_rolling];
    c.put(item);
    item = c.get();
    keep(item);
  }
}

enum class order { lifo, fifo, random };

/// W2: so many gets, then as many puts.
struct batch {
  static constexpr std::size_t n_items = 1000;

  explicit batch(order how) {
    std::iota(put_next.begin(), put_next.end(), 0);
    if (how == order::lifo) std::reverse(put_next.begin(), put_next.end());
    if (how == order::random) shuffle(1);
  }
  void shuffle(unsigned seed) {
    std::shuffle(put_next.begin(), put_next.end(), std::minstd_rand(seed));
  }

  std::array<void*, n_items> items = {};
  std::array<std::uint32_t, n_items> put_next;  // which item is put when
};

template <class C>
[[gnu::noinline]] void one_batch(C& c, batch& b) {
  for (void*& item : b.items) {
    item = c.get();
    write_first_word(item);
  }
  for (const std::uint32_t i : b.put_next) c.put(b.items[i]);
}

/// Batches until there were `n` pairs, a multiple of a batch.
template <class C>
void batches(C& c, batch& b, std::size_t n) {
  for (std::size_t i = 0; i < n; i += batch::n_items) one_batch(c, b);
}

/// The pairs that batches(n) does.
inline std::size_t whole_batches(std::size_t n) {
  return (n + batch::n_items - 1) / batch::n_items * batch::n_items;
}

}
