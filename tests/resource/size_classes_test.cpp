// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <pool9/detail/size_classes.hpp>

namespace pool9::test {
namespace {

using classes = detail::size_classes;

constexpr std::size_t aligns[] = {1, 2, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 65536};

TEST(SizeClasses, EveryBlockFitsAndIsAligned) {
  for (const std::size_t align : aligns) {
    for (std::size_t bytes = 0; bytes <= classes::most; ++bytes) {
      const std::size_t i = classes::index_of(bytes, align);
      ASSERT_LT(i, classes::count) << bytes << " aligned to " << align;
      ASSERT_GE(classes::size_of(i), bytes);
      ASSERT_EQ(classes::align_of(i) % align, 0u) << bytes << " aligned to " << align;
      ASSERT_EQ(classes::size_of(i) % classes::align_of(i), 0u);
    }
  }
}

TEST(SizeClasses, TheSmallestThatFitsServes) {
  for (std::size_t bytes = 1; bytes <= classes::most; ++bytes) {
    const std::size_t i = classes::index_of(bytes, 8);
    ASSERT_TRUE(i <= 1 || classes::size_of(i - 1) < bytes) << bytes;
  }
}

TEST(SizeClasses, WasteIsFifteenBytesOrAQuarter) {
  for (std::size_t bytes = 1; bytes <= classes::most; ++bytes) {
    const std::size_t waste = classes::size_of(classes::index_of(bytes, 16)) - bytes;
    ASSERT_TRUE(bytes <= classes::most_fine ? waste < 16 : 4 * waste < bytes) << bytes;
  }
}

TEST(SizeClasses, WhatIsLargerOrMoreAlignedHasNone) {
  EXPECT_EQ(classes::index_of(classes::most + 1, 1), classes::count);
  EXPECT_EQ(classes::index_of(1, 2 * classes::most), classes::count);
  EXPECT_EQ(classes::index_of(classes::most - 1, 2 * classes::most), classes::count);
  EXPECT_EQ(classes::index_of(SIZE_MAX, 1), classes::count);
  EXPECT_EQ(classes::index_of(SIZE_MAX, std::size_t{1} << 63), classes::count);
}

}
}
