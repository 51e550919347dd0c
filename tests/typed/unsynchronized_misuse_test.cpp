// SPDX-License-Identifier: BSD-2-Clause
// What is wrong with a put is said, at the latest when the item leaves the magazine, and does no
// damage.
#include <pool9/unsynchronized_pool.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "misuse/misuse.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9 {
namespace {

using test::report_catcher;

struct bad_put {
  const char* words;
  void* (*item)(unsynchronized_pool&, std::byte* good);
};

int on_no_page;
const bad_put bad_puts[] = {
    {"not of this pool: foreign memory",
     [](unsynchronized_pool&, std::byte*) { return static_cast<void*>(&on_no_page); }},
    {"not the start of an item",
     [](unsynchronized_pool&, std::byte* good) { return static_cast<void*>(good + 8); }},
    {"put twice: it is free already",
     [](unsynchronized_pool& p, std::byte* good) {
       p.put(good);
       return static_cast<void*>(good);
     }},
};

TEST(UnsynchronizedMisuse, NullIsNamedAtOnce) {
  const report_catcher caught;
  unsynchronized_pool p({.name = "test", .item_size = 64});
  p.put(p.try_get());
  p.put(nullptr);
  EXPECT_EQ(caught.only().text,
            "put: pool 'test': item (nil): is null\n"
            "  look at gets that fail and are not asked whether they do");
  EXPECT_EQ(caught.only().misuse, misuse_kind::null);
  EXPECT_EQ(p.check(), "");
}

TEST(UnsynchronizedMisuse, IsNamedWhenTheItemLeavesTheMagazine) {
  for (const bad_put& bad : bad_puts) {
    const report_catcher caught;
    unsynchronized_pool p({.name = "test", .item_size = 64});
    auto* const other = p.try_get();
    auto* const good = static_cast<std::byte*>(p.try_get());
    p.put(bad.item(p, good));
    EXPECT_EQ(caught.n_reports(), 0u);
    p.reclaim();
    const auto report = caught.only();
    EXPECT_NE(report.text.find(bad.words), std::string::npos) << report.text;
    EXPECT_NE(report.text.find("(found when it left the pool's cache)"), std::string::npos)
        << report.text;
    EXPECT_EQ(p.check(), "");
    const bool good_is_out = p.stats().out == 2;
    if (good_is_out) p.put(good);
    p.put(other);
  }
}

TEST(UnsynchronizedMisuse, IsNamedAtOnceWithoutCache) {
  for (const bad_put& bad : bad_puts) {
    const report_catcher caught;
    unsynchronized_pool p({.name = "test", .item_size = 64, .thread_cache = false});
    auto* const good = static_cast<std::byte*>(p.try_get());
    p.put(bad.item(p, good));
    const auto report = caught.only();
    EXPECT_NE(report.text.find(bad.words), std::string::npos) << report.text;
    if (p.stats().out == 1) p.put(good);
    EXPECT_EQ(p.check(), "");
  }
}

TEST(UnsynchronizedMisuse, ItemOfAPoolOfManyThreadsIsNamedWithIt) {
  const report_catcher caught;
  pool other({.name = "other", .item_size = 64});
  unsynchronized_pool p({.name = "test", .item_size = 64, .thread_cache = false});
  void* const item = other.get();
  p.put(item);
  EXPECT_NE(caught.only().text.find("it is of pool 'other'"), std::string::npos);
  other.put(item);
}

TEST(UnsynchronizedMisuse, PutOnAPoolThatGaveNothingIsNamed) {
  const report_catcher caught;
  unsynchronized_pool p({.name = "test", .item_size = 64});
  p.put(&on_no_page);
  p.reclaim();
  EXPECT_NE(caught.only().text.find("foreign memory"), std::string::npos);
}

TEST(UnsynchronizedMisuse, MoreThanAFewAreCounted) {
  const report_catcher caught;
  unsynchronized_pool p({.name = "test", .item_size = 64});
  void* const item = p.try_get();
  for (int i = 0; i < 20; ++i) p.put(item);
  p.reclaim();
  EXPECT_GE(caught.n_reports(report_kind::misuse), 9u);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().puts, 1u);
}

TEST(UnsynchronizedMisuse, DiagnosticsFindOverrunsAndWritesAfterPut) {
  report_catcher caught;
  unsynchronized_pool p({.name = "test", .item_size = 64, .diagnostic = true});
  auto* const item = static_cast<unsigned char*>(p.try_get());
  const unsigned char before = item[64];
  item[64] = 0;
  p.put(item);
  EXPECT_NE(caught.only().text.find("written beyond its end"), std::string::npos);
  item[64] = before;
  caught.clear();
  p.put(item);
  item[3] = 1;
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_NE(caught.only().text.find("was written after its put, at byte 3 of 64"),
            std::string::npos);
  EXPECT_EQ(caught.only().misuse, misuse_kind::written_after_put);
  EXPECT_EQ(caught.only().item, item);
  EXPECT_EQ(p.try_get(), item) << "once is enough";
}

