// SPDX-License-Identifier: BSD-2-Clause
// Faults that supply once had.
#include <sys/resource.h>

#include <array>
#include <climits>
#include <cstring>
#include <pool9/unsynchronized_pool.hpp>

#include "pool/pools.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"
#include "support/threads.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

// The list of so many pages has a size that is small modulo 2^64.
TEST(SupplyRegression, AbsurdPrimeFailsAndChangesNothing) {
  test_source source;
  pool_options o = four_a_page(source);
  o.item_size = 4096;
  pool p(o);
  EXPECT_TRUE(p.prime(1));

  for (const std::size_t n : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 4, SIZE_MAX / 8,
                              SIZE_MAX / 8 + 1, SIZE_MAX / 8 + 2}) {
    EXPECT_FALSE(p.prime(n)) << n;
    EXPECT_EQ(p.stats().reserve, 1u);
  }

  EXPECT_EQ(source.n_calls(), 1u);
  EXPECT_EQ(p.check(), "");
}

// It asked for page after page, for minutes, where pages cost nothing until they are touched.
TEST(SupplyRegression, ReserveThatNoAddressSpaceHoldsIsRefusedAtOnce) {
  test_source source;
  source.bound(2);
  pool_options o = four_a_page(source);
  o.page_size = 0;
  o.item_size = 1 << 20;
  pool p(o);
  unsynchronized_pool lone(o);

  EXPECT_FALSE(p.prime(INT_MAX));
  EXPECT_FALSE(lone.prime(INT_MAX));

  EXPECT_EQ(source.n_calls(), 0u);
}

// The sum with what is reserved already must not wrap either, however many items a page holds.
TEST(SupplyRegression, ReserveDoesNotWrap) {
  pool p({.name = "wide", .item_size = 1, .idle_time = never_idle, .page_size = 8u << 20});
  EXPECT_TRUE(p.prime(10));
  EXPECT_FALSE(p.prime(SIZE_MAX));
  EXPECT_FALSE(p.prime(SIZE_MAX - 10));
  EXPECT_EQ(p.stats().reserve, 10u);
  EXPECT_EQ(p.check(), "");
}

TEST(SupplyRegression, ClosedPoolHasNoReserve) {
  test_source source;
  pool_options o = four_a_page(source);
  o.reserve = 5;
  pool p(o);
  EXPECT_EQ(p.stats().reserve, 5u);
  EXPECT_TRUE(p.close());
  EXPECT_EQ(p.stats().reserve, 0u);
  p.put(p.get());
  EXPECT_EQ(p.stats().reserve, 0u);
}

/// Gives one and the same page again and again.
class forgetful_source final : public page_source {
 public:
  alignas(4096) std::byte page[4096];
  std::size_t n_releases = 0;
  [[nodiscard]] void* allocate(std::size_t, get_flags) noexcept override { return page; }
  void release(void*, std::size_t) noexcept override { ++n_releases; }
};

TEST(SupplyRegression, PageThatIsHereAlreadyIsNotGivenBackUnderItsItems) {
  report_catcher catcher;
  auto source = std::make_unique<forgetful_source>();
  pool p(four_a_page(*source));
  void* const item = p.get();

  EXPECT_FALSE(p.prime(4));
  std::vector<void*> rest = get_n(p, 3);
  EXPECT_EQ(p.try_get(), nullptr);

  EXPECT_EQ(source->n_releases, 0u);
  EXPECT_GE(catcher.n_reports(report_kind::misuse), 2u);
  EXPECT_EQ(p.check(), "");
  p.put(item);
  put_all(p, rest);
  EXPECT_TRUE(p.close());
  EXPECT_EQ(source->n_releases, 1u);
}

TEST(SupplyRegression, StorageOfADiagnosticPoolIsNotPoisonedTwice) {
  no_source source;
  alignas(64) static std::byte storage[8192];
  pool p({.name = "diag", .item_size = 64, .source = &source, .diagnostic = true});
  EXPECT_GT(p.prime(std::span(storage)), 10u);
  void* const item = p.get();
  std::memset(item, 1, 64);

  EXPECT_EQ(p.prime(std::span(storage)), 0u);

  EXPECT_EQ(static_cast<char*>(item)[63], 1);
  p.put(item);
  EXPECT_EQ(p.check(), "");
}

TEST(SupplyRegression, BulkGetBeyondALimitThatItsOwnSourceLoweredEnds) {
  test_source source;
  pool_options o = four_a_page(source);
  o.hard_limit = 8;
  pool p(o);
  source.before_allocate([&] {
    EXPECT_TRUE(p.set_hard_limit(2));
    source.fail_now();
  });
  std::vector<void*> items(4);

  task<bulk_outcome> got([&] { return p.get_bulk(items, get_flags::waitok); });

  EXPECT_EQ(got.result(), bulk_outcome::beyond_limit);
}

// A pause after a page that came would make this last for seconds.
/// How often the calling thread has gone to sleep.
long n_sleeps() {
  rusage used{};
  getrusage(RUSAGE_THREAD, &used);
  return used.ru_nvcsw;
}

TEST(SupplyRegression, BulkWaiterTakesAReadySourceWithoutPauses) {
  test_source source;
  pool_options o = four_a_page(source);
  o.item_size = 4096;
  pool p(o);
  source.fail_now();
  constexpr long n = 3000;
  task<long> bulk([&] {
    std::vector<void*> items(n);
    const long before = n_sleeps();
    p.get_bulk(items);
    const long sleeps = n_sleeps() - before;
    p.put_bulk(items);
    return sleeps;
  });
  await_waiters(p, 1);

  source.succeed();

  EXPECT_LT(bulk.result(), n / 2);  // not one for each page
}

TEST(SupplyRegression, PoolWithNothingToGiveBackStartsNoThread) {
  const std::size_t before = n_threads();
  pool p({.name = "quiet", .item_size = 64});
  void* const item = p.get();
  pool primed({.name = "primed", .item_size = 64, .reserve = 1});
  primed.put(primed.get());
  EXPECT_EQ(n_threads(), before);
  p.put(item);
}

// It went on taking puts into its magazine, and pages above the high watermark stayed.
TEST(SupplyRegression, PoolForOneThreadKeepsNoPagesForALowWatermarkThatWas) {
  test_source source;
  source.bound(10);
  unsynchronized_pool p(four_a_page(source));
  p.set_low_watermark(40);
  p.set_high_watermark(4);
  std::array<void*, 8> items;
  ASSERT_TRUE(p.try_get_bulk(items));
  ASSERT_EQ(p.stats().pages, 10u);

  p.set_low_watermark(0);

  EXPECT_EQ(p.check(), "");
  p.put_bulk(items);
  EXPECT_EQ(p.stats().pages, 1u);
}

}  // namespace
}  // namespace pool9::test
