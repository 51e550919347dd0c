// SPDX-License-Identifier: BSD-2-Clause
// Random operations on random pools, compared with the reference model after every step.
//
// A failure prints the shortest sequence that was found, and a line that repeats it:
//   RC_PARAMS="reproduce=..." model-tests
// RC_PARAMS="seed=... max_success=..." runs others.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "model/generators.hpp"
#include "model/rig.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {
namespace {

constexpr std::chrono::seconds budget{20};

TEST(PoolModel, AgreesWithThePoolAfterEveryOperation) {
  setenv("RC_PARAMS", sanitized ? "max_success=250" : "max_success=1000", 0);
  const auto end = std::chrono::steady_clock::now() + budget;
  std::size_t n_skipped = 0;
  bool is_shrinking = false;

  const bool holds = rc::check([&](const beginning& b, const std::vector<operation>& operations) {
    if (!is_shrinking && std::chrono::steady_clock::now() > end) {
      ++n_skipped;
      return;
    }
    try {
      rig r(b.options);
      for (const operation& o : operations) r.perform(o);
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