TEST(UnsynchronizedMisuse, BulkThatFindsAWriteAfterPutTakesNothing) {
  report_catcher caught;
  unsynchronized_pool p({.name = "test", .item_size = 64, .diagnostic = true});
  std::array<void*, 8> items{};
  ASSERT_TRUE(p.try_get_bulk(items));
  p.put_bulk(items);
  const auto stacks = [&] {  // of who got the first of them last, and of who put it
    p.put(items[0]);
    auto lines = test::lines_of(caught.only().text);
    std::erase_if(lines, [](const std::string& line) { return !line.starts_with("    "); });
    caught.clear();
    return lines;
  };
  const auto before = stacks();
  EXPECT_FALSE(before.empty());
  *static_cast<unsigned char*>(test::hidden(items[5])) = 1;
  EXPECT_FALSE(p.try_get_bulk(items));
  EXPECT_EQ(caught.only().misuse, misuse_kind::written_after_put);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().gets, 8u) << "nobody got what went back";
  EXPECT_EQ(p.stats().puts, 8u);
  EXPECT_EQ(p.check(), "");
  caught.clear();
  EXPECT_EQ(stacks(), before) << "nor is that said of anybody";
  EXPECT_TRUE(p.try_get_bulk(items)) << "once is enough";
  p.put_bulk(items);
}

TEST(UnsynchronizedMisuse, DiagnosticsFindUnderruns) {
  for (const bool in_storage : {false, true}) {
    const report_catcher caught;
    alignas(64) std::byte storage[8192];
    unsynchronized_pool p({.name = "test", .item_size = 64, .diagnostic = true});
    if (in_storage) {
      ASSERT_NE(p.prime(std::span(storage)), 0u);
    }
    auto* const item = static_cast<unsigned char*>(p.try_get());
    *static_cast<unsigned char*>(test::hidden(item - 1)) = 0;
    p.put(item);
    EXPECT_EQ(caught.only().misuse, misuse_kind::underrun);
    EXPECT_EQ(p.stats().out, 1u) << "the operation had no effect";
    p.put(item);
  }
}

TEST(UnsynchronizedMisuse, InteriorPointerIsNamedWithItsItem) {
  const report_catcher caught;
  unsynchronized_pool p({.name = "test", .item_size = 64, .thread_cache = false});
  auto* const item = static_cast<std::byte*>(p.try_get());
  p.put(item + 8);
  EXPECT_EQ(caught.only().item, item);
  EXPECT_NE(caught.only().text.find(", 8 bytes into item "), std::string::npos);
  p.put(item);
}

TEST(UnsynchronizedMisuse, EnvironmentGivesDiagnosticsByName) {
  const test::environment e("sanitize=0;diagnostic:watched*");
  unsynchronized_pool watched({.name = "watched one", .item_size = 64}),
      other({.name = "other", .item_size = 64});
  for (unsynchronized_pool* const p : {&watched, &other}) p->put(p->try_get());
  EXPECT_EQ(watched.stats().tight, std::uint64_t{POOL_TIGHT_DIAGNOSTIC});
  EXPECT_EQ(other.stats().tight, 0u);
}

TEST(UnsynchronizedMisuse, DestroyWhileItemsAreOutIsReported) {
  test::test_source source;
  report_catcher caught;
  void* item = nullptr;
  {
    unsynchronized_pool p({.name = "test", .item_size = 64, .source = &source});
    item = p.try_get();
    EXPECT_FALSE(p.close());
    EXPECT_EQ(caught.only().text,
              "close: pool 'test': busy: 1 items are out\n"
              "  look at who holds them: POOL9_OPTIONS=diagnostic:test would tell");
    EXPECT_EQ(caught.only().misuse, misuse_kind::still_out);
    p.put(item);
    EXPECT_TRUE(p.close());
    caught.clear();
  }
  {
    unsynchronized_pool p(
        {.name = "test", .item_size = 64, .source = &source, .at_destroy = on_live::destroy});
    item = p.try_get();
  }
  EXPECT_EQ(source.live_pages(), 0u);
  {
    unsynchronized_pool p({.name = "l", .item_size = 64, .at_destroy = on_live::leak});
    item = p.try_get();
  }
  *static_cast<int*>(item) = 1;
  EXPECT_EQ(caught.n_reports(), 0u);
}

TEST(UnsynchronizedMisuse, HandlerMayUseThePool) {
  report_catcher caught;
  unsynchronized_pool p({.name = "test", .item_size = 64});
  std::vector<void*> got;
  caught.on_report([&] { got.push_back(p.try_get()); });
  void* const item = p.try_get();
  p.put(item);
  p.put(item);
  p.reclaim();
  EXPECT_EQ(got.size(), 1u);
  EXPECT_EQ(p.check(), "");
  for (void* i : got) p.put(i);
}

}  // namespace
}  // namespace pool9
