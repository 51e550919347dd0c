// SPDX-License-Identifier: BSD-2-Clause
// Random operations of several threads, one at a time, on random pools with thread caches: every
// outcome is what it would be without.
//
// A failure prints the shortest sequence that was found, and a line that repeats it:
//   RC_PARAMS="reproduce=..." model-tests
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "model/cached_rig.hpp"
#include "model/generators.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {
namespace {

constexpr std::chrono::seconds budget{sanitized ? 8 : 4};

TEST(CachedModel, OutcomesDoNotDependOnWhatIsCachedWhere) {
  setenv("RC_PARAMS", "max_success=300", 0);
  const auto end = std::chrono::steady_clock::now() + budget;
  std::size_t n_skipped = 0;
  bool is_shrinking = false;

  const bool holds =
      rc::check([&](const cached_beginning& b, const std::vector<cached_operation>& operations) {
        if (!is_shrinking && std::chrono::steady_clock::now() > end) {
          ++n_skipped;
          return;
        }
        try {
          cached_rig r(b.options);
          for (const cached_operation& o : operations) r.perform(o);
          r.finish();
        } catch (const std::runtime_error&) {
          is_shrinking = true;
          throw;
        }
      });

  EXPECT_TRUE(holds);
  if (n_skipped != 0) std::cout << n_skipped << " sequences left out: there was no time for them\n";
}

}  // namespace
}  // namespace pool9::test
