// SPDX-License-Identifier: BSD-2-Clause
// The pool for one thread keeps the guarantees of the others: limit, reserve, return, counts.
#include <pool9/unsynchronized_pool.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <vector>

#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"
#include "support/storage.hpp"

namespace pool9 {
namespace {

using test::report_catcher;
using test::test_source;

constinit unsynchronized_pool before_main{{.name = "before main", .item_size = 64}};
const bool worked_early = [] {
  void* const item = before_main.try_get();
  const bool is_ours = item != nullptr && before_main.owns(item);
  before_main.put(item);
  return is_ours;
}();

pool_options four_a_page(page_source& source) {
  return {.name = "test", .item_size = 1024, .page_size = 4096, .source = &source};
}

std::vector<void*> get_n(unsynchronized_pool& p, std::size_t n) {
  std::vector<void*> items;
  for (; items.size() < n; items.push_back(p.try_get())) EXPECT_EQ(p.check(), "");
  return items;
}
void put_all(unsynchronized_pool& p, std::vector<void*>& items) {
  for (void* item : items) p.put(item);
  items.clear();
}

TEST(Unsynchronized, WorksBeforeMain) {
  EXPECT_TRUE(worked_early);
  EXPECT_EQ(before_main.stats().out, 0u);
}

TEST(Unsynchronized, GivesDistinctAlignedItemsAndTheOnePutLastFirst) {
  unsynchronized_pool p({.name = "test", .item_size = 48, .align = 64});
  auto items = get_n(p, 5000);
  EXPECT_EQ(std::set<void*>(items.begin(), items.end()).size(), 5000u);
  for (void* item : items) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(item) % 64, 0u);
  p.put(items[7]);
  p.put(items[9]);
  EXPECT_EQ(p.try_get(), items[9]);
  EXPECT_EQ(p.try_get(), items[7]);
  put_all(p, items);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(Unsynchronized, LimitIsExactWhateverTheMagazineHolds) {
  for (const std::size_t limit : {0u, 1u, 2u, 3u, 63u, 64u, 65u, 1000u}) {
    unsynchronized_pool p({.name = "test", .item_size = 64, .hard_limit = limit});
    for (int round = 0; round < 3; ++round) {
      auto items = get_n(p, limit);
      EXPECT_EQ(p.try_get(), nullptr);
      EXPECT_EQ(p.stats().out, limit);
      EXPECT_EQ(p.check(), "");
      put_all(p, items);
    }
  }
}

TEST(Unsynchronized, LimitCanBeLoweredToWhatIsOutAndNoFurther) {
  unsynchronized_pool p({.name = "test", .item_size = 64});
  auto items = get_n(p, 100);
  for (int i = 0; i < 90; ++i) {
    p.put(items.back());
    items.pop_back();
  }
  EXPECT_FALSE(p.set_hard_limit(9));
  EXPECT_TRUE(p.set_hard_limit(10));
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(p.check(), "");
  EXPECT_EQ(p.hard_limit(), 10u);
  EXPECT_TRUE(p.set_hard_limit(11));
  void* const one = p.try_get();
  EXPECT_NE(one, nullptr);
  p.put(one);
  put_all(p, items);
}

TEST(Unsynchronized, ReserveIsThereWhenTheSourceFails) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  ASSERT_TRUE(p.prime(10));
  source.fail_now();
  EXPECT_FALSE(p.prime(1000));
  auto items = get_n(p, 12);  // three pages
  for (void* item : items) EXPECT_NE(item, nullptr);
  EXPECT_EQ(p.try_get(), nullptr);
  put_all(p, items);
  EXPECT_EQ(p.reclaim(), 0u);
  items = get_n(p, 10);
  for (void* item : items) EXPECT_NE(item, nullptr);
  put_all(p, items);
}

TEST(Unsynchronized, FailedPrimeChangesNothing) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  source.fail_from(3);
  EXPECT_FALSE(p.prime(12));
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(p.stats().reserve, 0u);
  EXPECT_EQ(p.check(), "");
}

