// SPDX-License-Identifier: BSD-2-Clause
#include "pool/housekeeping.hpp"

#include <algorithm>

#include "base/os.hpp"
#include "pool/core.hpp"
#include "pool/registry.hpp"

namespace pool9::inline v1::detail::housekeeping {

namespace os = base::os;

constinit std::atomic<bool> has_thread{false};

namespace {

constinit std::atomic<std::uint32_t> bell{0};  // counts the rings; the thread sleeps on it

bool has_something_due(const core& c) noexcept {
  return c.due.load(std::memory_order_acquire) != os::never;  // pairs with core::make_due()
}

/// Does what is due in all pools; returns when the next is.
std::uint64_t do_rounds() noexcept {
  std::uint64_t next = os::never;
  for (registry::visitor v; core* const c = v.next(has_something_due);) {
    const std::uint64_t now = os::steady_ns();
    if (c->due.load(std::memory_order_acquire) <= now) c->tick(now);
    next = std::min(next, c->due.load(std::memory_order_acquire));
  }
  return next;
}

void* run(void*) noexcept {
  for (;;) {
    // A ring after this load ends the sleep below, or keeps it from beginning.
    const std::uint32_t heard = bell.load(std::memory_order_acquire);  // pairs with ring()
    const std::uint64_t next = do_rounds();
    os::wait(bell, heard, next);
  }
  return nullptr;
}

}

void ring() noexcept {
  bell.fetch_add(1, std::memory_order_release);  // pairs with run(): publishes what is due
  if (!has_thread.exchange(true, std::memory_order_acq_rel)) {
    // Without one, the next ring tries again.
    if (!os::start_thread(run, nullptr, "pool9")) has_thread.store(false, std::memory_order_release);
    return;
  }
  os::wake(&bell);
}

void after_fork() noexcept { has_thread.store(false, std::memory_order_relaxed); }

}
