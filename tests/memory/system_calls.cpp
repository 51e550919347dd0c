// SPDX-License-Identifier: BSD-2-Clause
#include "system_calls.hpp"

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <mutex>
#include <utility>

namespace pool9::test {
namespace {

std::recursive_mutex mutex;  // a log may make calls of its own
call_log* current = nullptr;
thread_local bool is_inside = false;

/// What the rule of the present log says.
int ask(const system_call& c) {
  if (is_inside) return 0;
  is_inside = true;
  const std::scoped_lock hold(mutex);
  const int error = current != nullptr ? current->add(c) : 0;
  is_inside = false;
  return error;
}

}

call_log::call_log(rule r) : rule_(std::move(r)) {
  const std::scoped_lock hold(mutex);
  current = this;
}
call_log::~call_log() {
  const std::scoped_lock hold(mutex);
  current = nullptr;
}
int call_log::add(const system_call& c) {
  const int error = rule_ ? rule_(c) : 0;
  calls_.push_back(c);
  calls_.back().is_refused = error > 0;
  n_refused_ += error != 0 ? 1 : 0;
  return error;
}
std::vector<system_call> call_log::take() {
  const std::scoped_lock hold(mutex);
  return std::exchange(calls_, {});
}
std::size_t call_log::count(const std::string& name, int advice) {
  const std::scoped_lock hold(mutex);
  return static_cast<std::size_t>(std::count_if(
      calls_.begin(), calls_.end(),
      [&](const system_call& c) { return c.name == name && (advice == 0 || c.advice == advice); }));
}
std::size_t call_log::n_mapped() {
  const std::scoped_lock hold(mutex);
  std::size_t n = 0;
  for (const system_call& c : calls_) {
    if (c.name == "mmap" && !c.is_refused) n += c.bytes;
    if (c.name == "munmap") n -= c.bytes;
  }
  return n;
}

call_log::rule refuse_from(int n, std::string name, int advice, int error) {
  return [=, seen = 0](const system_call& c) mutable {
    if (c.name != name || (advice != 0 && c.advice != advice)) return 0;
    return ++seen >= n ? error : 0;
  };
}

}  // namespace pool9::test

// ---- The seam: what the linker puts in the place of the system's functions.

using pool9::test::ask;
using pool9::test::system_call;

extern "C" {

void* __real_mmap(void* p, std::size_t bytes, int prot, int flags, int fd, off_t offset);
int __real_munmap(void* p, std::size_t bytes);
int __real_madvise(void* p, std::size_t bytes, int advice);
int __real_mprotect(void* p, std::size_t bytes, int prot);
long __real_syscall(long number, ...);

void* __wrap_mmap(void* p, std::size_t bytes, int prot, int flags, int fd, off_t offset);
void* __wrap_mmap(void* p, std::size_t bytes, int prot, int flags, int fd, off_t offset) {
  if ((errno = ask({"mmap", p, bytes, 0, 1, 0})) != 0) return reinterpret_cast<void*>(-1);
  return __real_mmap(p, bytes, prot, flags, fd, offset);
}
int __wrap_munmap(void* p, std::size_t bytes);
int __wrap_munmap(void* p, std::size_t bytes) {
  if ((errno = ask({"munmap", p, bytes, 0, 1, 0})) != 0) return -1;
  return __real_munmap(p, bytes);
}
int __wrap_madvise(void* p, std::size_t bytes, int advice);
int __wrap_madvise(void* p, std::size_t bytes, int advice) {
  if ((errno = ask({"madvise", p, bytes, advice, 1, 0})) != 0) return -1;
  return __real_madvise(p, bytes, advice);
}
int __wrap_mprotect(void* p, std::size_t bytes, int prot);
int __wrap_mprotect(void* p, std::size_t bytes, int prot) {
  if ((errno = ask({"mprotect", p, bytes, prot, 1, 0})) != 0) return -1;
  return __real_mprotect(p, bytes, prot);
}

/// The call that is about to be made through syscall(), if it is one about memory.
static bool describe(long number, const std::array<long, 6>& a, system_call& c) {
  const auto bytes = static_cast<std::size_t>(a[1]);
  if (number == SYS_mlock2) {
    c = {"mlock2", reinterpret_cast<void*>(a[0]), bytes, static_cast<int>(a[2]), 1, 0};
    return true;
  }
  if (number == SYS_mbind) {
    c = {"mbind", reinterpret_cast<void*>(a[0]),
         bytes,   static_cast<int>(a[2]),
         1,       *reinterpret_cast<const unsigned long*>(a[3])};
    return true;
  }
  if (number != SYS_process_madvise) return false;
  const auto* const runs = reinterpret_cast<const iovec*>(a[1]);
  const auto n = static_cast<std::size_t>(a[2]);
  c = {"process_madvise", runs[0].iov_base, 0, static_cast<int>(a[3]), n, 0};
  for (std::size_t i = 0; i < n; ++i) c.bytes += runs[i].iov_len;
  return true;
}

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
  std::array<long, 6> a{};
  va_list args;
  va_start(args, number);
  for (long& x : a) x = va_arg(args, long);
  va_end(args);
  system_call c;
  if (describe(number, a, c)) {
    const int error = ask(c);
    if (error < 0) return __real_syscall(number, a[0], a[1], -long{error}, a[3], a[4]);
    if (error != 0) {
      errno = error;
      return -1;
    }
  }
  return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
