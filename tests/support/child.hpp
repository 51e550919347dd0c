// SPDX-License-Identifier: BSD-2-Clause
// Claims made in the child of a fork, where GoogleTest is not to be used, and elsewhere alike.
#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace pool9::test {

/// Says which claim does not hold.
inline bool holds(bool claim, const char* what, const char* file, int line) {
  if (!claim) std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  return claim;
}
#define POOL9_HOLDS(claim) ::pool9::test::holds((claim), #claim, __FILE__, __LINE__)

/// Whether the child ended by itself and well.
inline bool ended_well(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return false;
  EXPECT_FALSE(WIFSIGNALED(status)) << "signal " << WTERMSIG(status);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Runs `f` in a child that ends by itself; returns what it returned there.
template <class F>
bool in_child(F f, unsigned seconds = 60) {
  const pid_t child = fork();
  if (child != 0) return child > 0 && ended_well(child);
  alarm(seconds);
  _exit(f() ? 0 : 1);
}

}  // namespace pool9::test
