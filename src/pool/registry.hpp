// SPDX-License-Identifier: BSD-2-Clause
// All living pools of the process.
//
// The registry's lock is taken before any pool's and outlives them all.
#pragma once
#include <atomic>
#include <cstdint>

#include "base/list.hpp"
#include "base/mutex.hpp"
#include "pool/pin.hpp"

namespace pool9::inline v1::detail {
namespace registry {

extern constinit base::mutex lock;

/// A pool's place in the registry, or a visitor's, which has no pool.
struct entry : base::list_link {
  core* pool = nullptr;
  const void* thread = nullptr;  // a visitor's; it stays the same in the child of a fork
};

/// Where others than this process begin to look (layout_note.hpp): they cannot take the lock.
struct root_t {
  base::list pools POOL9_GUARDED_BY(lock);   // of entries
  std::atomic<std::uint64_t> n_changes{0};   // odd: `pools` is being changed
  std::atomic<const void*> guards{nullptr};  // guard::place[n_places]; nullptr: none yet
};
[[gnu::visibility("hidden")]] extern constinit root_t root __asm__("pool9_registry");

/// Requires: the lock is held.
void add(core& c) noexcept POOL9_REQUIRES(lock);
void remove(core& c) noexcept POOL9_REQUIRES(lock);

/// The entries of all pools and visitors.
base::list& all() noexcept POOL9_REQUIRES(lock);
/// Other threads' visits have ended: for the child of a fork.
void drop_visitors() noexcept POOL9_REQUIRES(lock);

/// Stands in the list behind the pool that was visited last, so that pools may come and go between
/// steps.  Each step returns a pinned pool, or nullptr after the last.
class visitor {
 public:
  visitor() noexcept;
  ~visitor();
  visitor(const visitor&) = delete;
  visitor& operator=(const visitor&) = delete;
  /// Unpins the pool before and pins the next for which `wanted` holds.
  core* next(bool (*wanted)(const core&) = nullptr) noexcept;
  void unpin() noexcept { pinned_.release(); }

 private:
  entry here_;
  pin pinned_;
};

/// A pool whose oldest waiter needs memory has come, or is such no more.
void starving(int change) noexcept;
/// Memory went back somewhere: asks the sources of all starving pools again.
void feed_starving() noexcept;

/// Registers those fork handlers that were not registered yet, before the first use of a pool.
void prepare_for_forks() noexcept;

}
}
