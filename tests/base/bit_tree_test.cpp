// SPDX-License-Identifier: BSD-2-Clause
// A bit_tree against std::set.
#include "base/bit_tree.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace pool9::test {
namespace {

using base::bit_tree;
using base::word;
using base::word_bits;

class BitTree : public testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t n = GetParam();
  std::vector<word> memory = std::vector<word>(bit_tree::words_for(n) + 1);
  bit_tree tree{memory.data(), n};
  std::mt19937_64 random{n};

  ~BitTree() override { EXPECT_EQ(memory.back(), 0u) << "more was written than words_for()"; }
};

TEST_P(BitTree, AgreesWithASetAfterRandomSteps) {
  std::set<std::size_t> model;
  for (int step = 0; step < 20000; ++step) {
    const bool ebb = (step / 2500) % 2 != 0;
    const std::size_t i = random() % n;
    if (random() % 4 == 0 ? !ebb : ebb) {
      const auto next = model.lower_bound(i);
      const std::size_t victim = next == model.end() ? i : *next;
      tree.erase(victim);
      model.erase(victim);
    } else {
      tree.insert(i);
      model.insert(i);
    }

    ASSERT_EQ(tree.empty(), model.empty()) << "step " << step;
    ASSERT_EQ(tree.contains(i), model.count(i) != 0) << "step " << step;
    if (!model.empty()) {
      ASSERT_EQ(tree.first(), *model.begin()) << "step " << step;
      ASSERT_EQ(tree.last(), *model.rbegin()) << "step " << step;
      ASSERT_EQ(tree.first_word(), *model.begin() / word_bits) << "step " << step;
    }
    ASSERT_TRUE(step % 500 != 0 || tree.check(n)) << "step " << step;  // B1
  }
}

TEST_P(BitTree, FindsASingleMemberWhereverItIs) {
  const std::size_t stride = n > 5000 ? 97 : 1;
  for (std::size_t i = 0; i < n; i += stride) {
    tree.insert(i);
    ASSERT_EQ(tree.first(), i);
    ASSERT_EQ(tree.last(), i);
    ASSERT_TRUE(tree.contains(i));
    tree.erase(i);
    ASSERT_TRUE(tree.empty());
    ASSERT_FALSE(tree.contains(i));
  }
  EXPECT_TRUE(tree.check(n));  // B1
}

TEST_P(BitTree, InsertingAMemberAndErasingAnotherChangeNothing) {
  tree.insert(n - 1);
  tree.insert(n - 1);
  if (n > 1) tree.erase(0);

  EXPECT_EQ(tree.first(), n - 1);
  tree.erase(n - 1);
  tree.erase(n - 1);
  EXPECT_TRUE(tree.empty());
  EXPECT_TRUE(tree.check(n));  // B1
}

TEST_P(BitTree, SetsAndClearsSeveralBitsOfAWordAtOnce) {
  const std::size_t w = (n - 1) / word_bits;
  const word mask = base::low_bits(n - w * word_bits);

  tree.set_bits(w, mask);
  EXPECT_EQ(tree.bits(w), mask);
  EXPECT_EQ(tree.first(), w * word_bits);
  EXPECT_EQ(tree.last(), n - 1);
  EXPECT_TRUE(tree.check(n));
  tree.clear_bits(w, mask & ~base::bit(n - 1));
  EXPECT_EQ(tree.first(), n - 1);
  tree.clear_bits(w, mask);
  EXPECT_TRUE(tree.empty());
  EXPECT_TRUE(tree.check(n));
}

// A caller that writes words itself learns when the whole set became empty, or not.
TEST_P(BitTree, TellsWhetherAWordChangedItsEmptiness) {
  const std::size_t last = (n - 1) / word_bits;
  memory[last] = 1;
  EXPECT_TRUE(tree.word_filled(last));
  if (last != 0) {
    memory[0] = 1;
    EXPECT_FALSE(tree.word_filled(0));
    EXPECT_TRUE(tree.check(n));
    memory[0] = 0;
    EXPECT_FALSE(tree.word_drained(0));
  }

  EXPECT_TRUE(tree.check(n));
  memory[last] = 0;
  EXPECT_TRUE(tree.word_drained(last));
  EXPECT_TRUE(tree.empty());
  EXPECT_TRUE(tree.check(n));
}

TEST_P(BitTree, CheckSeesAWordThatNobodyWasToldOf) {
  memory[0] = 1;

  EXPECT_EQ(tree.check(n), n <= word_bits) << "one word has nobody to tell";  // B1
}

INSTANTIATE_TEST_SUITE_P(Sizes, BitTree, testing::Values(1, 63, 64, 65, 4096, 4097, 300000));

TEST(BitTreeMemory, IsASixtyThirdOfABitABitAndAWordALevel) {
  const auto levels = [](std::size_t n) {
    std::size_t l = 1;
    for (; n > word_bits; n = base::ceil_div(n, word_bits)) ++l;
    return l;
  };
  for (std::size_t n = 1; n < 300000; n += n < 5000 ? 1 : 61)
    ASSERT_LE(bit_tree::words_for(n), base::ceil_div(n, 63) + levels(n)) << n;
  static_assert(bit_tree::words_for(1) == 1);
  static_assert(bit_tree::words_for(64) == 1);
  static_assert(bit_tree::words_for(65) == 3);
  static_assert(bit_tree::words_for(4096) == 65);
  static_assert(bit_tree::words_for(4097) == 65 + 2 + 1);
}

TEST(BitTreeMemory, ATreeOverNothingIsEmpty) {
  const bit_tree none;
  EXPECT_TRUE(none.empty());
}

}
}
