// SPDX-License-Identifier: BSD-2-Clause
// Runs a program to which the system refuses membarrier(2), as some containers do:
//
//     without-membarrier PROGRAM [ARGUMENT...]
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <iterator>

namespace {

#if defined(__x86_64__)
constexpr unsigned this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned this_machine = AUDIT_ARCH_AARCH64;
#else
#error "name this machine's AUDIT_ARCH"
#endif

/// Makes membarrier(2) fail with EPERM, in this process and all that come of it; returns whether
/// that worked.
bool refuse_membarrier() {
  constexpr auto word = BPF_LD | BPF_W | BPF_ABS;
  constexpr auto equal = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr auto verdict = BPF_RET | BPF_K;
  sock_filter steps[] = {
      BPF_STMT(word, offsetof(seccomp_data, arch)), BPF_JUMP(equal, this_machine, 0, 3),
      BPF_STMT(word, offsetof(seccomp_data, nr)),   BPF_JUMP(equal, SYS_membarrier, 0, 1),
      BPF_STMT(verdict, SECCOMP_RET_ERRNO | EPERM), BPF_STMT(verdict, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {static_cast<unsigned short>(std::size(steps)), steps};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: without-membarrier PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  if (!refuse_membarrier()) {
    std::perror("without-membarrier: seccomp");
    return 1;
  }
  execv(argv[1], argv + 1);
  std::perror(argv[1]);
  return 1;
}
