// SPDX-License-Identifier: BSD-2-Clause
// A layout: L1 to L4, for every alignment and offset.
#include "page/layout.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pool9::test {
namespace {

using page::item_shape;
using page::layout;

constexpr std::uintptr_t somewhere = std::uintptr_t{1} << 40;  // a multiple of every page size

/// Whether L1 to L3 hold for the page at `page`.
constexpr bool holds(const layout& l, const item_shape& s, std::uintptr_t page) {
  const std::size_t extent = s.size + s.red_zone;
  if (l.stride() < extent || l.stride() % s.align != 0) return false;                      // L3
  if (l.address_of(page, l.per_page() - 1) + extent > page + l.page_size()) return false;  // L2
  for (std::size_t i = 0; i < l.per_page(); ++i) {
    const std::uintptr_t a = l.address_of(page, i);
    if (a < page || (a + s.align_offset) % s.align != 0) return false;  // L1
    if (l.index_of(a) != i) return false;                               // L4
  }
  return true;
}
/// The other half of L4: no other address of the page has an index.
constexpr bool indexes_only_items(const layout& l, std::uintptr_t page) {
  std::size_t i = 0;
  for (std::uintptr_t a = page; a < page + l.page_size(); ++a) {
    const bool is_item = i < l.per_page() && a == l.address_of(page, i);
    if (l.index_of(a) != (is_item ? i : layout::no_item)) return false;
    if (is_item) ++i;
  }
  return i == l.per_page();
}
constexpr bool holds_on_first_page(const item_shape& s) {
  const layout l(s);
  return holds(l, s, somewhere) && indexes_only_items(l, somewhere);
}

static_assert(holds_on_first_page({.size = 1, .align = 1, .page_size = 64}));
static_assert(holds_on_first_page({.size = 24, .align = 8, .page_size = 4096}));
static_assert(holds_on_first_page({.size = 60, .align = 16, .align_offset = 4}));
static_assert(holds_on_first_page({.size = 40, .align = 8, .page_size = 4096, .red_zone = 16}));
static_assert(holds_on_first_page({.size = 1024, .align = 64}));
static_assert(layout({.size = 24, .align = 8}).per_page() == 170);
static_assert(layout({.size = 60, .align = 16, .align_offset = 4}).address_of(somewhere, 1) ==
              somewhere + 12 + 64);
static_assert(layout({.size = 1, .align = 1, .page_size = 64}).pages_for(65) == 2);
static_assert(layout({.size = 1, .align = 1, .page_size = 64}).pages_for(0) == 0);
static_assert(layout({.size = 100, .align = 8}).field_log() == 6);  // 39 items

TEST(Layout, HoldsItsInvariantsForEveryAlignmentAndOffset) {
  for (std::size_t align = 1; align <= 256; align *= 2)
    for (std::size_t offset = 0; offset < align; ++offset)
      for (const std::size_t size : {1u, 24u, 100u, 260u, 1024u}) {
        const item_shape s{.size = size, .align = align, .align_offset = offset};
        const layout l(s);
        for (std::size_t p = 0; p < l.colours(); ++p)
          ASSERT_TRUE(holds(l, s, somewhere + p * l.page_size()))
              << size << " bytes at " << align << " - " << offset << ", page " << p;
      }
}

// L4.
TEST(Layout, FindsNoItemBetweenItems) {
  for (std::size_t align = 1; align <= 256; align *= 2)
    for (std::size_t offset = 0; offset < align; offset += 1 + align / 8)
      for (const std::size_t size : {1u, 7u, 100u, 1500u}) {
        const layout l({.size = size, .align = align, .align_offset = offset, .page_size = 4096});
        ASSERT_TRUE(indexes_only_items(l, somewhere))
            << size << " bytes at " << align << " - " << offset;
      }
}

// L4: an index is found by multiplying, which must be exact.
TEST(Layout, DividesExactlyByEveryStride) {
  for (std::size_t size = 1; size <= 65536; ++size) {
    const layout l({.size = size, .align = 1, .page_size = 65536});
    for (std::size_t i = 0; i < l.per_page(); ++i) {
      const std::uintptr_t a = l.address_of(somewhere, i);
      ASSERT_EQ(l.index_of(a), i) << size;
      if (size == 1) continue;
      ASSERT_EQ(l.index_of(a + 1), layout::no_item) << size << " after " << i;
      ASSERT_EQ(l.index_of(a + size - 1), layout::no_item) << size << " before " << i + 1;
    }
    const std::uintptr_t end = l.address_of(somewhere, l.per_page());
    if (end >= somewhere + 65536) continue;
    ASSERT_EQ(l.index_of(end), layout::no_item) << size << " in the slack";
  }
}

TEST(Layout, UsesTheGivenPageWhole) {
  for (std::size_t page = 64; page <= (std::size_t{2} << 20); page *= 2)
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{24}, std::size_t{64}, page / 2, page}) {
      const item_shape s{.size = size, .align = 1, .page_size = page};
      const layout l(s);
      ASSERT_EQ(l.page_size(), page);
      ASSERT_EQ(l.per_page(), page / size);
      ASSERT_EQ(l.colours(), 1u);
      ASSERT_LE(l.per_page(), std::size_t{1} << l.field_log());
      ASSERT_TRUE(l.per_page() > 5000 || holds(l, s, somewhere + page)) << size << " in " << page;
    }
}

TEST(Layout, TakesWhatFitsBehindAnOffset) {
  const item_shape s{.size = 4, .align = 64, .align_offset = 4, .page_size = 4096};
  EXPECT_EQ(layout(s).per_page(), 64u);  // the last ends with its page
  const item_shape t{.size = 5, .align = 64, .align_offset = 4, .page_size = 4096};
  EXPECT_EQ(layout(t).per_page(), 63u);
}

