// SPDX-License-Identifier: BSD-2-Clause
#include "pool/housekeeping.hpp"

#include <algorithm>

#include "base/os.hpp"
#include "base/pressure.hpp"
#include "pool/core.hpp"
#include "pool/registry.hpp"

namespace pool9::inline v1 {
namespace detail::housekeeping {

namespace os = base::os;
namespace pressure = base::pressure;

constinit std::atomic<std::uint32_t> keeper{nobody};

namespace {

constinit std::atomic<std::uint32_t> bell{0};  // counts the rings; the thread sleeps on it
constinit std::atomic<std::uint32_t> last_number{0};
constinit std::atomic<std::uint64_t> n_woken{0};
constinit std::atomic<std::uint64_t> hire_again_at{0};

/// Under pressure the system speaks up to a hundred times a second, and what was idle has gone back
/// at the first.  So that much is not listened to after an answer; what is said meanwhile is heard
/// at its end.
constexpr std::uint64_t deaf_after_pressure = 100'000'000;
/// Between two attempts to start a thread, each of which costs some tens of microseconds.
constexpr std::uint64_t hiring_pause = 1'000'000;

bool has_something_due(const core& c) noexcept {
  return c.due.load(std::memory_order_seq_cst) != os::never;  // pairs with core::make_due()
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

/// The thread of that number, as long as it is the one.
void* run(void* number) noexcept {
  const auto own = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number));
  const auto is_keeper = [=] { return keeper.load(std::memory_order_acquire) == own; };
  std::uint64_t deaf_until = 0;
  for (;;) {
    // A ring after this load ends the sleep below, or keeps it from beginning.
    const std::uint32_t heard = bell.load(std::memory_order_seq_cst);
    if (!is_keeper()) return nullptr;
    std::uint64_t next = do_rounds();
    const bool is_deaf = os::steady_ns() < deaf_until;
    if (is_deaf) next = std::min(next, deaf_until);
    const bool is_short =
        pressure::sleep(bell, heard, next, is_deaf ? pressure::ears::shut : pressure::ears::open);
    n_woken.fetch_add(1, std::memory_order_relaxed);  // relaxed: a figure, no more
    // Another that keeps house by now may not have heard it.
    if (!is_short || keeper.load(std::memory_order_acquire) == by_program) continue;
    relieve_memory_pressure();
    deaf_until = os::steady_ns() + deaf_after_pressure;
  }
}

/// A thread instead of `before`, unless somebody else was faster.  Returns whether that was so.
bool others_hired(std::uint32_t before) noexcept {
  // relaxed: only a hint
  if (os::steady_ns() < hire_again_at.load(std::memory_order_relaxed)) return false;
  std::uint32_t number = 0;
  do number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: unique anyway
  while (number == nobody || number == by_program);
  if (!keeper.compare_exchange_strong(before, number, std::memory_order_acq_rel)) return true;
  if (os::start_thread(run, reinterpret_cast<void*>(std::uintptr_t{number}), "pool9")) return false;
  hire_again_at.store(os::steady_ns() + hiring_pause, std::memory_order_relaxed);
  keeper.compare_exchange_strong(number, nobody, std::memory_order_acq_rel);
  return false;
}

}

void ring() noexcept {
  for (;;) {
    // seq_cst: after the store of core::make_due(); pairs with set_housekeeping()
    const std::uint32_t now = keeper.load(std::memory_order_seq_cst);
    if (now == by_program) return;
    if (now != nobody && pressure::ring(bell)) return;
    // Nobody, or somebody who can be woken no more and ends at its next waking.
    if (!others_hired(now)) return;
  }
}

void after_fork() noexcept {
  if (keeper.load(std::memory_order_relaxed) != by_program)
    keeper.store(nobody, std::memory_order_relaxed);
  hire_again_at.store(0, std::memory_order_relaxed);
}

std::uint64_t n_wakeups() noexcept { return n_woken.load(std::memory_order_relaxed); }

}

void set_housekeeping(housekeeping h) noexcept {
  namespace hk = detail::housekeeping;
  if (h == housekeeping::by_hand) {
    const std::uint32_t before = hk::keeper.exchange(hk::by_program, std::memory_order_acq_rel);
    if (before != hk::nobody && before != hk::by_program) hk::pressure::ring(hk::bell);
    return;
  }
  std::uint32_t before = hk::by_program;
  // seq_cst: whoever found the program keeping house has said what is due
  if (!hk::keeper.compare_exchange_strong(before, hk::nobody, std::memory_order_seq_cst)) return;
  bool any = false;
  for (detail::registry::visitor v; !any && v.next(hk::has_something_due) != nullptr;) any = true;
  if (any) hk::ring();
}

pool::clock::time_point keep_house() noexcept {
  const std::uint64_t next = detail::housekeeping::do_rounds();
  if (next == base::os::never) return pool::clock::time_point::max();
  return pool::clock::time_point(std::chrono::nanoseconds(next));
}

}
