// SPDX-License-Identifier: BSD-2-Clause
// G7 with thread caches on: misuse that a cache lets pass is reported "at the latest when the item
// passes from a magazine to the pool; never by damage to the pool's own data".
#include <algorithm>
#include <string>

#include "actor.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

constexpr std::size_t n_items = 128;

pool_options two_pages(page_source& source, const char* name) {
  return {
      .name = name, .item_size = 64, .idle_time = never_idle, .page_size = 4096, .source = &source};
}

/// Two pools; a thread of its own puts into the first what does not belong there.
class CachedMisuse : public testing::Test {
 protected:
  CachedMisuse() {
    EXPECT_TRUE(p.prime(n_items));
    culprit([&] { p.put(p.get()); });
    EXPECT_GT(p.stats().cached, 0u) << "the culprit has a cache";
  }

  /// The only misuse that was reported, and that `words` are in it.
  void expect_only(const char* words) {
    const caught_report r = catcher.only();
    EXPECT_EQ(r.kind, report_kind::misuse);
    EXPECT_EQ(r.pool, "first");
    EXPECT_NE(r.text.find(words), std::string::npos) << r.text;
  }
  /// Every item is there once, and no figure is wrong.
  void expect_undamaged() {
    EXPECT_EQ(p.check(), "");
    EXPECT_EQ(p.stats().out, 0u);
    std::vector<void*> items = get_n(p, n_items);
    source.fail_now();
    EXPECT_EQ(p.try_get(), nullptr);
    source.succeed();
    std::sort(items.begin(), items.end());
    EXPECT_EQ(std::unique(items.begin(), items.end()), items.end());
    for (const void* item : items) EXPECT_TRUE(p.owns(item));
    put_all(p, items);
    static_cast<void>(p.reclaim());
    const pool_stats s = p.stats();
    EXPECT_EQ(s.gets, s.puts);
    EXPECT_EQ(s.free, s.total);
    EXPECT_EQ(p.check(), "");
  }

  report_catcher catcher;
  test_source source;
  pool p{two_pages(source, "first")};
  pool other{two_pages(source, "second")};
  actor culprit;
};

struct misuse {
  const char* name;
  const char* words;
  void (*commit)(pool& p, pool& other);
};

void* volatile kept = nullptr;  // keeps the compiler from seeing what is done

void put_twice(pool& p, pool&) {
  kept = p.get();
  p.put(kept);
  p.put(kept);
}
void put_foreign(pool& p, pool&) {
  alignas(64) static char foreign[64];
  kept = foreign;
  p.put(kept);
}
void put_null(pool& p, pool&) {
  kept = nullptr;
  p.put(kept);
}
void put_interior(pool& p, pool&) {
  void* const item = p.get();
  kept = static_cast<char*>(item) + 8;
  p.put(kept);
  p.put(item);
}
void put_into_the_wrong_pool(pool& p, pool& other) {
  kept = other.get();
  p.put(kept);
  other.put(kept);
}
void PrintTo(const misuse& m, std::ostream* out) { *out << m.name; }
constexpr misuse all_misuse[] = {
    {"twice", "put twice: it is free already", put_twice},
    {"foreign", "not of this pool: foreign memory", put_foreign},
    {"null", "is null", put_null},
    {"interior", "not the start of an item", put_interior},
    {"wrong_pool", "not of this pool: it is of pool 'second'", put_into_the_wrong_pool},
};

