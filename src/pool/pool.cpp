// SPDX-License-Identifier: BSD-2-Clause
// The public face of a pool: finds its engine, or stands in for it until it is born.
//
// Before birth the options in the pool itself are what the setters change, guarded by the
// registry's lock; the engine takes them over.
#include <algorithm>
#include <cstring>
#include <pool9/pool.hpp>
#include <utility>

#include "base/os.hpp"
#include "pool/core.hpp"
#include "pool/report.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1 {

namespace os = base::os;
using detail::called;
using detail::core;
using detail::request;
namespace registry = detail::registry;

namespace {

/// The steady clock's time in nanoseconds; "for ever" stays so.
std::uint64_t nanoseconds(pool::clock::time_point t) noexcept {
  if (t == pool::clock::time_point::max()) return os::never;
  const auto ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
  return ns < 0 ? 0 : static_cast<std::uint64_t>(ns);
}

/// Without memory for the pool's own data there is no queue to wait in: ask again after a while.
constexpr std::uint64_t birth_pause = 1'000'000;

/// One item, by the long way.
[[gnu::noinline]] void* ask(core& c, get_flags flags, const call_site& where,
                            pool::clock::time_point deadline, const void* from) noexcept {
  void* item = nullptr;
  const request r{.items = {&item, 1},
                  .flags = flags,
                  .by = called(c, where, from),
                  .until = nanoseconds(deadline)};
  return c.get(r) == bulk_outcome::served ? item : nullptr;
}

/// Applies a setting to the engine, or to the options while there is none.
template <class Born, class Unborn>
auto apply(std::atomic<core*>& where, Born to_engine, Unborn to_options) noexcept {
  core* c = where.load(std::memory_order_acquire);  // pairs with pool::born()
  if (c == nullptr) {
    const base::locked hold(registry::lock);
    c = where.load(std::memory_order_relaxed);  // relaxed: under the lock
    if (c == nullptr) return to_options();
  }
  return to_engine(*c);
}

}

core* pool::born(std::span<std::byte>* storage) noexcept {
  core* c = core_.load(std::memory_order_acquire);  // pairs with the store below
  if (c != nullptr) return c;
  registry::prepare_for_forks();
  detail::check_environment();
  const detail::overrides asked = detail::from_environment(name_);
  const base::locked hold(registry::lock);
  c = core_.load(std::memory_order_relaxed);  // relaxed: under the lock
  if (c == nullptr) {
    c = core::make(*this, options_, asked, name_, storage);
    core_.store(c, std::memory_order_release);  // publishes the engine
    // relaxed: a thread without a magazine goes to the engine
    if (c != nullptr) slot_.store(c->slot, std::memory_order_relaxed);
  }
  return c;
}

void pool::prime_at_birth() {
  const std::size_t n = options_.reserve;
  if (prime(n)) return;
  static_cast<void>(close());
  detail::no_memory_at_birth(name_, n, options_.item_size);
}

pool::~pool() {
  core* const c = core_.load(std::memory_order_acquire);
  if (c == nullptr) return;
  const on_live policy = c->at_destroy;
  std::size_t out = 0, n_waiters = 0;
  const bool leaks = policy == on_live::leak && c->in_use(out, n_waiters);
  detail::handoff owed;
  if (leaks || !c->close({}, policy == on_live::destroy, owed)) {
    c->orphan();
    slot_.store(0, std::memory_order_relaxed);
  } else {
    be_unborn();  // a later destructor of the program may still come here
    owed.pay();
  }
}

bool pool::close(const call_site& where) noexcept {
  core* const c = core_.load(std::memory_order_acquire);
  if (c == nullptr) return true;
  detail::handoff owed;
  if (!c->close(where, false, owed)) return false;
  be_unborn();
  owed.pay();
  return true;
}

bool pool::reset() noexcept {
  core* const c = core_.load(std::memory_order_acquire);
  if (c == nullptr) return true;
  pool_options kept = options_;
  c->read_settings(kept);
  detail::handoff owed;
  if (!c->close({.function = "reset"}, true, owed)) return false;
  options_ = kept;
  be_unborn();
  owed.pay();
  return true;
}

void pool::be_unborn() noexcept {
  slot_.store(0, std::memory_order_relaxed);
  core_.store(nullptr, std::memory_order_release);
}

void* pool::get_slowly(void* popped) noexcept {
  const void* const from = __builtin_return_address(0);
  for (;;) {
    if (void* const item = get_from(from, popped, get_flags::waitok, {}, clock::time_point::max()))
      return item;
    must_not_be_inside("get");
    popped = nullptr;
  }
}

