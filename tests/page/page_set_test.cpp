// SPDX-License-Identifier: BSD-2-Clause
// A page_set against its model, on fields of every width.
#include "page/page_set.hpp"

#include <gtest/gtest.h>

#include "page_set_model.hpp"

namespace pool9::test {
namespace {

using base::pointer_to;
using page::adopt_result;
using page::give_result;
using page::item_shape;
using page::layout;
using page::page_set;

struct geometry {
  item_shape shape;
  std::size_t n_regions, n_in_each;  // of the pages
  std::size_t steps, check_every;
};

void PrintTo(const geometry& g, std::ostream* out) {
  *out << g.shape.size << " bytes at " << g.shape.align << " in pages of " << g.shape.page_size;
}

class PageSet : public testing::TestWithParam<geometry> {};

/// One step; adding and taking come in long waves, so that the set grows full and runs empty.
void step(page_set_model& m, std::size_t i) {
  const bool ebb = (i / 250) % 2 != 0;
  switch (m.below(12)) {
    case 0:
      return m.misuse_one();
    case 1:
      return ebb ? m.detach_one() : m.adopt_one();
    case 2:
      return m.below(8) == 0 ? m.forget() : m.misuse_one();
    case 3:
      return m.below(4) == 0          ? m.adopt_one()
             : ebb && m.below(4) == 0 ? m.give_some()
                                      : m.give_one();
    case 4:
      return m.below(4) == 0 ? m.detach_one() : m.take_one();
    default:
      return ebb ? m.give_one() : m.take_one();
  }
}

// P1 to P4, and with them R1 to R4, T1 and T2, which check() looks at.
TEST_P(PageSet, AgreesWithItsModelAfterEveryStep) {
  const geometry& g = GetParam();
  for (const std::uint64_t seed : {1u, 2u}) {
    page_set_model m(g.shape, g.n_regions, g.n_in_each, seed);
    for (std::size_t i = 0; i < g.steps; ++i) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << " step " << i);
      ASSERT_NO_FATAL_FAILURE(step(m, i));
      ASSERT_NO_FATAL_FAILURE(m.compare());
      ASSERT_TRUE(i % g.check_every != 0 || m.set.check());
    }
    ASSERT_TRUE(m.set.check());
  }
}

// P1, P2: every item is given out once before the set says that there is none.
TEST_P(PageSet, GivesOutEveryItemAndBecomesEmptyAgain) {
  const geometry& g = GetParam();
  page_set_model m(g.shape, g.shape.size == 8 && g.shape.page_size > 65536 ? 1 : 2, 2, 3);
  m.adopt_all();
  const std::size_t n = std::min<std::size_t>(m.set.n_items(), 3000);
  const bool all = n == m.set.n_items();

  for (std::size_t i = 0; i < n; ++i) ASSERT_NO_FATAL_FAILURE(m.take_one());
  EXPECT_EQ(m.set.n_free() == 0, all);
  EXPECT_TRUE(!all || m.set.take() == nullptr);
  EXPECT_EQ(m.set.n_empty_min(), 0u);
  ASSERT_TRUE(m.set.check());
  for (std::size_t i = 0; i < n; ++i) ASSERT_NO_FATAL_FAILURE(m.give_one());

  EXPECT_EQ(m.set.n_empty(), m.set.n_pages());
  while (m.set.n_pages() != 0) ASSERT_NO_FATAL_FAILURE(m.detach_one());
  EXPECT_EQ(m.set.n_free(), 0u);
  EXPECT_TRUE(m.set.check());
}

// size, align, align_offset, page size
INSTANTIATE_TEST_SUITE_P(
    Narrow, PageSet,
    testing::Values(geometry{{8, 8, 0, 64}, 3, 8, 1500, 50},
                    geometry{{64, 64, 0, 64}, 3, 8, 1500, 50},
                    geometry{{24, 8, 0, 64}, 3, 8, 1500, 50},
                    geometry{{100, 4, 0, 4096}, 4, 6, 3000, 4},
                    geometry{{64, 64, 0, 4096}, 4, 6, 3000, 4},  // a field is a word
                    geometry{{96, 32, 8, 4096}, 4, 6, 3000, 4},  // items start at 24
                    geometry{{1024, 8}, 4, 6, 3000, 4},          // coloured
                    geometry{{4096, 8}, 4, 6, 3000, 4},          // coloured
                    geometry{{65536, 4096, 0, 2 << 20}, 3, 6, 3000, 4},
                    geometry{{2 << 20, 2 << 20, 0, 2 << 20}, 3, 6, 2000, 4}));
INSTANTIATE_TEST_SUITE_P(
    Wide, PageSet,
    testing::Values(geometry{{48, 16, 0, 4096}, 3, 6, 3000, 8},   // 85: two words, one not whole
                    geometry{{63, 1, 0, 4096}, 3, 6, 3000, 8},    // 65: a word and a bit
                    geometry{{8, 8, 0, 4096}, 3, 4, 3000, 16},    // 512
                    geometry{{24, 8, 0, 16384}, 3, 4, 3000, 16},  // 682
                    geometry{{1, 1, 0, 4096}, 2, 2, 3000, 32},    // 4096
                    geometry{{4096, 4096, 0, 2 << 20}, 2, 3, 3000, 16},
                    geometry{{8, 8, 0, 2 << 20}, 1, 3, 2000, 400}));

}
}
