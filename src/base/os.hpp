// SPDX-License-Identifier: BSD-2-Clause
// What the library asks of the system: the whole contract, with os_memory.hpp.  Every platform
// difference is in os.cpp and os_memory.cpp.
//
// Common to all: no function here allocates from malloc, throws, or changes errno for the caller's
// caller; times are nanoseconds.  Thread-safe.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pool9::base::os {

/// Bytes of a system page.
std::size_t page_size() noexcept;

/// Returns zeroed memory of `bytes`, aligned to `align`, that becomes resident where it is touched;
/// nullptr: the system has none.  Requires: both are multiples of the system page or powers of two.
void* map(std::size_t bytes, std::size_t align) noexcept;
void unmap(void* p, std::size_t bytes) noexcept;

inline constexpr std::uint64_t never = UINT64_MAX;
std::uint64_t steady_ns() noexcept;
/// Time of day; to a few milliseconds, in return for a few nanoseconds.
std::uint64_t coarse_real_ns() noexcept;

/// Sleeps while `state` is `expected`, until wake() or until the steady clock shows `until`; may
/// return early.  No cancellation point.
void wait(const std::atomic<std::uint32_t>& state, std::uint32_t expected,
          std::uint64_t until) noexcept;
/// Wakes who sleeps on that address.  Touches nothing there: it may be gone already.
void wake(const void* state) noexcept;
/// Sleeps so long, whatever signals come.
void pause(std::uint64_t ns) noexcept;

/// Lets the processor rest for a moment in a loop that waits for another.
inline void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Starts a detached thread, body(argument), with all signals blocked; false: none to be had.
bool start_thread(void* (*body)(void*), void* argument, const char* name) noexcept;
/// Registers fork handlers; false: no memory.
bool at_fork(void (*prepare)(), void (*parent)(), void (*child)()) noexcept;

/// Calls `hook` when the calling thread ends, with other threads' keys of its kind; false: no
/// memory, or no key left.  Requires: the hook is the same in all calls, and no lock is held, since
/// this may call malloc.
bool at_thread_exit(void (*hook)(void*)) noexcept;

/// Tells the system that full_barrier() will be called; false: it has no such thing.
bool register_barrier() noexcept;
/// Every thread of the process passes a full barrier between call and return; false: nothing
/// happened.
bool full_barrier() noexcept;

/// The system's number of the calling thread.
std::uint32_t thread_number() noexcept;
/// Fills `into` with return addresses of the calling thread, innermost first, from the one that is
/// `first` on; returns how many.  0: there is no such, or nobody knows how to walk this stack.
std::size_t walk_stack(const void** into, std::size_t most, const void* first) noexcept;
/// What an address in a program is: "function+0x1c (libx.so)", or "program+0x4711", which addr2line
/// takes, and behind it what there is room for of a function of too long a name.  Cut to `size`,
/// with a zero at its end.  No lock: the loader has its own.
void name_address(const void* address, char* into, std::size_t size) noexcept;

/// Called in the signal handler of a thread that touched `address`, which it may not: returns
/// whether it knew what to say.  What would have happened without happens all the same.
using fault_reporter = bool (*)(const void* address) noexcept;
/// From now on; called once.
void on_fault(fault_reporter r) noexcept;

/// Returns the value of that variable of the environment; empty: there is none, or the program runs
/// with the rights of another user.  Valid until the program changes it.
std::string_view environment(const char* name) noexcept;

/// Writes to standard error, as it is.
void print_error(std::string_view text) noexcept;

}
