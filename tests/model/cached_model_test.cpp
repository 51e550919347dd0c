// SPDX-License-Identifier: BSD-2-Clause
// Random operations of several threads, one at a time, on random pools with thread caches: every
// outcome is what it would be without.
#include <gtest/gtest.h>

#include <cstdlib>

#include "model/agreement.hpp"
#include "model/cached_rig.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {
namespace {

TEST(CachedModel, OutcomesDoNotDependOnWhatIsCachedWhere) {
  setenv("RC_PARAMS", "max_success=300", 0);

  EXPECT_TRUE((agree<cached_rig, cached_beginning, cached_operation>(
      std::chrono::seconds(sanitized ? 8 : 4))));
}

}  // namespace
}  // namespace pool9::test
