// SPDX-License-Identifier: BSD-2-Clause
// Birth and end of a pool's engine.
#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "base/arena.hpp"
#include "cache/thread.hpp"
#include "pool/birth.hpp"
#include "pool/core.hpp"
#include "pool/guard.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;

namespace {

constinit std::uint64_t last_id POOL9_GUARDED_BY(registry::lock) = 0;

// POOL_STORAGE_SIZE has 2048 bytes for these two, their alignment, and a word for each level of
// bits.
static_assert(alignof(core) + sizeof(core) + alignof(page::extent) + sizeof(page::extent) + 64 <=
              2048);

std::uint64_t nanoseconds(std::chrono::milliseconds t) noexcept {
  constexpr std::uint64_t in_one = 1'000'000;
  const auto n = static_cast<std::uint64_t>(t.count());
  return n > os::never / in_one / 4 ? os::never : std::max<std::uint64_t>(n * in_one, in_one);
}

}

core::core(pool& p, const pool_options& o, const layouts& l, const char* pool_name,
           bool storage) noexcept
    : owner(p),
      source(o.source != nullptr ? *o.source : system_source()),
      at_destroy(o.at_destroy),
      in_storage(storage),
      diagnostic(o.diagnostic),
      logs(o.usage_log || o.diagnostic),
      sanitized(o.sanitize),
      item_size(o.item_size),
      guard_one_in(o.guard_one_in),
      alignment{o.align != 0 ? o.align : natural_align(o.item_size), o.align_offset},
      shape(l.paged),
      layout(shape.items()),
      idle_ns(nanoseconds(o.idle_time)),
      held_ns(o.held_too_long.count() == 0 ? os::never : nanoseconds(o.held_too_long)),
      id(++last_id),  // destroy.2: what magazines of a pool gone by are told from ours by
      pages(l.paged, l.stored),
      slot(o.thread_cache && !o.diagnostic && !o.usage_log && !o.sanitize ? cache::claim_slot()
                                                                          : 0),
      bounds{.low = o.low_watermark, .high = o.high_watermark, .hard = o.hard_limit},
      hook(o.on_shortage),
      warning{.what = o.at_limit},
      watch(o.diagnostic ? diagnosis::make(o.item_size, pages, o.quarantine, o.use_malloc)
                         : nullptr),
      tools(pages, o.item_size, o.sanitize) {
  std::memcpy(name, pool_name, sizeof name);
  place.pool = this;
  retune();
}

core* core::make(pool& p, const pool_options& given, const overrides& asked, const char* name,
                 std::span<std::byte>* storage) noexcept {
  const pool_options o = overridden(given, asked);
  const layouts l = layouts_of(given, o);
  void* const memory = memory_for_engine(sizeof(core), alignof(core), l.stored, storage);
  if (memory == nullptr) return nullptr;
  auto* const c = ::new (memory) core(p, o, l, name, storage != nullptr);
  registry::add(*c);
  return c;
}

void core::orphan() noexcept {
  {
    const base::locked hold(registry::lock);
    registry::remove(*this);
    abandon_caches();
  }
  if (inside::of(*this) || pin::holds(*this))
    return;  // the pin may be this thread's own; the memory stays anyway
  // acquire: pairs with pin::release()
  for (std::uint32_t n = 0; (n = pins.load(std::memory_order_acquire)) != 0;)
    os::wait(pins, n, os::never);
}

void core::abandon_caches() noexcept {
  const base::locked hold(mutex);
  recall_open();  // destroy.1: for good
  caches.abandon();
  cache::release_slot(std::exchange(slot, 0));
  retune();
}

bool core::in_use(std::size_t& out, std::size_t& n_waiters) noexcept {
  handoff owed;
  mutex.lock();
  recall_all(owed);
  settle_this_thread(owed);
  draw_all(owed);
  out = n_issued();
  n_waiters = waiters.size();
  leave(owed);
  return out != 0 || n_waiters != 0;
}

bool core::close(const call_site& where, bool even_if_out, handoff& owed) noexcept {
  if (inside::of(*this) || pin::holds(*this) || is_walked()) {
    say(report_kind::misuse, where, "close", nullptr, look::at_closer,
        "called from its own page source, hook or report, or from a visit to its items");
    return false;
  }
  std::size_t out = 0, n_waiters = 0;
  if (in_use(out, n_waiters) && (!even_if_out || n_waiters != 0)) {
    say_busy(where, out, n_waiters);
    return false;
  }
  if (watch != nullptr) say_spoiled(where);
  orphan();
  mutex.lock();  // nobody else is left; for the analysis, and for those that are there by mistake
  tools.pool_ends();
  std::array<void*, limits::most_pages_at_once> going;
  page::page_set::cursor cursor;
  for (bool more = true; more;) {
    std::size_t n = 0;
    while (n < going.size() && (going[n] = pages.detach_any(cursor)) != nullptr) ++n;
    more = n == going.size();
    mutex.unlock();
    if (n != 0) return_pages({going.data(), n});
    mutex.lock();
  }
  if (sanitized) tools.show_storage();
  mutex.unlock();
  owed.memory_came_back();
  const bool ours = !in_storage;
  if (guard_one_in != 0) guard::forget(id);
  if (lends()) free_blocks();
  diagnosis::release(watch);
  this->~core();
  if (ours) base::arena::release(this, sizeof(core));
  return true;
}

void core::leave(handoff& owed) noexcept {
  watch_idle_pages(owed);
  const finding f = take_finding(), came_back = std::exchange(guard_found, {});
  mutex.unlock();
  owed.wake_sleepers();
  owed.say_misputs(*this);
  if (f) say_found(f, {}, "get");
  if (came_back) say_found(came_back, {}, "put");
  owed.pay();  // last: a callback may end the pool
}

}
