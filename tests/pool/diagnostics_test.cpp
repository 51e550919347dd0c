// SPDX-License-Identifier: BSD-2-Clause
// G7 with diagnostics: overrun, write after put, and who did it.
#include <cstring>

#include "pools.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

pool_options diagnosed(page_source& source, std::size_t size = 100) {
  return {.name = "diag",
          .item_size = size,
          .idle_time = never_idle,
          .page_size = 4096,
          .source = &source,
          .diagnostic = true};
}
char* bytes(void* item) { return static_cast<char*>(item); }

TEST(Diagnostics, OverrunOfOneByteIsReportedAtItsPut) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  for (const std::size_t at : {std::size_t{100}, std::size_t{107}, std::size_t{115}}) {
    void* const item = p.get();
    const char before = std::exchange(bytes(item)[at], 'x');

    p.put(item);

    const caught_report r = catcher.only();
    EXPECT_EQ(r.kind, report_kind::misuse);
    EXPECT_EQ(r.address, item);
    EXPECT_EQ(p.stats().out, 1u) << "the operation had no effect";
    bytes(item)[at] = before;
    catcher.clear();
    p.put(item);
    EXPECT_EQ(p.stats().out, 0u);
    EXPECT_EQ(catcher.n_reports(), 0u);
  }
}

TEST(Diagnostics, OverrunIsReportedAtABulkPutWhichTakesTheRest) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  std::vector<void*> items = get_n(p, 3);
  const char before = std::exchange(bytes(items[1])[100], 'x');

  p.put_bulk(items);

  EXPECT_EQ(catcher.only().misuse, misuse_kind::overrun);
  EXPECT_EQ(catcher.only().address, items[1]);
  EXPECT_EQ(p.stats().out, 1u);
  bytes(items[1])[100] = before;
  p.put(items[1]);
}

TEST(Diagnostics, WholeItemIsTheCallers) {
  test_source source;
  pool p(diagnosed(source, 33));
  report_catcher catcher;
  std::vector<void*> items = get_n(p, 200);
  for (void* item : items) std::memset(item, 0, 33);

  put_all(p, items);
  items = get_n(p, 200);
  put_all(p, items);

  EXPECT_EQ(catcher.n_reports(), 0u);
}

TEST(Diagnostics, WriteAfterPutIsReportedAtTheNextGet) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  void* const item = p.get();
  p.put(item);
  bytes(item)[50] = 'x';

  EXPECT_EQ(p.try_get(), nullptr) << "a misuse that returns had no effect";

  const caught_report r = catcher.only();
  EXPECT_EQ(r.kind, report_kind::misuse);
  EXPECT_EQ(r.address, bytes(item) + 50);
}

TEST(Diagnostics, WriteAfterPutDoesNotFailWhoMustBeServed) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  struct callback final : waiter {
    callback() noexcept : waiter([](waiter&, void*) noexcept {}) {}
  } w;
  const auto spoil_one = [&] {
    void* const item = p.get();
    p.put(item);
    bytes(item)[50] = 'x';
    return item;
  };

  void* const item = spoil_one();
  EXPECT_EQ(p.get(get_flags::waitok, {}), item);
  p.put(item);
  EXPECT_EQ(spoil_one(), item);
  EXPECT_EQ(p.get_or_enqueue(w), item);
  EXPECT_EQ(catcher.n_reports(), 2u);
  p.put(item);
}

TEST(Diagnostics, RedZonesCanBeKeptToWhereTheyFit) {
  report_catcher catcher;
  pool_options o{.name = "tight", .item_size = 4096, .page_size = 4096, .diagnostic = true};
  EXPECT_THROW(pool{o}, std::invalid_argument);
  o.red_zones = false;
  pool p(o);
  void* const item = p.get();
  std::memset(item, 0, 4096);
  p.put(item);
  p.put(item);
  EXPECT_EQ(catcher.only().misuse, misuse_kind::put_twice);
  EXPECT_TRUE(catcher.only().knows_put);
}

