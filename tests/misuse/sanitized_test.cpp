// SPDX-License-Identifier: BSD-2-Clause
// Pools that a sanitizer watches: here as far as one can see it without; programs/ under the tools.
#include "base/sanitizer.hpp"

#include "misuse.hpp"

namespace pool9::test {
namespace {

// Without a tool there is nothing to pay.
TEST(Sanitized, PoolsHaveCachesWhereNoToolWatches) {
  const environment e("");
  pool p({.name = "calm", .item_size = 64});
  p.put(p.get());
  EXPECT_EQ(p.stats().tight != 0, base::sanitizer::present());
}

TEST(Sanitized, EnvironmentOptsOut) {
  const environment e("sanitize=0:calm");
  pool p({.name = "calm", .item_size = 64});
  p.put(p.get());
  EXPECT_EQ(p.stats().tight, 0u);
}

}  // namespace
}  // namespace pool9::test
