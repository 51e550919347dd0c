// SPDX-License-Identifier: BSD-2-Clause
// The parts of a resource that are not inlined.
#pragma once
#include <algorithm>
#include <bit>
#include <cstring>
#include <exception>
#include <memory>
#include <pool9/memory_resource.hpp>
#include <utility>

#include "face/books.hpp"
#include "face/chunk_source.hpp"
#include "face/errors.hpp"

namespace pool9::inline v1 {

/// The note in front of a block from the upstream.
struct detail::large_block {
  large_block* prev;
  large_block* next;
  void* memory;  // what the upstream gave, and how much
  std::size_t bytes, align;
  std::uintptr_t tag;  // tells from anything else that might lie in front of an address

  static large_block* of(void* block) noexcept { return static_cast<large_block*>(block) - 1; }
  /// What the upstream is asked for.  A block of no bytes has an address of its own, too.
  static constexpr std::size_t total(std::size_t bytes, std::size_t align) noexcept {
    return room(align) + std::max<std::size_t>(bytes, 1);
  }
  /// Bytes from the upstream's memory to the block.
  static constexpr std::size_t room(std::size_t align) noexcept {
    return (sizeof(large_block) + align - 1) & ~(align - 1);
  }
  static constexpr std::size_t upstream_align(std::size_t align) noexcept {
    return std::max(align, alignof(large_block));
  }
  std::uintptr_t tag_for(const void* resource) const noexcept {
    return ~(reinterpret_cast<std::uintptr_t>(this) ^ reinterpret_cast<std::uintptr_t>(resource));
  }
};

namespace {

/// What is obtained from the upstream at once, if no less was asked for.
constexpr std::size_t chunk_bytes = 256 * 1024;
constexpr std::size_t most_blocks = chunk_bytes / detail::size_classes::step;

constexpr std::pmr::pool_options in_force(std::pmr::pool_options o) noexcept {
  using classes = detail::size_classes;
  if (o.max_blocks_per_chunk == 0 || o.max_blocks_per_chunk > most_blocks)
    o.max_blocks_per_chunk = most_blocks;
  if (o.largest_required_pool_block == 0 || o.largest_required_pool_block > classes::most)
    o.largest_required_pool_block = classes::most;
  o.largest_required_pool_block = std::max(
      classes::most_fine, classes::size_of(classes::index_of(o.largest_required_pool_block, 1)));
  return o;
}

/// 0: whatever the pool chooses will hold no more blocks than that.
constexpr std::size_t page_size_for(std::size_t block, std::size_t n_blocks) noexcept {
  constexpr std::size_t enough = 64 * 1024;  // pages of fine blocks are no larger on any system
  if (n_blocks >= 64 && block * n_blocks >= enough) return 0;
  return std::max(std::bit_ceil(block), std::min(enough, std::bit_floor(block * n_blocks)));
}

}

template <class Pool>
struct basic_pool_resource<Pool>::fed_class final : face::chunk_source, size_class {
  fed_class(detail::upstream_turn& turn, std::size_t n_blocks, pool_options o)
      : chunk_source(turn, std::min(chunk_bytes, n_blocks * o.item_size)),
        size_class{Pool(with_source(o, *this))} {}
  static pool_options with_source(pool_options o, page_source& s) noexcept {
    o.source = &s;
    return o;
  }
};

// ---- Life

template <class Pool>
basic_pool_resource<Pool>::basic_pool_resource(const std::pmr::pool_options& o,
                                               std::pmr::memory_resource* upstream)
    : turn_{upstream, upstream->is_equal(*std::pmr::new_delete_resource())},
      pages_(nullptr),
      options_(in_force(o)),
      name_("pool resource") {}

template <class Pool>
basic_pool_resource<Pool>::basic_pool_resource(page_source& pages, std::string_view name)
    : turn_{std::pmr::new_delete_resource(), true}, pages_(&pages), options_(in_force({})) {
  name.copy(name_, sizeof name_ - 1);
}

template <class Pool>
basic_pool_resource<Pool>::~basic_pool_resource() {
  release();
  for (auto& c : classes_)
    if (size_class* const there = c.load(std::memory_order_relaxed)) end_class(*there);
}

template <class Pool>
void basic_pool_resource<Pool>::release() noexcept {
  for (auto& c : classes_) {
    size_class* const there = c.load(std::memory_order_acquire);  // pairs with class_at()
    if (there == nullptr) continue;
    there->items.reset();
    if (pages_ == nullptr) static_cast<fed_class*>(there)->trim();
  }
  const std::scoped_lock hold(turn_.mutex);
  while (large_ != nullptr) {
    const detail::large_block b = *std::exchange(large_, large_->next);
    turn_.upstream->deallocate(b.memory, b.total(b.bytes, b.align), b.upstream_align(b.align));
  }
}

template <class Pool>
std::size_t basic_pool_resource<Pool>::reclaim() noexcept {
  std::size_t bytes = 0;
  for (auto& c : classes_) {
    size_class* const there = c.load(std::memory_order_acquire);  // pairs with class_at()
    if (there == nullptr) continue;
    bytes += there->items.reclaim();
    if (pages_ == nullptr) static_cast<fed_class*>(there)->trim();
  }
  return bytes;
}

// ---- Classes

template <class Pool>
std::size_t basic_pool_resource<Pool>::index_of(std::size_t bytes,
                                                std::size_t align) const noexcept {
  const std::size_t index = classes::index_of(bytes, align);
  if (index == classes::count) return index;
  return classes::size_of(index) <= options_.largest_required_pool_block ? index : classes::count;
}

template <class Pool>
auto basic_pool_resource<Pool>::class_at(std::size_t index) -> size_class& {
  // acquire: pairs with the store below
  if (size_class* const c = classes_[index].load(std::memory_order_acquire)) return *c;
  const std::scoped_lock hold(turn_.mutex);
  size_class* c = classes_[index].load(std::memory_order_relaxed);  // relaxed: under the lock
  if (c != nullptr) return *c;
  const pool_options o{.name = name_,
                       .item_size = classes::size_of(index),
                       .align = classes::align_of(index),
                       .source = pages_,
                       .at_destroy = on_live::destroy};
  static_assert(sizeof(fed_class) <= face::books::most);
  if (pages_ == nullptr) {
    pool_options fed = o;
    const std::size_t n_blocks = options_.max_blocks_per_chunk;
    fed.page_size = page_size_for(o.item_size, n_blocks);
    c = ::new (face::books::allocate(sizeof(fed_class))) fed_class(turn_, n_blocks, fed);
  } else {
    c = ::new (face::books::allocate(sizeof(size_class))) size_class{Pool(o)};
  }
  classes_[index].store(c, std::memory_order_release);  // publishes the class
  return *c;
}

template <class Pool>
void basic_pool_resource<Pool>::end_class(size_class& c) noexcept {
  if (pages_ == nullptr) {
    auto& fed = static_cast<fed_class&>(c);
    std::destroy_at(&fed);
    face::books::release(&fed, sizeof fed);
  } else {
    std::destroy_at(&c);
    face::books::release(&c, sizeof c);
  }
}

template <class Pool>
Pool& basic_pool_resource<Pool>::pool_for(std::size_t bytes, std::size_t align) {
  if (!std::has_single_bit(align)) detail::bad_option("align", align, name_);
  const std::size_t index = index_of(bytes, align);
  if (index == classes::count) face::no_pool_for(name_, bytes, align);
  return class_at(index).items;
}

// ---- Blocks

template <class Pool>
void basic_pool_resource<Pool>::fail(size_class& c) {
  const pool_stats s = c.items.stats();
  const bool is_limited = s.hard_limit != unlimited;
  if (!is_limited || s.out < s.hard_limit) {
    if (pages_ == nullptr) face::rethrow(static_cast<fed_class&>(c).failure());
    // An item may have come back since the limit was met.
    if (!is_limited || s.source_fails != 0) face::no_memory(name_, s.item_size);
  }
  face::at_limit(name_, s.hard_limit, s.out);
}

template <class Pool>
void* basic_pool_resource<Pool>::get_first(std::size_t bytes, std::size_t align) {
  const std::size_t index = index_of(bytes, align);
  return index == classes::count ? get_large(bytes, align) : get_from(class_at(index));
}

template <class Pool>
void basic_pool_resource<Pool>::put_elsewhere(void* p, std::size_t bytes,
                                              std::size_t align) noexcept {
  const std::size_t index = index_of(bytes, align);
  if (index == classes::count) return put_large(p, bytes, align);
  face::say_no_block(name_, p, classes::size_of(index));
}

// ---- Blocks from the upstream

template <class Pool>
void* basic_pool_resource<Pool>::get_large(std::size_t bytes, std::size_t align) {
  using detail::large_block;
  const std::size_t room = large_block::room(align);
  if (room < align || bytes > SIZE_MAX - room) {
    // The upstream's to refuse, in its way.  Volatile, since compilers refuse it, too.
    const volatile std::size_t most = SIZE_MAX, most_aligned = std::bit_floor(SIZE_MAX);
    static_cast<void>(turn_.upstream->allocate(most, most_aligned));
    face::no_memory(name_, bytes);
  }
  std::unique_lock hold(turn_.mutex, std::defer_lock);
  if (!turn_.any_thread) hold.lock();
  void* const memory = turn_.upstream->allocate(large_block::total(bytes, align),
                                                large_block::upstream_align(align));
  if (!hold.owns_lock()) hold.lock();
  auto* const b = large_block::of(static_cast<std::byte*>(memory) + room);
  ::new (b) large_block{nullptr, large_, memory, bytes, align, 0};
  b->tag = b->tag_for(this);
  if (large_ != nullptr) large_->prev = b;
  large_ = b;
  return b + 1;
}

template <class Pool>
void basic_pool_resource<Pool>::put_large(void* p, std::size_t bytes, std::size_t align) noexcept {
  using detail::large_block;
  large_block* const b = large_block::of(p);
  if (b->tag != b->tag_for(this)) return face::say_no_block(name_, p, bytes);
  if (b->bytes != bytes || b->align != align)
    return face::say_other_size(name_, p, b->bytes, bytes);
  std::unique_lock hold(turn_.mutex);
  b->tag = 0;
  (b->prev != nullptr ? b->prev->next : large_) = b->next;
  if (b->next != nullptr) b->next->prev = b->prev;
  if (turn_.any_thread) hold.unlock();
  turn_.upstream->deallocate(b->memory, b->total(bytes, align), large_block::upstream_align(align));
}

}