/// Gives these pages in turn, the first one twice.
struct repeating_source final : page_source {
  void* allocate(std::size_t, get_flags) noexcept override { return pages[order[n++]]; }
  void release(void*, std::size_t) noexcept override { ++n_back; }
  alignas(4096) std::byte pages[3][4096];
  std::size_t order[4] = {0, 1, 0, 2}, n = 0, n_back = 0;
};

TEST(Unsynchronized, PageGivenTwiceIsNamedAndFailsThePrimeAsAWhole) {
  const report_catcher caught;
  static repeating_source source;
  unsynchronized_pool p(four_a_page(source));
  EXPECT_FALSE(p.prime(12));
  EXPECT_NE(caught.only().text.find("was given twice"), std::string::npos);
  EXPECT_EQ(source.n_back, 2u);
  EXPECT_EQ(p.stats().total, 0u);
  EXPECT_EQ(p.check(), "");
  EXPECT_TRUE(p.prime(4));
}

TEST(Unsynchronized, PagesReturnAtThePutAboveTheHighWatermark) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  p.set_high_watermark(8);
  auto items = get_n(p, 16);
  EXPECT_EQ(source.live_pages(), 4u);
  for (std::size_t page = 4; page > 0; --page) {
    for (int i = 0; i < 4; ++i) {
      p.put(items.back());
      items.pop_back();
    }
    EXPECT_EQ(source.live_pages(), std::max<std::size_t>(page - 1, 2));
    EXPECT_EQ(p.check(), "");
  }
  auto again = get_n(p, 4);  // it has room for a magazine again
  put_all(p, again);
  EXPECT_EQ(p.check(), "");
}

TEST(Unsynchronized, LoweringTheHighWatermarkEmptiesTheMagazine) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  auto items = get_n(p, 40);
  put_all(p, items);
  EXPECT_GE(source.live_pages(), 10u);
  p.set_high_watermark(4);
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(Unsynchronized, ReclaimReturnsAllButReserveAndLowWatermark) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  ASSERT_TRUE(p.prime(4));
  p.set_low_watermark(8);
  auto items = get_n(p, 40);
  put_all(p, items);
  const std::size_t before = source.live_pages();
  EXPECT_EQ(p.reclaim(), (before - 2) * 4096);
  EXPECT_EQ(source.live_pages(), 2u);
  p.set_low_watermark(0);
  EXPECT_EQ(p.reclaim(), 4096u);
  EXPECT_EQ(p.check(), "");
}

TEST(Unsynchronized, LowWatermarkIsRefilledByTheGetThatComesToThePages) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  p.set_low_watermark(8);
  void* const item = p.try_get();
  const pool_stats s = p.stats();
  EXPECT_GE(s.cached + s.free, 8u);
  source.fail_now();
  auto rest = get_n(p, s.cached + s.free);
  for (void* i : rest) EXPECT_NE(i, nullptr);
  put_all(p, rest);
  p.put(item);
}

TEST(Unsynchronized, ManyAtOnceComeAllOrNotAtAll) {
  test_source source;
  auto o = four_a_page(source);
  o.hard_limit = 20;
  unsynchronized_pool p(o);
  std::array<void*, 15> some{};
  std::array<void*, 6> more{};
  std::array<void*, 21> too_many{};
  ASSERT_TRUE(p.try_get_bulk(some));
  EXPECT_FALSE(p.try_get_bulk(more));
  EXPECT_EQ(p.stats().out, 15u);
  EXPECT_THROW(static_cast<void>(p.try_get_bulk(too_many)), std::invalid_argument);
  p.put(some[14]);
  EXPECT_TRUE(p.try_get_bulk(more));
  EXPECT_EQ(p.check(), "");
  p.put_bulk(more);
  p.put_bulk(std::span(some).first(14));
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(Unsynchronized, ManyAtOnceTakeNothingWhereTheSourceFails) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  std::array<void*, 9> all{};
  source.fail_at(3);
  EXPECT_FALSE(p.try_get_bulk(all));
  EXPECT_EQ(p.stats().fails, 1u);
  EXPECT_EQ(p.stats().source_fails, 1u);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().total, 8u) << "what came stays, to be used";
  EXPECT_TRUE(p.try_get_bulk(all));
  p.put_bulk(all);
  EXPECT_EQ(p.stats().gets, 9u);
}