void pool::must_not_be_inside(const char* function) noexcept {
  core* const c = core_.load(std::memory_order_acquire);  // pairs with born()
  if (c != nullptr && detail::inside::of(*c))
    c->say(report_kind::panic, {}, function, nullptr,
           "what that source or hook gets: it may use other pools, or try_get()",
           "would wait for its own page source or hook");
}

core* pool::born_in_time(get_flags flags, const call_site& where,
                         clock::time_point deadline) noexcept {
  for (;;) {
    if (core* const c = born()) return c;
    if (has(flags, get_flags::urgent))
      detail::say_unborn(report_kind::panic, where, "get", name_,
                         "urgent: no memory for the pool itself", detail::look::at_memory);
    if (!has(flags, get_flags::waitok) || clock::now() >= deadline) return nullptr;
    os::pause(birth_pause);
  }
}

void* pool::get_slowly(void* popped, get_flags flags, const call_site& where,
                       clock::time_point deadline) noexcept {
  return get_from(__builtin_return_address(0), popped, flags, where, deadline);
}

void* pool::get_from(const void* from, void* popped, get_flags flags, const call_site& where,
                     clock::time_point deadline) noexcept {
  core* c = core_.load(std::memory_order_acquire);  // pairs with born()
  if (c == nullptr && (c = born_in_time(flags, where, deadline)) == nullptr) return nullptr;
  if (where.file == nullptr)
    if (void* const item = c->visit_for_get(popped, from)) return item;
  return ask(*c, flags, where, deadline, from);
}

void* pool::try_get_slowly(void* popped) noexcept {
  return get_from(__builtin_return_address(0), popped, get_flags::nowait, {}, {});
}

#if defined(__cpp_lib_jthread)
void* pool::get_until_stop(clock::time_point t, const std::stop_token& stop) noexcept {
  void* item = nullptr;
  if (pop(item)) return item;
  core* c = nullptr;
  while ((c = born_in_time(get_flags::waitok, {}, clock::now())) == nullptr) {
    if (stop.stop_requested() || clock::now() >= t) return nullptr;
    os::pause(birth_pause);
  }
  if ((item = c->visit_for_get(item, __builtin_return_address(0))) != nullptr) return item;
  const call_site nowhere;
  const request r{.items = {&item, 1},
                  .flags = get_flags::waitok,
                  .by = called(*c, nowhere, __builtin_return_address(0)),
                  .until = nanoseconds(t),
                  .stop = &stop};
  return c->get(r) == bulk_outcome::served ? item : nullptr;
}
#endif

void pool::put_slowly(void* item, bool pushed) noexcept {
  put_from(__builtin_return_address(0), item, pushed, {});
}
void pool::put_slowly(void* item, bool pushed, const call_site& where) noexcept {
  put_from(__builtin_return_address(0), item, pushed, where);
}

void pool::put_from(const void* from, void* item, bool pushed, const call_site& where) noexcept {
  core* c = core_.load(std::memory_order_acquire);  // pairs with born()
  if (c == nullptr) c = born();                     // which then reports that it gave none out
  if (c == nullptr)
    return detail::say_unborn(report_kind::misuse, where, "put", name_, "the pool was never used",
                              detail::look::at_pointer);
  const detail::caller by = called(*c, where, from);
  if (where.file == nullptr) return c->visit_for_put(item, pushed, by);
  c->put(item, by);
}

bool pool::must_fit(bulk_outcome outcome, std::size_t n) const {
  if (outcome == bulk_outcome::beyond_limit) detail::beyond_limit(name_, n, hard_limit());
  return outcome == bulk_outcome::served;
}
bool pool::try_get_bulk(std::span<void*> items) {
  return must_fit(get_bulk(items, get_flags::nowait), items.size());
}
void pool::get_bulk(std::span<void*> items) {
  while (!must_fit(get_bulk(items, get_flags::waitok), items.size()))
    must_not_be_inside("get_bulk");
}
bulk_outcome pool::get_bulk(std::span<void*> items, get_flags flags, const call_site& where,
                            clock::time_point deadline) noexcept {
  if (items.empty()) return bulk_outcome::served;
  core* const c = born_in_time(flags, where, deadline);
  if (c == nullptr) return bulk_outcome::short_of_items;
  return c->get({.items = items,
                 .flags = flags,
                 .by = called(*c, where, __builtin_return_address(0)),
                 .until = nanoseconds(deadline),
                 .bulk = true});
}
void pool::put_bulk(std::span<void* const> items, const call_site& where) noexcept {
  if (core* const c = born())
    return c->put_bulk(items, called(*c, where, __builtin_return_address(0)));
  for (void* item : items) put(item, where);
}

