// SPDX-License-Identifier: BSD-2-Clause
// A life of pools in which everything happens that asks the system for something.
#pragma once
namespace pool9::test {

/// Whether every guarantee held; what did not is said on stderr.  Nothing may fail when nothing is
/// refused.
bool live_whole_life();

}  // namespace pool9::test