TEST(Unsynchronized, MisalignedPageIsNamedAndGivenBack) {
  const report_catcher caught;
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  source.misalign(true);
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_NE(caught.only().text.find("is not aligned to 4096"), std::string::npos);
  EXPECT_EQ(source.n_releases(), 1u);
  source.succeed();
  p.put(p.try_get());
  EXPECT_EQ(p.check(), "");
}

TEST(Unsynchronized, StorageHoldsItemsAndEngine) {
  test::guarded_storage storage(16384, 5);
  no_source none;
  {
    unsynchronized_pool p({.name = "test", .item_size = 64, .source = &none});
    const std::size_t n = p.prime(std::as_writable_bytes(std::span(storage.data(), 16384)));
    EXPECT_GT(n, 180u);
    auto items = get_n(p, n);
    for (void* item : items) EXPECT_TRUE(storage.holds(item, 64));
    EXPECT_EQ(p.try_get(), nullptr);
    put_all(p, items);
    EXPECT_EQ(p.check(), "");
  }
  EXPECT_TRUE(storage.is_intact());
}

TEST(Unsynchronized, CountsAreExact) {
  unsynchronized_pool p({.name = "test", .item_size = 64, .hard_limit = 300});
  auto items = get_n(p, 300);
  EXPECT_EQ(p.try_get(), nullptr);
  put_all(p, items);
  items = get_n(p, 5);
  const pool_stats s = p.stats();
  EXPECT_EQ(s.gets, 305u);
  EXPECT_EQ(s.puts, 300u);
  EXPECT_EQ(s.out, 5u);
  EXPECT_EQ(s.peak_out, 300u);
  EXPECT_EQ(s.limit_hits, 1u);
  EXPECT_EQ(s.fails, 1u);
  EXPECT_EQ(s.out + s.cached + s.free, s.total);
  EXPECT_EQ(s.id, 0u);
  put_all(p, items);
}

TEST(Unsynchronized, WarnsAtTheLimitAsOftenAsWasAsked) {
  const report_catcher caught;
  unsynchronized_pool p({.name = "test",
                         .item_size = 64,
                         .hard_limit = 0,
                         .at_limit = {.text = "full", .at_most_every = std::chrono::hours(1)}});
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(caught.only().text, "get: pool 'test': full");
}

TEST(Unsynchronized, SourceMayCallThePoolThatAsks) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  void* nested = &before_main;  // not null
  source.before_allocate([&] { nested = p.try_get(); });
  void* const item = p.try_get();
  EXPECT_NE(item, nullptr);
  EXPECT_EQ(nested, nullptr);
  source.before_allocate(nullptr);
  p.put(item);
}

TEST(Unsynchronized, OptionsAreChecked) {
  EXPECT_THROW(unsynchronized_pool({.item_size = 0}), std::invalid_argument);
  const shortage_hook hook{.call = [](void*, pool&, shortage) noexcept {}};
  EXPECT_THROW(unsynchronized_pool({.item_size = 8, .on_shortage = hook}), std::invalid_argument);
  test_source source;
  source.fail_now();
  try {
    const unsynchronized_pool p({.name = "first", .item_size = 8, .reserve = 3, .source = &source});
    ADD_FAILURE() << "no memory";
  } catch (const std::bad_alloc& e) {
    EXPECT_STREQ(e.what(), "pool 'first': reserve: no memory for 3 items of 8 bytes");
  }
}

TEST(Unsynchronized, IsAsNewWhenClosed) {
  test_source source;
  unsynchronized_pool p(four_a_page(source));
  for (int round = 0; round < 2; ++round) {
    auto items = get_n(p, 100);
    put_all(p, items);
    EXPECT_TRUE(p.close());
    EXPECT_EQ(source.live_pages(), 0u);
    EXPECT_EQ(p.stats().gets, 0u);
  }
}

}  // namespace
}  // namespace pool9
