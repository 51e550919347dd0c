// SPDX-License-Identifier: BSD-2-Clause
// Random operations on random pools, compared with the reference model after every step.
#include <gtest/gtest.h>

#include <cstdlib>

#include "model/agreement.hpp"
#include "model/rig.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {
namespace {

TEST(PoolModel, AgreesWithThePoolAfterEveryOperation) {
  setenv("RC_PARAMS", sanitized ? "max_success=250" : "max_success=1000", 0);

  EXPECT_TRUE((agree<rig, beginning, operation>(std::chrono::seconds(20))));
}

}  // namespace
}  // namespace pool9::test
