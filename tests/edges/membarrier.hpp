// SPDX-License-Identifier: BSD-2-Clause
// A filter of system calls that refuses membarrier, as sandboxes do: for one thread and those it
// starts, or for all of the process.  It stays for good, and passes through fork and exec.
#pragma once
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace pool9::test {

enum class denied_to { this_thread, all_threads };

/// From now on membarrier fails with `error`; false: the system has no such filters.
inline bool deny_membarrier(int error, denied_to whom) {
  const auto refusal = SECCOMP_RET_ERRNO | static_cast<unsigned>(error);
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, refusal),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, program};
  const int flags = whom == denied_to::all_threads ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter) == 0;
}

/// Whether the calling thread may ask for barriers; it must have registered.
inline bool has_membarrier() {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

}  // namespace pool9::test
