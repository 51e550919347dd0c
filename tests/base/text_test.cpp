// SPDX-License-Identifier: BSD-2-Clause
#include "base/text.hpp"

#include <gtest/gtest.h>

namespace pool9::test {
namespace {

using base::text;

TEST(Text, IsBornEmpty) { EXPECT_EQ(text<8>().view(), ""); }

TEST(Text, AppendsAsPrintfDoes) {
  EXPECT_EQ(text<64>().add("pool '%s': ", "foo").add("%d of %zu", 3, std::size_t{4}).view(),
            "pool 'foo': 3 of 4");
}

TEST(Text, HoldsOneCharacterFewerThanItsSize) {
  EXPECT_EQ(text<8>().add("%s", "1234567").view(), "1234567");
}

TEST(Text, CutsWhatDoesNotFit) {
  EXPECT_EQ(text<8>().add("%s", "12345678").view(), "1234567");
  EXPECT_EQ(text<8>().add("%s", "1234").add("%s", "56789").view(), "1234567");
  EXPECT_EQ(text<8>().add("%1000d", 1).view(), "       ");
}

TEST(Text, TakesNothingMoreOnceItIsFull) {
  text<4> t;
  t.add("%s", "abcdef").add("g").add("%s", "");

  EXPECT_EQ(t.view(), "abc");
  EXPECT_EQ(t.view().data()[3], '\0');
}

TEST(Text, OfOneCharacterHoldsNothing) { EXPECT_EQ(text<1>().add("%s", "ab").view(), ""); }

}
}