class CachedMisuseFound : public CachedMisuse, public testing::WithParamInterface<misuse> {
 protected:
  void commit() {
    culprit([&] { GetParam().commit(p, other); });
    EXPECT_EQ(catcher.n_reports(), 0u) << "a put that fits into a cache looks at nothing";
  }
  void expect_found() {
    expect_only(GetParam().words);
    expect_undamaged();
    EXPECT_EQ(catcher.n_reports(), 1u) << "once";
    EXPECT_EQ(other.check(), "");
    EXPECT_EQ(other.stats().out, 0u);
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, CachedMisuseFound, testing::ValuesIn(all_misuse),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(CachedMisuseFound, WhenAnotherThreadRecalls) {
  commit();
  static_cast<void>(p.reclaim());
  expect_found();
}
TEST_P(CachedMisuseFound, WhenAnotherThreadNeedsWhatIsCached) {
  commit();
  source.fail_now();
  std::vector<void*> items = get_n(p, n_items);
  EXPECT_EQ(p.try_get(), nullptr);
  put_all(p, items);
  source.succeed();
  expect_found();
}
TEST_P(CachedMisuseFound, WhenTheMagazineFlushes) {
  commit();
  culprit([&] {
    // The oldest go to the pages first: more puts in a row than a magazine holds.
    std::vector<void*> items(n_items);
    EXPECT_TRUE(p.try_get_bulk(items));
    put_all(p, items);
    items.resize(n_items);
  });
  static_cast<void>(p.reclaim());
  expect_found();
}
TEST_P(CachedMisuseFound, WhenItsThreadHasEnded) {
  commit();
  culprit.end();
  static_cast<void>(p.reclaim());
  expect_found();
}
TEST_P(CachedMisuseFound, WhenThePoolIsClosed) {
  commit();
  EXPECT_TRUE(p.close());
  expect_only(GetParam().words);
  EXPECT_EQ(source.live_pages(), other.stats().pages);
}

// A get that meets a null takes it for the bottom.
TEST_F(CachedMisuse, NullHidesNoItem) {
  culprit([&] {
    std::vector<void*> items = get_n(p, 20);
    for (std::size_t i = 0; i < items.size(); ++i) {
      p.put(items[i]);
      if (i % 3 == 0) put_null(p, other);
    }
    source.fail_now();
    items = get_n(p, n_items);
    EXPECT_EQ(p.try_get(), nullptr);
    source.succeed();
    put_all(p, items);
  });
  static_cast<void>(p.reclaim());
  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 7u);
  expect_undamaged();
}

// Nor does it hide from others what lies below it.
TEST_F(CachedMisuse, NullsAreNoReasonToRefuseAnotherThread) {
  std::vector<void*> items = get_n(p, n_items / 2);
  culprit([&] {
    std::vector<void*> mine = get_n(p, n_items / 2);
    put_all(p, mine);
    for (int i = 0; i < 8; ++i) put_null(p, other);
  });
  source.fail_now();

  for (void* item : get_n(p, n_items / 2)) items.push_back(item);

  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 8u);
  source.succeed();
  put_all(p, items);
  expect_undamaged();
}

TEST_F(CachedMisuse, NullsMakeNoRoomBelowTheLimit) {
  constexpr std::size_t limit = n_items - 10;
  EXPECT_TRUE(p.set_hard_limit(limit));
  std::vector<void*> theirs;
  culprit([&] {
    do {
      theirs.push_back(p.get());
    } while (p.stats().cached != 0);
    for (int i = 0; i < 3; ++i) put_null(p, other);
  });
  ASSERT_LT(theirs.size(), limit);

  std::vector<void*> mine;
  while (void* const item = p.try_get()) mine.push_back(item);

  EXPECT_EQ(mine.size() + theirs.size(), limit);
  EXPECT_EQ(p.check(), "");
  EXPECT_EQ(catcher.n_reports(), 3u);
  catcher.clear();
  put_all(p, mine);
  culprit([&] { put_all(p, theirs); });
  EXPECT_TRUE(p.set_hard_limit(unlimited));
  expect_undamaged();
}

// "Reported at the call with diagnostics or in a tight pool", and without effect.
TEST_F(CachedMisuse, IsReportedAtTheCallInATightPool) {
  std::vector<void*> items = get_n(p, n_items);
  EXPECT_TRUE(p.set_hard_limit(n_items));
  EXPECT_EQ(p.try_get(), nullptr);
  ASSERT_NE(p.stats().tight, 0u);
  kept = items.back();
  p.put(kept);
  items.pop_back();

  culprit([&] { p.put(kept); });
  expect_only("put twice");
  for (const misuse& m : all_misuse) {
    if (m.commit == put_twice || m.commit == put_interior) continue;  // they get, too
    catcher.clear();
    culprit([&] { m.commit(p, other); });
    expect_only(m.words);
  }
  put_all(p, items);
  EXPECT_TRUE(p.set_hard_limit(unlimited));
  expect_undamaged();
}

// However many there are, each is counted.
TEST_F(CachedMisuse, AreAllCountedWhenTheyAreManyAtOnce) {
  const std::uint64_t n_puts = p.stats().puts;
  culprit([&] {
    for (int i = 0; i < 30; ++i) put_foreign(p, other);
  });
  static_cast<void>(p.reclaim());

  EXPECT_EQ(p.stats().puts, n_puts) << "they were none";

  const auto reports = catcher.reports();
  ASSERT_EQ(reports.size(), 9u);
  EXPECT_NE(reports.back().text.find("22 more items"), std::string::npos) << reports.back().text;
  expect_undamaged();
}

// G9: no figure is ever less than it was, though puts turn out to have been none.
TEST_F(CachedMisuse, ThatIsFoundLateTakesNoFigureBack) {
  culprit([&] {
    for (int i = 0; i < 3; ++i) put_foreign(p, other);
  });
  const pool_stats before = p.stats();

  static_cast<void>(p.reclaim());

  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 3u);
  const pool_stats after = p.stats();
  EXPECT_GE(after.puts, before.puts);
  EXPECT_GE(after.gets, before.gets);
}

}  // namespace
}  // namespace pool9::test
