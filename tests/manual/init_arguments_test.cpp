// SPDX-License-Identifier: BSD-2-Clause
// Every argument that pool_init() cannot accept is a panic which names function, pool, argument and
// value.
#include <cstdint>

#include "../support/c_pool.hpp"
#include "../support/report_catcher.hpp"

namespace {
using namespace pool9::test;

struct pool victim;

TEST(PoolInit, PanicsOnASizeOfZero) {
  EXPECT_PANIC(init(&victim, {.size = 0, .wchan = "foo"}), "pool_init", "foo", "size: 0");
}

TEST(PoolInit, PanicsOnSizesThatOverflow) {
  EXPECT_PANIC(init(&victim, {.size = SIZE_MAX, .wchan = "foo", .pagesz = 0}), "pool_init", "foo",
               "size: 18446744073709551615");
  EXPECT_PANIC(init(&victim, {.size = SIZE_MAX / 2, .wchan = "foo", .pagesz = 0}), "pool_init",
               "foo", "size: 9223372036854775807");
}

// "This argument must be a power of two."
TEST(PoolInit, PanicsOnAnAlignThatIsNoPowerOfTwo) {
  EXPECT_PANIC(init(&victim, {.size = 64, .align = 3, .wchan = "foo"}), "pool_init", "foo",
               "align: 3");
  EXPECT_PANIC(init(&victim, {.size = 64, .align = 4095, .wchan = "foo", .pagesz = 0}), "pool_init",
               "foo", "align: 4095");
}

TEST(PoolInit, PanicsOnAnAlignBeyondAGivenPage) {
  EXPECT_PANIC(init(&victim, {.size = 64, .align = 8192, .wchan = "foo", .pagesz = 4096}),
               "pool_init", "foo", "align: 8192");
}

// "It must be a power of two."
TEST(PoolInit, PanicsOnAPageSizeThatIsNoPowerOfTwo) {
  EXPECT_PANIC(init(&victim, {.size = 64, .wchan = "foo", .pagesz = 3000}), "pool_init", "foo",
               "pagesz: 3000");
  EXPECT_PANIC(init(&victim, {.size = 1, .align = 1, .wchan = "foo", .pagesz = 4095}), "pool_init",
               "foo", "pagesz: 4095");
}

TEST(PoolInit, PanicsOnAPageThatHoldsNoItem) {
  EXPECT_PANIC(init(&victim, {.size = 4097, .wchan = "foo", .pagesz = 4096}), "pool_init", "foo",
               "pagesz: 4096");
  EXPECT_PANIC(
      init(&victim, {.size = 4096, .align = 64, .align_offset = 8, .wchan = "foo", .pagesz = 4096}),
      "pool_init", "foo", "pagesz: 4096");
}

// palloc and prelease: both or neither.
TEST(PoolInit, PanicsOnPallocWithoutPrelease) {
  EXPECT_PANIC(pool_init(&victim, 64, 0, 0, 0, "foo", 0, test_source::palloc, nullptr, 0),
               "pool_init", "foo", "prelease: ");
}

TEST(PoolInit, PanicsOnPreleaseWithoutPalloc) {
  EXPECT_PANIC(pool_init(&victim, 64, 0, 0, 0, "foo", 0, nullptr, test_source::prelease, 0),
               "pool_init", "foo", "palloc: ");
}

// "flags: Should be set to zero."
TEST(PoolInit, PanicsOnFlagsThatMeanNothing) {
  EXPECT_PANIC(init(&victim, {.flags = 0x4000, .wchan = "foo"}), "pool_init", "foo",
               "flags: 0x4000");
}

TEST(PoolInit, PanicsWithoutAPool) {
  EXPECT_PANIC(init(nullptr, {.wchan = "foo"}), "pool_init", "foo", "pp: ");
}

// A panic that the handler returns from still ends the process: without a handler of its own a
// program is told on standard error.
TEST(PoolInit, PanicIsPrintedByTheDefaultHandler) {
  EXPECT_DEATH(init(&victim, {.size = 0, .wchan = "foo"}), "pool_init: pool 'foo': size: 0");
}

TEST(PoolCreate, PanicsUnderItsOwnName) {
  EXPECT_PANIC(pool_create(0, 0, 0, 0, "foo", 0, nullptr, nullptr, 0), "pool_create", "foo",
               "size: 0");
  EXPECT_PANIC(pool_create(64, 0, 0, -5, "foo", 0, nullptr, nullptr, 0), "pool_create", "foo",
               "nitems: -5");
}

TEST(PoolInit, PanicsInOrderlyFashionUnderAnEndlessName) {
  const std::string endless(3000, 'n');
  EXPECT_DEATH(init(&victim, {.size = 0, .wchan = endless.c_str()}), "pool_init: pool 'nnn");
}

}  // namespace
