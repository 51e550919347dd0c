// SPDX-License-Identifier: BSD-2-Clause
// Time, as the pools of this program see it: it stands still, but when a test lets it pass.
//
// This program is linked so that clock_gettime and syscall come here first, from the library and
// the tests alike; the library knows nothing of it.  Who sleeps until a time makes it be that time.
#pragma once
#include <chrono>

namespace pool9::test {

/// Later than all that the real steady clock will show: deadlines in its time are over.
void let_pass(std::chrono::nanoseconds time);

}  // namespace pool9::test
