// SPDX-License-Identifier: BSD-2-Clause
// What becomes of items that are held: told on demand, when one is held for too long, and when a
// pool is to end.
#include <algorithm>

#include "pool/core.hpp"
#include "pool/holders.hpp"
#include "pool/housekeeping.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;

std::size_t core::report_held(void (*line)(void*, std::string_view), void* context,
                              std::uint64_t age_ns) noexcept {
  holders held;
  std::size_t out = 0;
  const std::uint64_t now = os::steady_ns();
  mutex.lock();
  out = n_out();
  held.find(watch, now - std::min(now, age_ns));
  mutex.unlock();
  return held.describe(name, watch != nullptr, out, now, line, context);
}

void core::say_busy(const call_site& where, std::size_t out, std::size_t n_waiters) noexcept {
  holders held;
  mutex.lock();
  held.find(watch);
  mutex.unlock();
  const busy_charge c(name, watch != nullptr ? &held : nullptr, out, n_waiters);
  tell(c.told(where));
}

void core::watch_held(handoff& owed) noexcept {
  if (held_ns == os::never || n_issued() == 0) return;
  if (held_due == os::never) {
    make_due(held_due, os::steady_ns() + held_ns, owed);
  } else if (!housekeeping::is_kept()) {
    owed.ring_housekeeping();
  }
}

void core::say_held_too_long(std::uint64_t now) noexcept {
  holders held;
  held.find(watch, now - std::min(now, held_ns), holders::which::untold);
  held_due = os::never;
  watch->records.for_each([&](ledger::record& r) POOL9_ANNOTATE(no_thread_safety_analysis) {
    if (r.now != ledger::state::out || r.is_told) return;
    const std::uint64_t too_long_from = r.got.time_ns + held_ns;
    if (too_long_from > now) {
      held_due = std::min(held_due, too_long_from);
    } else {
      r.is_told = true;
    }
  });
  if (held.n_items() == 0) return;
  mutex.unlock();
  base::text<96> text;
  text.add("%zu items are out for longer than %.0f s", held.n_items(), in_seconds(held_ns));
  const holders::list_text list = held.list(now);
  tell({.kind = report_kind::warning,
        .where = held.first_get().where,
        .function = "get",
        .address = held.first_item(),
        .text = text.view().data(),
        .list = list.view().data(),
        .what = misuse_kind::held_too_long,
        .look_at = holders::whose_get});
  mutex.lock();
}

}
