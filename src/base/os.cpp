// SPDX-License-Identifier: BSD-2-Clause
// Linux.
#include "base/os.hpp"

#include <dlfcn.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/bits.hpp"

namespace pool9::base::os {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000, millisecond_ns = 1'000'000;

/// errno belongs to whoever called the pool.
struct keep_errno {
  const int saved = errno;
  ~keep_errno() { errno = saved; }
};

/// 0: the system does not tell.
std::uint64_t read_clock(clockid_t clock) noexcept {
  timespec t{};
  if (clock_gettime(clock, &t) != 0) return 0;
  return static_cast<std::uint64_t>(t.tv_sec) * second_ns + static_cast<std::uint64_t>(t.tv_nsec);
}
/// The last time that was told, to a millisecond.  relaxed, always: complete in itself
constinit std::atomic<std::uint64_t> last_told{0};
void note_time(std::uint64_t now) noexcept {
  if (now >= last_told.load(std::memory_order_relaxed) + millisecond_ns)
    last_told.store(now, std::memory_order_relaxed);
}

timespec as_timespec(std::uint64_t ns) noexcept {
  return {static_cast<time_t>(ns / second_ns), static_cast<long>(ns % second_ns)};
}
void* map_anywhere(std::size_t bytes) noexcept {
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

}

std::size_t page_size() noexcept {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

void* map(std::size_t bytes, std::size_t align) noexcept {
  const keep_errno keep;
  bytes = round_up(bytes, page_size());
  void* const lucky = map_anywhere(bytes);  // mostly right below the one before
  if (lucky == nullptr || address_of(lucky) % align == 0) return lucky;
  munmap(lucky, bytes);
  void* const wide = map_anywhere(bytes + align);  // then cut to measure
  if (wide == nullptr) return nullptr;
  const std::uintptr_t start = round_up(address_of(wide), align);
  const std::size_t head = start - address_of(wide);
  if (head != 0) munmap(wide, head);
  if (align - head != 0) munmap(pointer_to(start + bytes), align - head);
  return pointer_to(start);
}
void unmap(void* p, std::size_t bytes) noexcept {
  const keep_errno keep;
  munmap(p, round_up(bytes, page_size()));
}

// Where a filter of system calls refuses the clock, sleeps tell the time, which end at one; and it
// goes on by a millisecond a look, so that nobody waits for a time for ever.
std::uint64_t steady_ns() noexcept {
  const keep_errno keep;
  const std::uint64_t now = read_clock(CLOCK_MONOTONIC);
  if (now == 0)
    return millisecond_ns + last_told.fetch_add(millisecond_ns, std::memory_order_relaxed);
  note_time(now);
  return now;
}
std::uint64_t coarse_real_ns() noexcept { return read_clock(CLOCK_REALTIME_COARSE); }

void wait(const std::atomic<std::uint32_t>& state, std::uint32_t expected,
          std::uint64_t until) noexcept {
  static_assert(sizeof state == sizeof(std::uint32_t));
  const keep_errno keep;
  const timespec t = as_timespec(until);  // FUTEX_WAIT_BITSET takes the time itself, not a span
  const long woken = syscall(SYS_futex, &state, FUTEX_WAIT_BITSET_PRIVATE, expected,
                             until == never ? nullptr : &t, nullptr, FUTEX_BITSET_MATCH_ANY);
  if (woken != 0 && errno == ETIMEDOUT) note_time(until);
}
void wake(const void* state) noexcept {
  const keep_errno keep;
  syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}
void pause(std::uint64_t ns) noexcept {
  const keep_errno keep;
  const std::atomic<std::uint32_t> nobody{0};
  const std::uint64_t end = steady_ns() + ns;
  // Needs no clock, should that be refused.  Not nanosleep(), which is a cancellation point.
  timespec left = as_timespec(ns);
  while (syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &left, &left) != 0 && errno == EINTR)
    continue;
  while (steady_ns() < end) wait(nobody, 0, end);
}

bool start_thread(void* (*body)(void*), void* argument, const char* name) noexcept {
  const keep_errno keep;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const bool started = pthread_create(&thread, nullptr, body, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return false;
  pthread_setname_np(thread, name);
  pthread_detach(thread);
  return true;
}
bool at_fork(void (*prepare)(), void (*parent)(), void (*child)()) noexcept {
  return pthread_atfork(prepare, parent, child) == 0;
}

namespace {

constexpr std::uint64_t no_key = UINT64_MAX;
constinit std::atomic<std::uint64_t> exit_key{no_key};  // a pthread_key_t, made once

bool membarrier(int command) noexcept {
  const keep_errno keep;
  return syscall(SYS_membarrier, command, 0, 0) == 0;
}

}

bool at_thread_exit(void (*hook)(void*)) noexcept {
  std::uint64_t key = exit_key.load(std::memory_order_relaxed);  // relaxed: it is all of the data
  if (key == no_key) {
    pthread_key_t fresh{};
    if (pthread_key_create(&fresh, hook) != 0) return false;
    if (exit_key.compare_exchange_strong(key, fresh, std::memory_order_relaxed)) {
      key = fresh;
    } else {
      pthread_key_delete(fresh);  // another thread was first
    }
  }
  return pthread_setspecific(static_cast<pthread_key_t>(key), &exit_key) == 0;
}

bool register_barrier() noexcept { return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED); }
bool full_barrier() noexcept { return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); }

std::uint32_t thread_number() noexcept { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

namespace {

struct walk {
  const void** into;
  std::size_t most;
  const void* first;
  std::size_t n = 0;
};

_Unwind_Reason_Code note_frame(_Unwind_Context* frame, void* argument) {
  auto& w = *static_cast<walk*>(argument);
  const auto* const address = reinterpret_cast<const void*>(_Unwind_GetIP(frame));
  if (address == nullptr || (w.n == 0 && address != w.first)) return _URC_NO_REASON;
  w.into[w.n++] = address;
  return w.n == w.most ? _URC_END_OF_STACK : _URC_NO_REASON;
}

}

std::size_t walk_stack(const void** into, std::size_t most, const void* first) noexcept {
  walk w{into, most, first};
  _Unwind_Backtrace(note_frame, &w);
  return w.n;
}

void name_address(const void* address, char* into, std::size_t size) noexcept {
  const keep_errno keep;
  Dl_info info{};
  const std::uintptr_t a = address_of(address);
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) {
    std::snprintf(into, size, "%p", address);
    return;
  }
  const char* const slash = std::strrchr(info.dli_fname, '/');
  const char* const module = slash != nullptr ? slash + 1 : info.dli_fname;
  if (info.dli_sname != nullptr) {
    const int length = std::snprintf(into, size, "%s+%#zx (%s)", info.dli_sname,
                                     a - address_of(info.dli_saddr), module);
    if (static_cast<std::size_t>(length) < size) return;
  }
  const auto n = static_cast<std::size_t>(
      std::snprintf(into, size, "%s+%#zx", module, a - address_of(info.dli_fbase)));
  constexpr std::size_t around = sizeof " (...)";
  if (info.dli_sname != nullptr && n + around < size)
    std::snprintf(into + n, size - n, " (%.*s...)", static_cast<int>(size - n - around),
                  info.dli_sname);
}

std::string_view environment(const char* name) noexcept {
  const char* const value = secure_getenv(name);
  return value != nullptr ? value : std::string_view{};
}

void print_error(std::string_view text) noexcept {
  const keep_errno keep;
  while (!text.empty()) {
    // Not write(), which is a cancellation point.
    const long written = syscall(SYS_write, STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}