void* pool::get_or_enqueue(waiter& w) noexcept {
  void* item = nullptr;
  if (pop(item)) return item;
  const call_site nowhere;
  core* const c = born_in_time(get_flags::waitok, nowhere, clock::time_point::max());
  if ((item = c->visit_for_get(item, __builtin_return_address(0))) != nullptr) return item;
  // The source must not wait either: whoever calls this must not block.
  const request r{.items = {&w.item_, 1},
                  .flags = get_flags::nowait,
                  .by = called(*c, nowhere, __builtin_return_address(0)),
                  .enqueue = &w};
  return c->get(r) == bulk_outcome::served ? w.item_ : nullptr;
}
bool pool::cancel(waiter& w) noexcept {
  core* const c = core_.load(std::memory_order_acquire);
  return c != nullptr && c->cancel(w);
}
void waiter::end_too_early() noexcept {
  if (detail::handoff::awaits(*this)) core_->cancel_ended(*this);
}

bool pool::prime(std::size_t n) noexcept {
  if (n == 0) return true;
  core* const c = born();
  return c != nullptr && c->prime(n);
}
std::size_t pool::prime(std::span<std::byte> storage, std::size_t at_most) noexcept {
  if (at_most == 0) return 0;
  core* const c = born(&storage);
  return c == nullptr ? 0 : c->prime(storage, at_most);
}

void pool::set_low_watermark(std::size_t n) noexcept {
  apply(
      core_, [=](core& c) { c.set_low_watermark(n); }, [=, this] { options_.low_watermark = n; });
}
void pool::set_high_watermark(std::size_t n) noexcept {
  apply(
      core_, [=](core& c) { c.set_high_watermark(n); }, [=, this] { options_.high_watermark = n; });
}
bool pool::set_hard_limit(std::size_t n) noexcept {
  return apply(
      core_, [=](core& c) { return c.set_hard_limit(n, nullptr); },
      [=, this] {
        options_.hard_limit = n;
        return true;
      });
}
bool pool::set_hard_limit(std::size_t n, const limit_warning& warning) noexcept {
  return apply(
      core_, [&](core& c) { return c.set_hard_limit(n, &warning); },
      [&] {
        options_.hard_limit = n;
        options_.at_limit = warning;
        return true;
      });
}
void pool::set_shortage_hook(shortage_hook hook) noexcept {
  apply(
      core_, [=](core& c) { c.set_shortage_hook(hook); },
      [=, this] { options_.on_shortage = hook; });
}
std::size_t pool::reclaim() noexcept {
  core* const c = core_.load(std::memory_order_acquire);
  return c == nullptr ? 0 : c->reclaim();
}

std::size_t pool::hard_limit() const noexcept { return stats().hard_limit; }
bool pool::owns(const void* p) const noexcept {
  core* const c = core_.load(std::memory_order_acquire);
  return c != nullptr && c->owns(p);
}
std::string_view pool::check() const noexcept {
  core* const c = core_.load(std::memory_order_acquire);
  return c == nullptr ? std::string_view{} : c->check();
}

void pool::for_each_item(void (*f)(void*, void*), void* context) {
  if (core* const c = core_.load(std::memory_order_acquire)) c->for_each_item(f, context);
}

void pool::read_stats(pool_stats& s, std::size_t size) const noexcept {
  pool_stats all{};
  read_all(all);
  std::memcpy(&s, &all, std::min(size, sizeof all));
}
void pool::read_all(pool_stats& s) const noexcept {
  core* c = core_.load(std::memory_order_acquire);
  if (c == nullptr) {
    const base::locked hold(registry::lock);
    c = core_.load(std::memory_order_relaxed);
    if (c == nullptr) return detail::read_unborn(s, options_, name_);
  }
  c->read(s);
}
void pool::print(void (*line)(void*, std::string_view), void* context,
                 print_parts parts) const noexcept {
  if (core* const c = core_.load(std::memory_order_acquire)) return c->print(line, context, parts);
  line(context, name_);
  line(context, "  not used yet");
}

std::size_t pool::report_held(void (*line)(void*, std::string_view), void* context,
                              std::chrono::nanoseconds age) const noexcept {
  core* const c = core_.load(std::memory_order_acquire);
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(age.count(), 0));
  return c == nullptr ? 0 : c->report_held(line, context, ns);
}

void for_each_pool(void (*f)(void* context, const pool_stats&), void* context) {
  for (registry::visitor v; core* const c = v.next();) {
    pool_stats s{};
    c->read(s);
    v.unpin();  // so that f may destroy the pool
    f(context, s);
  }
}

std::size_t reclaim_all() noexcept {
  std::size_t bytes = 0;
  for (registry::visitor v; core* const c = v.next();) bytes += c->reclaim();
  return bytes;
}

}
