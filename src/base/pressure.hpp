// SPDX-License-Identifier: BSD-2-Clause
// A sleep that ends at a bell, at a time, or when the system says that memory runs short.
//
// Where the system never says so, or does not tell this process, it is os::wait() and no more: no
// descriptor is held.  As everywhere below, nothing here fails for want of something; what could
// not be had is tried again at a later sleep.  Linux: os_pressure.cpp.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pool9::base::pressure {

enum class ears { open, shut };

/// Sleeps while `bell` is `heard`, until ring() or until the steady clock shows `until`; may return
/// early.  With open ears it also ends when memory runs short, or did since the last such sleep,
/// and then returns true.  Requires: one thread at a time, whose signals are blocked.
bool sleep(const std::atomic<std::uint32_t>& bell, std::uint32_t heard, std::uint64_t until,
           ears e) noexcept;
/// Changes `bell` and wakes who sleeps on it; false: it sleeps on, because the program closed
/// descriptors that it had not opened.  The next to sleep can be woken again.  Thread-safe.
bool ring(std::atomic<std::uint32_t>& bell) noexcept;

/// How many sources of such news there are at present.
std::size_t n_sources() noexcept;

/// For a fork, which takes the lock; the child then has no descriptor of its parent's left.
void lock() noexcept;
void unlock() noexcept;
/// Requires: the lock is held.
void after_fork() noexcept;

// ---- for tests ----

/// The files to look at instead of the system's.
struct places {
  const char* pressure = "/proc/pressure/memory";
  const char* cgroup = "/proc/self/cgroup";
  const char* mountinfo = "/proc/self/mountinfo";
};
/// From the next sleep on; what is open already is closed.
void look_at(const places& p) noexcept;
/// Memory runs short, too, when that descriptor can be read from; -1: no such.
void listen_to(int descriptor) noexcept;

}
