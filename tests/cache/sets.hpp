// SPDX-License-Identifier: BSD-2-Clause
// What tests of the cache layer have in common: items that are no pool's, a set of magazines with a
// slot, and the owner's steps.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "cache/magazine_set.hpp"
#include "cache/thread.hpp"

namespace pool9::test {

using cache::magazine;
using cache::magazine_set;
namespace this_thread = cache::this_thread;

/// Addresses that stand for items.
inline void* item(std::size_t i) {
  static std::array<char, 20'000> items;
  return &items.at(i);
}

/// A set of magazines and its slot; checked after every step that a test takes with do_().
class set_with_slot {
 public:
  set_with_slot() { EXPECT_NE(slot, 0u); }
  ~set_with_slot() {
    recall_all();
    while (void* const pushed = take_pushed()) static_cast<void>(pushed);
    forget();
    set.abandon();
    EXPECT_TRUE(set.check());
    cache::release_slot(slot);
  }
  set_with_slot(const set_with_slot&) = delete;
  set_with_slot& operator=(const set_with_slot&) = delete;

  magazine* open(std::size_t depth = magazine::smallest) {
    magazine* const m = set.open(slot, depth);
    EXPECT_TRUE(set.check());
    return m;
  }
  void recall_all() {
    set.recall([](const magazine&) { return true; });
    EXPECT_TRUE(set.check());
    EXPECT_EQ(set.n_open(), 0u);
  }
  /// settle.4 for the calling thread, with nothing pushed.
  void park() {
    magazine* const m = this_thread::find(slot);
    this_thread::remove(slot);
    set.park(*m);
    EXPECT_TRUE(set.check());
  }
  /// The calling thread has no magazine any more.
  void forget() {
    if (this_thread::find(slot) != nullptr) park();
  }
  /// nullptr: there is none.
  void* draw() {
    void* drawn = nullptr;
    const bool any = set.draw(drawn);
    EXPECT_TRUE(set.check());
    return any ? drawn : nullptr;
  }
  void* draw_idle() {
    magazine* const idle = set.find_idle();
    if (idle == nullptr) return nullptr;
    void* const drawn = set.draw_from(*idle);
    EXPECT_TRUE(set.check());
    return drawn;
  }
  void* take_pushed() {
    void* pushed = nullptr;
    const bool any = set.take_pushed(pushed);
    EXPECT_TRUE(set.check());
    return any ? pushed : nullptr;
  }
  std::vector<void*> draw_all() {
    std::vector<void*> all;
    while (void* const drawn = draw()) all.push_back(drawn);
    return all;
  }

  const std::uint32_t slot = cache::claim_slot();
  magazine_set set;
};

/// A put by the owner, who looks.  Returns whether it was pushed into an open magazine.
inline bool put(magazine& m, void* what) { return detail::push(m, what) && !detail::is_closed(m); }
/// `n` items from `first` on.
inline void put_some(magazine& m, std::size_t first, std::size_t n) {
  for (std::size_t i = first; i < first + n; ++i) EXPECT_TRUE(put(m, item(i)));
}

}  // namespace pool9::test
