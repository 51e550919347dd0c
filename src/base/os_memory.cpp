// SPDX-License-Identifier: BSD-2-Clause
// Linux.
#include "base/os_memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "base/os.hpp"

namespace pool9::base::os {
namespace {

// By number, since the headers that a distribution compiles with are older than the kernels that
// its programs meet.
enum advice : int {
  dont_need = 4,
  huge_page = 14,
  no_huge_page = 15,
  cold = 20,
  populate_write = 23,
  dont_need_locked = 24,
  guard_install = 102
};
constexpr int this_process = -10000;  // PIDFD_SELF
constexpr unsigned lock_on_fault = 1;
constexpr int policy_preferred = 1;
constexpr std::size_t most_runs = 1024;  // UIO_MAXIOV

static_assert(sizeof(run) == sizeof(iovec) && offsetof(run, bytes) == offsetof(iovec, iov_len));

struct keep_errno {
  const int saved = errno;
  ~keep_errno() { errno = saved; }
};

/// Whether process_madvise(2) on the process itself is worth a try.  relaxed: a hint.
constinit std::atomic<bool> has_vectors{true};

error advise_one(const run& r, advice what) noexcept {
  return madvise(r.start, r.bytes, what) == 0 ? 0 : errno;
}

/// Whole runs that were advised in one call; 0, and why, when not even the first was.
std::size_t advise_together(std::span<const run> runs, advice what, error& why) noexcept {
  const long done =
      syscall(SYS_process_madvise, this_process, runs.data(), runs.size(), int{what}, 0);
  why = done < 0 ? errno : 0;
  auto left = static_cast<std::size_t>(std::max(done, 0L));
  std::size_t n = 0;
  while (n < runs.size() && left >= runs[n].bytes) left -= runs[n++].bytes;
  return n;
}

bool says_unknown(error e) noexcept {
  return e == EINVAL || e == EPERM || e == ENOSYS || e == EBADF;
}

/// Advises every run, whatever becomes of the others; returns the first failure.
error advise(std::span<const run> runs, advice what) noexcept {
  const keep_errno keep;
  error first_failure = 0;
  while (!runs.empty()) {
    error refusal = 0;
    std::size_t n = 0;
    if (runs.size() > 1 && has_vectors.load(std::memory_order_relaxed))
      n = advise_together(runs.first(std::min(runs.size(), most_runs)), what, refusal);
    if (n == 0) {
      n = 1;
      const error e = advise_one(runs[0], what);
      if (first_failure == 0) first_failure = e;
      // It is the call that is unknown, and not the advice.
      if (e == 0 && says_unknown(refusal)) has_vectors.store(false, std::memory_order_relaxed);
    }
    runs = runs.subspan(n);
  }
  return first_failure;
}
error advise(void* p, std::size_t bytes, advice what) noexcept {
  const run r{p, bytes};
  return advise({&r, 1}, what);
}

}

void discard(std::span<const run> runs, locked_in_ram locked) noexcept {
  advise(runs, locked == locked_in_ram::yes ? dont_need_locked : dont_need);
}

error populate(std::span<const run> runs) noexcept {
  static constinit std::atomic<bool> has_call{true};  // relaxed: a hint
  if (has_call.load(std::memory_order_relaxed)) {
    const error e = advise(runs, populate_write);
    if (e != EINVAL) return e;
    has_call.store(false, std::memory_order_relaxed);
  }
  for (const run& r : runs)
    for (std::size_t i = 0; i < r.bytes; i += page_size())
      static_cast<volatile char*>(r.start)[i] = 0;
  return 0;
}

error allow_huge_pages(void* p, std::size_t bytes) noexcept { return advise(p, bytes, huge_page); }
error forbid_huge_pages(void* p, std::size_t bytes) noexcept {
  return advise(p, bytes, no_huge_page);
}
// To call a part of a huge page cold, the system must split it.
error split_huge_page(void* p) noexcept { return advise(p, page_size(), cold); }

error lock_in_ram(void* p, std::size_t bytes) noexcept {
  const keep_errno keep;
  return syscall(SYS_mlock2, p, bytes, lock_on_fault) == 0 ? 0 : errno;
}

error prefer_node(void* p, std::size_t bytes, int node) noexcept {
  constexpr std::size_t bits = 8 * sizeof(unsigned long);
  std::array<unsigned long, 1024 / bits> nodes{};  // as many as kernels are built for
  const auto n = static_cast<std::size_t>(node);
  if (node < 0 || n >= nodes.size() * bits) return EINVAL;
  nodes[n / bits] = 1ul << (n % bits);
  const keep_errno keep;
  // The system takes one bit less than it is told.
  const long result =
      syscall(SYS_mbind, p, bytes, policy_preferred, nodes.data(), nodes.size() * bits + 1, 0u);
  return result == 0 ? 0 : errno;
}

error guard(std::span<const run> runs) noexcept {
  if (runs.empty() || advise(runs, guard_install) == 0) return 0;
  const keep_errno keep;
  for (const run& r : runs)
    if (mprotect(r.start, r.bytes, PROT_NONE) != 0) return errno;
  return 0;
}

void* reserve(std::size_t bytes) noexcept {
  const keep_errno keep;
  void* const p =
      mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}
bool open(void* p, std::size_t bytes) noexcept {
  const keep_errno keep;
  return mprotect(p, bytes, PROT_READ | PROT_WRITE) == 0;
}
void shut(void* p, std::size_t bytes) noexcept {
  const keep_errno keep;
  static_cast<void>(madvise(p, bytes, dont_need));
  static_cast<void>(mprotect(p, bytes, PROT_NONE));
}

const char* error_name(error e) noexcept {
  struct named {
    error number;
    const char* name;
  };
  constexpr named all[] = {{EPERM, "EPERM"},   {ENOMEM, "ENOMEM"}, {EINVAL, "EINVAL"},
                           {ENOSYS, "ENOSYS"}, {EAGAIN, "EAGAIN"}, {EACCES, "EACCES"},
                           {EFAULT, "EFAULT"}, {EIO, "EIO"},       {EBUSY, "EBUSY"}};
  const auto* const found =
      std::find_if(std::begin(all), std::end(all), [=](const named& n) { return n.number == e; });
  return found == std::end(all) ? "error" : found->name;
}

}
