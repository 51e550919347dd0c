// SPDX-License-Identifier: BSD-2-Clause
// usage: deny-membarrier EPERM|ENOSYS PROGRAM [ARGUMENT...]
// Runs the program where membarrier is refused from the start.  Ends with 77 where there are no
// filters of system calls.
#include <cstdio>
#include <cstring>

#include "membarrier.hpp"

int main(int argc, char** argv) {
  using namespace pool9::test;
  if (argc < 3) return 2;
  const int error = std::strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS;
  if (!deny_membarrier(error, denied_to::this_thread)) {
    std::puts("no filters of system calls here");
    return 77;
  }
  if (has_membarrier() || errno != error) {
    std::puts("the filter lets membarrier pass");
    return 1;
  }
  execvp(argv[2], argv + 2);
  std::perror(argv[2]);
  return 1;
}
