// SPDX-License-Identifier: BSD-2-Clause
// Random sequences of operations, as many as there is time for.
//
// A failure prints the shortest sequence that was found, and a line that repeats it:
//   RC_PARAMS="reproduce=..." model-tests
// RC_PARAMS="seed=... max_success=..." runs others.
#pragma once
#include <rapidcheck.h>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <vector>

#include "model/generators.hpp"

namespace pool9::test {

/// Whether pool and model agree in each; a Rig throws where they do not.
template <class Rig, class Beginning, class Operation>
bool agree(std::chrono::seconds budget) {
  const auto end = std::chrono::steady_clock::now() + budget;
  std::size_t n_skipped = 0;
  bool is_shrinking = false;

  const bool holds = rc::check([&](const Beginning& b, const std::vector<Operation>& operations) {
    if (!is_shrinking && std::chrono::steady_clock::now() > end) {
      ++n_skipped;
      return;
    }
    try {
      Rig r(b.options);
      for (const Operation& o : operations) r.perform(o);
      r.finish();
    } catch (const std::runtime_error&) {
      is_shrinking = true;
      throw;
    }
  });

  if (n_skipped != 0) std::cout << n_skipped << " sequences left out: there was no time for them\n";
  return holds;
}

}  // namespace pool9::test