TEST(Diagnostics, WriteAfterPutIsReportedOnce) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  std::vector<void*> items = get_n(p, 3);
  void* const spoiled = items[1];
  put_all(p, items);
  bytes(spoiled)[0] = 'x';
  items.resize(3);
  EXPECT_FALSE(p.try_get_bulk(items));

  EXPECT_TRUE(p.try_get_bulk(items));

  EXPECT_EQ(catcher.n_reports(), 1u);
  EXPECT_EQ(p.check(), "");
  put_all(p, items);
  EXPECT_EQ(catcher.n_reports(), 1u);
}

TEST(Diagnostics, WriteIntoAFreshPageShowsToo) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  void* const item = p.get();
  bytes(item)[120] = 'x';  // item and red zone end before: the next item, which is free

  EXPECT_EQ(p.try_get(), nullptr);

  EXPECT_EQ(catcher.only().kind, report_kind::misuse);
  p.put(item);
}

TEST(Diagnostics, WaiterIsServedAndTheWriteIsReported) {
  test_source source;
  pool_options o = diagnosed(source);
  o.hard_limit = 1;
  pool p(o);
  report_catcher catcher;
  void* const item = p.get();
  noting_waiter w;
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  bytes(item)[p.stats().stride] = 'x';  // the item behind, which is free

  EXPECT_TRUE(p.set_hard_limit(2));

  EXPECT_EQ(w.item, bytes(item) + p.stats().stride);
  EXPECT_EQ(catcher.only().address, w.item);
  p.put(item);
  p.put(w.wait_for_item());
  EXPECT_EQ(catcher.n_reports(), 1u);
}

// Neither may come back with nothing, whatever diagnostics find.
TEST(Diagnostics, GetsThatNeverFailTryAgain) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  void* const item = p.get();
  p.put(item);

  bytes(item)[0] = 'x';
  p.put(p.get());
  EXPECT_EQ(catcher.n_reports(), 1u);
  bytes(item)[0] = 'x';
  void* items[2] = {};
  p.get_bulk(items);

  EXPECT_EQ(catcher.n_reports(), 2u);
  ASSERT_NE(items[1], nullptr);
  p.put_bulk(items);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(Diagnostics, ReportsSayWhoGotAndPut) {
  test_source source;
  pool p(diagnosed(source));
  report_catcher catcher;
  void* const item = p.get(get_flags::nowait, {.function = "f", .file = "getter.c", .line = 11});
  p.put(item, {.function = "f", .file = "putter.c", .line = 22});

  p.put(item, {.function = "f", .file = "culprit.c", .line = 33});

  const std::string text = catcher.only().text;
  EXPECT_NE(text.find("f: pool 'diag'"), std::string::npos) << text;
  EXPECT_NE(text.find("culprit.c:33"), std::string::npos) << text;
  EXPECT_NE(text.find("putter.c:22"), std::string::npos) << text;
  EXPECT_NE(text.find("getter.c:11"), std::string::npos) << text;
  EXPECT_LT(text.find("getter.c:11"), text.find("putter.c:22")) << "oldest first";
}

TEST(Diagnostics, ForeignPointersAreNamedByTheirPool) {
  test_source source;
  pool p(diagnosed(source)), other(diagnosed(source));
  report_catcher catcher;
  void* const item = other.get();

  p.put(item);

  EXPECT_NE(catcher.only().text.find("diag"), std::string::npos);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().puts, 0u);
  other.put(item);
}

TEST(Diagnostics, StorageIsGuardedLikePages) {
  no_source source;
  pool p(diagnosed(source));
  alignas(16) static std::byte storage[8192];
  const std::size_t n = p.prime(std::span(storage));
  ASSERT_GT(n, 10u);
  report_catcher catcher;
  std::vector<void*> items = get_n(p, n);
  EXPECT_EQ(p.try_get(), nullptr);
  for (void* item : items) std::memset(item, 0, 100);
  void* const overrun = items.back();
  const char before = std::exchange(bytes(overrun)[100], 'x');
  put_all(p, items);
  EXPECT_EQ(catcher.n_reports(), 1u);
  bytes(overrun)[100] = before;
  p.put(overrun);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

}  // namespace
}  // namespace pool9::test
