// SPDX-License-Identifier: BSD-2-Clause
#include "faults/refusals.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <ctime>

namespace pool9::test {
namespace {

constexpr auto n_functions = static_cast<std::size_t>(function::count);
// What refuse() said: housekeeping's thread may look while it changes.  At load, when the library
// registers its fork handlers, it is refused that, so that the first use of a pool does it.
constinit std::atomic<function> present_what{function::pthread_atfork};
constinit std::atomic<unsigned> present_n{1};
constinit std::atomic<bool> present_and_later{false}, present_without_guards{false};
constinit std::atomic<int> present_error{ENOMEM};
constinit std::array<std::atomic<unsigned>, n_functions> counts{};
constinit std::atomic<unsigned> total_refused{0};
constinit std::atomic<std::size_t> n_mapped{0};

}

void refuse(const refusal& r) {
  present_what = function::count;
  for (auto& n : counts) n = 0;
  total_refused = 0;
  present_n = r.n;
  present_and_later = r.and_later;
  present_error = r.error;
  present_without_guards = r.without_guards;
  present_what = r.what;
}
bool is_refused(function f) {
  const unsigned n = ++counts[static_cast<std::size_t>(f)];
  if (f != present_what || n < present_n || (n > present_n && !present_and_later)) return false;
  ++total_refused;
  errno = present_error;
  return true;
}
/// Whether the system shall not know that advice.
bool is_unknown(int advice) {
  constexpr int guard_install = 102;
  if (advice != guard_install || !present_without_guards) return false;
  errno = EINVAL;
  return true;
}
unsigned n_calls(function f) { return counts[static_cast<std::size_t>(f)]; }
unsigned n_refused() { return total_refused; }
refusal present_refusal() {
  return {present_what, present_n, present_and_later, present_error, present_without_guards};
}
std::size_t bytes_mapped() { return n_mapped; }

}  // namespace pool9::test

// ---- The seam: what the linker puts in the place of the system's functions.

using pool9::test::function;
using pool9::test::is_refused;
using pool9::test::is_unknown;
using pool9::test::n_mapped;

// The return type, the name and the parameters of a function, and the names of the parameters;
// how a refusal of it is told follows.
#define POOL9_WRAP(type, name, parameters, arguments, told) \
  type __real_##name parameters;                            \
  type __wrap_##name parameters;                            \
  type __wrap_##name parameters {                           \
    if (is_refused(function::name)) return told;            \
    return __real_##name arguments;                         \
  }

extern "C" {

POOL9_WRAP(int, mprotect, (void* p, std::size_t n, int protection), (p, n, protection), -1)
POOL9_WRAP(int, pthread_create,
           (pthread_t * t, const pthread_attr_t* a, void* (*f)(void*), void* argument),
           (t, a, f, argument), errno)
POOL9_WRAP(int, pthread_key_create, (pthread_key_t * key, void (*f)(void*)), (key, f), errno)
POOL9_WRAP(int, pthread_setspecific, (pthread_key_t key, const void* value), (key, value), errno)
POOL9_WRAP(int, pthread_atfork, (void (*prepare)(), void (*parent)(), void (*child)()),
           (prepare, parent, child), errno)
POOL9_WRAP(int, clock_gettime, (clockid_t clock, timespec* t), (clock, t), -1)
POOL9_WRAP(int, timerfd_create, (int clock, int flags), (clock, flags), -1)

void* __real_mmap(void* p, std::size_t bytes, int protection, int flags, int fd, off_t offset);
void* __wrap_mmap(void* p, std::size_t bytes, int protection, int flags, int fd, off_t offset);
void* __wrap_mmap(void* p, std::size_t bytes, int protection, int flags, int fd, off_t offset) {
  void* const failed = reinterpret_cast<void*>(-1);
  if (is_refused(function::mmap)) return failed;
  void* const memory = __real_mmap(p, bytes, protection, flags, fd, offset);
  if (memory != failed) n_mapped += bytes;
  return memory;
}
int __real_madvise(void* p, std::size_t bytes, int advice);
int __wrap_madvise(void* p, std::size_t bytes, int advice);
int __wrap_madvise(void* p, std::size_t bytes, int advice) {
  if (is_refused(function::madvise) || is_unknown(advice)) return -1;
  return __real_madvise(p, bytes, advice);
}
int __real_munmap(void* p, std::size_t bytes);
int __wrap_munmap(void* p, std::size_t bytes);
int __wrap_munmap(void* p, std::size_t bytes) {
  if (is_refused(function::munmap)) return -1;
  n_mapped -= bytes;
  return __real_munmap(p, bytes);
}
int __real_open(const char* name, int flags, ...);
int __wrap_open(const char* name, int flags, ...);
int __wrap_open(const char* name, int flags, ...) {
  return is_refused(function::open) ? -1 : __real_open(name, flags);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
// Callers pass fewer arguments than are read here.
[[gnu::no_sanitize_address]] long __wrap_syscall(long number, ...) {
  std::array<long, 6> a{};
  va_list args;
  va_start(args, number);
  for (long& x : a) x = va_arg(args, long);
  va_end(args);
  if ((number == SYS_process_madvise &&
       (is_refused(function::process_madvise) || is_unknown(static_cast<int>(a[3])))) ||
      (number == SYS_mlock2 && is_refused(function::mlock2)) ||
      (number == SYS_mbind && is_refused(function::mbind)) ||
      (number == SYS_membarrier && is_refused(function::membarrier)))
    return -1;
  return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