TEST(LayoutDefaultPage, IsTheSmallestThatWastesAnEighthAtMost) {
  const auto wastes_little = [](std::size_t page, std::size_t size) {
    return page >= size && page % size <= page / 8;
  };
  for (std::size_t size = 1; size <= 65536; size += size < 5000 ? 1 : 37) {
    if (size >= 1024 && size <= 16384 && size % 256 == 0) continue;  // coloured
    const layout l({.size = size, .align = 1});
    std::size_t page = 4096;
    while (!wastes_little(page, size)) page *= 2;
    ASSERT_EQ(l.page_size(), page) << size;
    ASSERT_EQ(l.per_page(), page / size) << size;
    ASSERT_EQ(l.colours(), 1u) << size;
  }
}

TEST(LayoutDefaultPage, HoldsAnItemOfAnySize) {
  for (std::size_t size = 16384; size <= 65536; size += 256) {
    const item_shape s{.size = size, .align = 16};
    const layout l(s);
    ASSERT_GE(l.per_page(), 1u) << size;
    ASSERT_TRUE(holds(l, s, somewhere)) << size;
    ASSERT_GE(8 * l.per_page() * l.stride(), 7 * l.page_size()) << size;
  }
}

TEST(LayoutDefaultPage, IsASystemPageAndAnAlignmentAtLeast) {
  EXPECT_EQ(layout({.size = 8, .align = 8, .system_page = 16384}).page_size(), 16384u);
  EXPECT_EQ(layout({.size = 8, .align = 8, .system_page = 65536}).page_size(), 65536u);
  EXPECT_EQ(layout({.size = 8, .align = 32768}).page_size(), 32768u);
  EXPECT_EQ(layout({.size = 8, .align = 32768}).per_page(), 1u);
}

class LayoutColours : public testing::TestWithParam<std::size_t> {};

TEST_P(LayoutColours, AreDistinctAndWithinTheSlack) {
  const item_shape s{.size = GetParam(), .align = 64};
  const layout l(s);
  std::set<std::size_t> starts;
  for (std::size_t p = 0; p < 2 * l.colours(); ++p) {
    const std::uintptr_t page = somewhere + p * l.page_size();
    ASSERT_TRUE(holds(l, s, page)) << "page " << p;
    const std::size_t start = l.address_of(page, 0) - page;
    ASSERT_EQ(start % layout::colour_step, 0u);
    ASSERT_EQ(starts.insert(start).second, p < l.colours()) << "page " << p;
  }
  EXPECT_GE(l.colours(), 2u);
  EXPECT_LE(l.colours() * layout::colour_step, 4096u);
  EXPECT_EQ(l.colours() & (l.colours() - 1), 0u);
}

TEST_P(LayoutColours, CostAnItemInSixteenAtMost) {
  const layout l({.size = GetParam(), .align = 64});
  EXPECT_GE(16 * l.per_page() * l.stride(), 15 * l.page_size());
}

TEST_P(LayoutColours, AreFoundByTheirAddresses) {
  const layout l({.size = GetParam(), .align = 64});
  for (std::size_t p = 0; p < l.colours(); p += 1 + l.colours() / 4)
    ASSERT_TRUE(indexes_only_items(l, somewhere + p * l.page_size())) << "page " << p;  // L4
}

INSTANTIATE_TEST_SUITE_P(Sizes, LayoutColours,
                         testing::Values(1024, 1280, 2048, 3072, 4096, 5120, 8192, 12288, 16384));

TEST(LayoutColours, AreNotForGivenPagesOrOtherSizes) {
  EXPECT_EQ(layout({.size = 4096, .align = 8, .page_size = 65536}).colours(), 1u);
  EXPECT_EQ(layout({.size = 4096, .align = 128}).colours(), 1u);
  EXPECT_EQ(layout({.size = 768, .align = 8}).colours(), 1u);
  EXPECT_EQ(layout({.size = 1000, .align = 8}).colours(), 1u);
  EXPECT_EQ(layout({.size = 32768, .align = 8}).colours(), 1u);
}

// What storage is laid out with.
TEST(LayoutRun, StartsAtTheFirstAddressThatMayHoldAnItem) {
  for (std::size_t align = 1; align <= 256; align *= 2)
    for (std::size_t offset = 0; offset < align; offset += 1 + align / 16) {
      const layout l({.size = 20, .align = align, .align_offset = offset});
      for (std::uintptr_t a = somewhere; a < somewhere + align; ++a) {
        const std::uintptr_t first = l.first_from(a);
        ASSERT_GE(first, a);
        ASSERT_LT(first, a + align);
        ASSERT_EQ((first + offset) % align, 0u) << align << " - " << offset;
      }
    }
}

TEST(LayoutRun, HoldsAsManyItemsAsEndWithinIt) {
  const layout l({.size = 20, .align = 16, .red_zone = 4});  // 24 of 32 bytes
  EXPECT_EQ(l.items_in(0), 0u);
  EXPECT_EQ(l.items_in(23), 0u);
  EXPECT_EQ(l.items_in(24), 1u);
  EXPECT_EQ(l.items_in(55), 1u);
  EXPECT_EQ(l.items_in(56), 2u);
  for (std::size_t bytes = 24; bytes < 1000; ++bytes) {
    ASSERT_LE(l.end_of_run(somewhere, l.items_in(bytes)), somewhere + bytes);
    ASSERT_GT(l.end_of_run(somewhere, l.items_in(bytes) + 1), somewhere + bytes);
  }
}

}
}
