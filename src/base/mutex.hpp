// SPDX-License-Identifier: BSD-2-Clause
// The lock of everything here, annotated so that clang checks who holds it (-Wthread-safety).
//
// It is std::mutex: constant-initialised, so it works before main; trivially destroyed, so it works
// after it; and known to ThreadSanitizer.
#pragma once
#include <mutex>
#include <type_traits>

#include "base/os.hpp"

#if defined(__clang__)
#define POOL9_ANNOTATE(x) __attribute__((x))
#else
#define POOL9_ANNOTATE(x)
#endif
#define POOL9_GUARDED_BY(m) POOL9_ANNOTATE(guarded_by(m))
#define POOL9_REQUIRES(m) POOL9_ANNOTATE(requires_capability(m))

namespace pool9::base {

class POOL9_ANNOTATE(capability("mutex")) mutex {
 public:
  constexpr mutex() noexcept = default;
  void lock() noexcept POOL9_ANNOTATE(acquire_capability()) { m_.lock(); }
  /// The same, for locks that are held for microseconds: tries for about so long before it sleeps,
  /// which costs as much and a wake-up.
  void lock_patiently() noexcept POOL9_ANNOTATE(acquire_capability()) {
    for (int tries = 256; tries != 0; --tries) {
      if (m_.try_lock()) return;
      os::relax();
    }
    m_.lock();
  }
  void unlock() noexcept POOL9_ANNOTATE(release_capability()) { m_.unlock(); }

 private:
  std::mutex m_;
};
static_assert(std::is_trivially_destructible_v<mutex>);

/// Holds a mutex for a scope.
class POOL9_ANNOTATE(scoped_lockable) locked {
 public:
  explicit locked(mutex& m) noexcept POOL9_ANNOTATE(acquire_capability(m)) : m_(m) { m_.lock(); }
  ~locked() POOL9_ANNOTATE(release_capability()) { m_.unlock(); }
  locked(const locked&) = delete;
  locked& operator=(const locked&) = delete;

 private:
  mutex& m_;
};

}
