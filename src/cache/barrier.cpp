// SPDX-License-Identifier: BSD-2-Clause
#include "cache/barrier.hpp"

#include <atomic>

#include "base/os.hpp"

namespace pool9::cache::barrier {
namespace {

enum class state { untried, works, refused };
constinit std::atomic<state> now{state::untried};

/// A thousand times what a store buffer needs, once for each pool that was in use.
constexpr std::uint64_t drain_time = 10'000'000;

const struct at_load {
  at_load() noexcept { prepare(); }
} register_early;

}

// relaxed, all: no data depends on it; a recaller that learns of a refusal late is refused, too
bool works() noexcept { return now.load(std::memory_order_relaxed) == state::works; }

void prepare() noexcept {
  if (now.load(std::memory_order_relaxed) != state::untried) return;
  const bool registered = base::os::register_barrier();
  state untried = state::untried;  // a refusal that came between stands
  now.compare_exchange_strong(untried, registered ? state::works : state::refused,
                              std::memory_order_relaxed);
}

void pass() noexcept {
  if (works() && base::os::full_barrier()) return;
  now.store(state::refused, std::memory_order_relaxed);
  base::os::pause(drain_time);  // ours go out, too: they came before
}

}
