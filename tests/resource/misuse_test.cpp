// SPDX-License-Identifier: BSD-2-Clause
// G7: a deallocation that does not fit is named.
#include <gtest/gtest.h>

#include <pool9/memory_resource.hpp>
#include <vector>

#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

TEST(ResourceMisuse, ALargeBlockOfAnotherSizeIsNamedAndStays) {
  const report_catcher reports;
  pool_resource r{"blocks"};
  void* const p = r.allocate(100'000);
  r.deallocate(p, 100'001);
  r.deallocate(p, 100'000, 64);
  ASSERT_EQ(reports.n_reports(report_kind::misuse), 2u);
  EXPECT_EQ(reports.reports()[0].address, p);
  EXPECT_EQ(reports.reports()[0].pool, "blocks");
  EXPECT_NE(reports.reports()[0].text.find("has 100000 bytes, not 100001"), std::string::npos);
  r.deallocate(p, 100'000);
  EXPECT_EQ(reports.n_reports(), 2u);
}

TEST(ResourceMisuse, ALargeBlockThatIsNoneIsNamed) {
  const report_catcher reports;
  pool_resource r{"blocks"}, other{"others"};
  void* const small = r.allocate(512);
  void* const large = other.allocate(100'000);
  r.deallocate(static_cast<std::byte*>(small) + 256, 100'000);
  r.deallocate(large, 100'000);
  EXPECT_EQ(reports.n_reports(report_kind::misuse), 2u);
  r.deallocate(small, 512);
  other.deallocate(large, 100'000);
}

TEST(ResourceMisuse, ASizeThatWasNeverGivenOutIsNamed) {
  const report_catcher reports;
  pool_resource r{"blocks"};
  void* const p = r.allocate(48);
  r.deallocate(p, 64);
  EXPECT_EQ(reports.only().address, p);
  r.deallocate(p, 48);
}

// With a cache that is when the block passes from it to the pool.
TEST(ResourceMisuse, ABlockOfAnotherClassIsNamed) {
  const report_catcher reports;
  pool_resource r{"blocks"};
  void* const p = r.allocate(48);
  r.deallocate(r.allocate(64), 64);
  r.deallocate(p, 64);
  r.reclaim();
  static_cast<void>(r.pool_for(64).set_hard_limit(1));
  r.pool_for(64).set_high_watermark(0);
  ASSERT_GE(reports.n_reports(report_kind::misuse), 1u);
  EXPECT_EQ(reports.reports()[0].address, p);
}

TEST(ResourceMisuse, ABlockOfAnotherClassIsNamedAtOnceWithoutACache) {
  const report_catcher reports;
  unsynchronized_pool_resource r{"blocks"};
  void* const p = r.allocate(48);
  r.deallocate(r.allocate(64), 64);
  r.deallocate(p, 64);
  r.pool_for(64).set_high_watermark(0);
  ASSERT_GE(reports.n_reports(report_kind::misuse), 1u);
  EXPECT_EQ(reports.reports()[0].address, p);
}

}
}
