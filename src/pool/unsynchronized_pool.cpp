// SPDX-License-Identifier: BSD-2-Clause
// The public face of the pool for one thread: its engine, or what stands in for it until it is
// born.
#include <pool9/unsynchronized_pool.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/arena.hpp"
#include "pool/birth.hpp"
#include "pool/core.hpp"
#include "pool/report.hpp"
#include "pool/unsynchronized_core.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1 {

using detail::called;
using detail::unsynchronized_core;

detail::unsynchronized_core::unsynchronized_core(private_magazine& m, const pool_options& o,
                                                 const layouts& l, const char* pool_name,
                                                 bool storage) noexcept
    : magazine(m),
      source(o.source != nullptr ? *o.source : system_source()),
      name(pool_name),
      item_size(o.item_size),
      at_destroy(o.at_destroy),
      in_storage(storage),
      diagnostic(o.diagnostic),
      logs(o.usage_log || o.diagnostic),
      sanitized(o.sanitize),
      caches(o.thread_cache && !o.diagnostic && !o.usage_log && !o.sanitize),
      pages(l.paged, l.stored),
      bounds{.low = o.low_watermark, .high = o.high_watermark, .hard = o.hard_limit},
      warning{.what = o.at_limit},
      watch(o.diagnostic ? diagnosis::make(o.item_size, pages, o.quarantine, false) : nullptr),
      tools(pages, o.item_size, o.sanitize) {
  retune();
}

unsynchronized_core* unsynchronized_pool::born(std::span<std::byte>* storage) noexcept {
  if (core_ != nullptr) return core_;
  detail::check_environment();
  detail::overrides asked = detail::from_environment(name_);
  pool_options given = options_;
  given.use_malloc = asked.use_malloc = false;
  const pool_options o = detail::overridden(given, asked);
  const detail::layouts l = detail::layouts_of(given, o);
  void* const memory = detail::memory_for_engine(sizeof(unsynchronized_core),
                                                 alignof(unsynchronized_core), l.stored, storage);
  if (memory != nullptr)
    core_ = ::new (memory) unsynchronized_core(magazine_, o, l, name_, storage != nullptr);
  return core_;
}

void unsynchronized_pool::prime_at_birth() {
  if (prime(options_.reserve)) return;
  if (core_ != nullptr) end();
  detail::no_memory_at_birth(name_, options_.reserve, options_.item_size);
}

void unsynchronized_pool::end() noexcept {
  core_->return_all_memory();
  const bool ours = !core_->in_storage;
  core_->~unsynchronized_core();
  if (ours) base::arena::release(core_, sizeof *core_);
  core_ = nullptr;
}

unsynchronized_pool::~unsynchronized_pool() {
  if (core_ == nullptr) return;
  const on_live policy = core_->at_destroy;
  const bool leaks = policy == on_live::leak && core_->n_out() != 0;
  if (!leaks && core_->may_close({}, policy == on_live::destroy)) end();
}

bool unsynchronized_pool::close(const call_site& where) noexcept {
  if (core_ == nullptr) return true;
  if (!core_->may_close(where, false)) return false;
  end();
  return true;
}

bool unsynchronized_pool::reset() noexcept {
  if (core_ == nullptr) return true;
  if (!core_->may_close({.function = "reset"}, true)) return false;
  end();
  return true;
}

void* unsynchronized_pool::try_get_slowly() noexcept {
  unsynchronized_core* const c = born();
  return c == nullptr ? nullptr : c->get(called(*c, {}, __builtin_return_address(0)));
}
void unsynchronized_pool::put_slowly(void* item) noexcept {
  if (unsynchronized_core* const c = born())
    return c->put(item, called(*c, {}, __builtin_return_address(0)));
  detail::say_unborn(report_kind::misuse, {}, "put", name_, "the pool was never used",
                     detail::look::at_pointer);
}
void unsynchronized_pool::stow(void* item) noexcept { core_->stow(item); }

bool unsynchronized_pool::try_get_bulk(std::span<void*> items) {
  if (items.empty()) return true;
  unsynchronized_core* const c = born();
  if (c == nullptr) return false;
  const bulk_outcome outcome = c->get_bulk(items, called(*c, {}, __builtin_return_address(0)));
  if (outcome == bulk_outcome::beyond_limit)
    detail::beyond_limit(name_, items.size(), c->bounds.hard);
  return outcome == bulk_outcome::served;
}

bool unsynchronized_pool::prime(std::size_t n) noexcept {
  if (n == 0) return true;
  unsynchronized_core* const c = born();
  return c != nullptr && c->prime(n);
}
std::size_t unsynchronized_pool::prime(std::span<std::byte> storage, std::size_t at_most) noexcept {
  if (at_most == 0) return 0;
  unsynchronized_core* const c = born(&storage);
  return c == nullptr ? 0 : c->prime(storage, at_most);
}

void unsynchronized_pool::set_low_watermark(std::size_t n) noexcept {
  options_.low_watermark = n;
  if (core_ != nullptr) core_->set_low_watermark(n);
}
void unsynchronized_pool::set_high_watermark(std::size_t n) noexcept {
  options_.high_watermark = n;
  if (core_ != nullptr) core_->set_high_watermark(n);
}
bool unsynchronized_pool::set_hard_limit(std::size_t n) noexcept {
  if (core_ != nullptr && !core_->set_hard_limit(n)) return false;
  options_.hard_limit = n;
  return true;
}
std::size_t unsynchronized_pool::reclaim() noexcept {
  return core_ == nullptr ? 0 : core_->reclaim();
}

std::size_t unsynchronized_pool::hard_limit() const noexcept { return options_.hard_limit; }
bool unsynchronized_pool::owns(const void* p) const noexcept {
  return core_ != nullptr && core_->pages.owns(p);
}
std::string_view unsynchronized_pool::check() const noexcept {
  return core_ == nullptr ? std::string_view{} : core_->check();
}
void unsynchronized_pool::for_each_item(void (*f)(void*, void*), void* context) {
  if (core_ != nullptr) core_->for_each_item(f, context);
}
std::size_t unsynchronized_pool::report_held(void (*line)(void*, std::string_view), void* context,
                                             std::chrono::nanoseconds age) const noexcept {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(age.count(), 0));
  return core_ == nullptr ? 0 : core_->report_held(line, context, ns);
}
void unsynchronized_pool::read_stats(pool_stats& s, std::size_t size) const noexcept {
  pool_stats all{};
  if (core_ != nullptr) {
    core_->read(all);
  } else {
    detail::read_unborn(all, options_, name_);
  }
  std::memcpy(&s, &all, std::min(size, sizeof all));
}

}
