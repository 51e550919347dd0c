// SPDX-License-Identifier: BSD-2-Clause
// With diagnostics a pool for one thread knows of every item what a pool for many knows.
#include <pool9/unsynchronized_pool.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "misuse/misuse.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9 {
namespace {

using test::hidden;
using test::plain;
using test::report_catcher;

class UnsynchronizedDiagnostics : public testing::Test {
 protected:
  pool_options options() {
    return {.name = "one", .item_size = 100, .source = &source, .diagnostic = true};
  }
  std::string held_by(const unsynchronized_pool& p, std::chrono::nanoseconds age = {}) {
    std::string text;
    n_held = p.report_held(
        [](void* context, std::string_view line) {
          static_cast<std::string*>(context)->append(line).append("\n");
        },
        &text, age);
    return text;
  }
  static std::vector<void*> get_n(unsynchronized_pool& p, std::size_t n) {
    std::vector<void*> items(n);
    EXPECT_TRUE(p.try_get_bulk(items));
    return items;
  }

  report_catcher caught;
  test::test_source source;
  std::size_t n_held = 0;
};

[[gnu::noinline]] void* get_here(unsynchronized_pool& p) {
  void* const item = p.try_get();
  asm volatile("");
  return item;
}
[[gnu::noinline]] void* get_there(unsynchronized_pool& p) {
  void* const item = p.try_get();
  asm volatile("");
  return item;
}

TEST_F(UnsynchronizedDiagnostics, KnowWhoGotAndPutAnItemLast) {
  unsynchronized_pool p(options());
  void* const item = get_here(p);
  p.put(item);
  p.put(hidden(item));
  const auto report = caught.only();
  EXPECT_EQ(plain(report.text),
            "put: pool 'one': item @: put twice: it is free already\n"
            "  got, # s ago, in thread #\n"
            "  put, # s ago, in thread #\n"
            "  look at who else puts it: since that put it may be somebody else's");
  EXPECT_TRUE(report.knows_get && report.knows_put);
  const auto lines = test::lines_of(report.text);
  EXPECT_NE(lines[2].find("typed-tests+0x"), std::string::npos) << "the caller's first";
  EXPECT_EQ(p.check(), "");
}

TEST_F(UnsynchronizedDiagnostics, KnowThatAnItemWasHereWhenItsPageIsGone) {
  unsynchronized_pool p(options());
  void* const item = p.try_get();
  p.put(item);
  EXPECT_NE(p.reclaim(), 0u);
  p.put(hidden(item));
  EXPECT_EQ(caught.only().misuse, misuse_kind::put_twice);
}

TEST_F(UnsynchronizedDiagnostics, GroupWhatIsHeldByPlace) {
  unsynchronized_pool p(options());
  std::vector<void*> items;
  for (int i = 0; i < 3; ++i) items.push_back(get_here(p));
  items.push_back(get_there(p));
  constexpr const char* held =
      "  3 got, the first # s ago: item @\n"
      "  1 got, the first # s ago: item @";
  EXPECT_EQ(plain(held_by(p)), std::string("pool 'one': 4 of 4 items are out\n") + held);
  EXPECT_EQ(n_held, 4u);
  EXPECT_EQ(plain(held_by(p, std::chrono::hours(1))), "pool 'one': 0 of 4 items are out");

  EXPECT_FALSE(p.close());
  EXPECT_EQ(plain(caught.only().text),
            std::string("close: pool 'one': busy: 4 items are out\n") + held +
                "\n  look at the first place: what is got there is not put, or is put late");
  for (void* item : items) p.put(item);
  EXPECT_EQ(plain(held_by(p)), "pool 'one': 0 of 0 items are out");
}

TEST_F(UnsynchronizedDiagnostics, WithoutThemOnlyHowManyAreHeld) {
  unsynchronized_pool p({.name = "plain", .item_size = 100, .source = &source});
  void* const item = p.try_get();
  EXPECT_EQ(held_by(p),
            "pool 'plain': 1 of 1 items are out\n"
            "  who got them, diagnostics know: POOL9_OPTIONS=diagnostic:plain\n");
  EXPECT_EQ(n_held, 1u);
  p.put(item);
}

TEST_F(UnsynchronizedDiagnostics, FindAtTheEndWhatWasWrittenAfterPut) {
  unsynchronized_pool p(options());
  auto* const item = static_cast<char*>(p.try_get());
  p.put(item);
  item[0] = 'x';
  EXPECT_TRUE(p.close());
  EXPECT_EQ(caught.only().misuse, misuse_kind::written_after_put);
  EXPECT_EQ(caught.only().text.rfind("close: pool 'one': item ", 0), 0u);
}

TEST_F(UnsynchronizedDiagnostics, QuarantineDelaysReuse) {
  pool_options o = options();
  o.quarantine = 4;
  unsynchronized_pool p(o);
  auto* const first = static_cast<char*>(p.try_get());
  p.put(first);
  for (int i = 0; i < 4; ++i) {
    void* const item = p.try_get();
    EXPECT_NE(item, first) << i;
    p.put(item);
    EXPECT_EQ(p.check(), "");
  }
  EXPECT_EQ(p.try_get(), first) << "four puts later";
  p.put(first);
  first[3] = 'x';
  for (int i = 0; i < 4; ++i) p.put(p.try_get());
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(caught.only().misuse, misuse_kind::written_after_put);
}

TEST_F(UnsynchronizedDiagnostics, QuarantineIsFreeToWhoeverNeedsIt) {
  pool_options o = options();
  o.quarantine = 100;
  unsynchronized_pool p(o);
  std::vector<void*> items = get_n(p, 30);
  EXPECT_TRUE(p.set_hard_limit(30));
  p.put_bulk(items);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().free, p.stats().total);
  source.fail_now();
  items = get_n(p, 30);
  p.put_bulk(items);
  void* const one = p.try_get();
  EXPECT_NE(one, nullptr);
  p.put(one);
  p.put(hidden(one));
  EXPECT_EQ(caught.only().misuse, misuse_kind::put_twice);
  EXPECT_EQ(p.stats().puts, 61u);

  p.set_high_watermark(0);
  EXPECT_EQ(p.stats().pages, 0u) << "it keeps no page";
  EXPECT_EQ(p.check(), "");
}

/// Puts all that are out when it is called first.
template <class Pool>
std::size_t n_visits_of_three(Pool& p) {
  struct visit {
    Pool& p;
    std::vector<void*> items;
    std::size_t n = 0;
  } v{p, {}};
  for (int i = 0; i < 3; ++i) v.items.push_back(p.try_get());
  p.for_each_item(
      [](void* context, void*) {
        auto& seen = *static_cast<visit*>(context);
        ++seen.n;
        for (void* item : seen.items) seen.p.put(item);
        seen.items.clear();
      },
      &v);
  return v.n;
}

TEST_F(UnsynchronizedDiagnostics, WhatIsInQuarantineIsNotVisited) {
  pool_options o = options();
  o.quarantine = 4;
  unsynchronized_pool one(o);
  EXPECT_EQ(n_visits_of_three(one), 1u);
  pool many(o);
  EXPECT_EQ(n_visits_of_three(many), 1u);
  EXPECT_EQ(n_visits_of_three(one), 1u);
}

}  // namespace
}  // namespace pool9
