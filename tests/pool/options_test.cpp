// SPDX-License-Identifier: BSD-2-Clause
// What is said of options that cannot be: pool, field, value, and what the field must be.
#include <gtest/gtest.h>

#include <cstdint>
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <stdexcept>
#include <string>

namespace pool9::test {
namespace {

template <class Pool = pool>
std::string said_of(const pool_options& o) {
  try {
    Pool p(o);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing";
}

TEST(PoolOptions, SayWhatASizeMustBe) {
  EXPECT_EQ(
      said_of({.name = "a"}),
      "pool 'a': item_size: 0 is no size: at least 1, at most what a machine holds, a type's own");
  EXPECT_EQ(
      said_of<object_pool<int>>({.name = "a", .item_size = 9}),
      "pool 'a': item_size: 9 is no size: at least 1, at most what a machine holds, a type's own");
  EXPECT_EQ(
      said_of({.name = "a", .item_size = 8, .page_size = 5000}),
      "pool 'a': page_size: 5000 is no page size: a power of two that holds an item and, with "
      "diagnostics, its red zones");
  const pool_options no_room{.name = "a", .item_size = 4096, .page_size = 4096, .diagnostic = true};
  EXPECT_NE(said_of(no_room).find("with diagnostics, its red zones"), std::string::npos);
}

TEST(PoolOptions, SayWhatAnAlignmentMustBe) {
  EXPECT_EQ(said_of({.name = "a", .item_size = 8, .align = 3}),
            "pool 'a': align: 3 is no alignment: a power of two, at most the page size if that is "
            "given");
  EXPECT_EQ(said_of<object_pool<double>>({.name = "a", .align_offset = 4}),
            "pool 'a': align_offset: 4 is no offset: a multiple of the type's alignment");
}

TEST(PoolOptions, SayWhatDoesNotGoTogether) {
  EXPECT_EQ(said_of({.name = "a", .item_size = 8, .reserve = 5, .hard_limit = 4}),
            "pool 'a': reserve: 5 is more than the hard limit");
  EXPECT_EQ(said_of({.name = "a", .item_size = 8, .idle_time = std::chrono::milliseconds(-1)}),
            "pool 'a': idle_time: -1 ms is less than no time");
  const shortage_hook hook{.call = [](void*, pool&, shortage) noexcept {}};
  EXPECT_EQ(said_of<unsynchronized_pool>({.name = "a", .item_size = 8, .on_shortage = hook}),
            "pool 'a': on_shortage: a pool for one thread has no hook, since nothing waits there");
}

}
}
