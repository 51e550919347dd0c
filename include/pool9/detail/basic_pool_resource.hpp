// SPDX-License-Identifier: BSD-2-Clause
// What pool_resource and unsynchronized_pool_resource share.  Not an interface by itself.
//
// A block is an item of the pool for its size and alignment (size_classes.hpp), which is made by
// the first request and stays where it is.  What no class serves comes from the upstream, with a
// note in front of it, since release() has to give it back, too.
#pragma once
#include <array>
#include <atomic>
#include <concepts>
#include <memory_resource>
#include <mutex>
#include <new>
#include <pool9/detail/size_classes.hpp>
#include <pool9/pool.hpp>
#include <string_view>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {
namespace detail {

/// The upstream, and whose turn it is to call it.  Recursive: it may use the resource.
struct upstream_turn {
  std::pmr::memory_resource* upstream;
  bool any_thread;  // may call it at any time
  std::recursive_mutex mutex = {};
};

/// Stands in front of a block that came from the upstream.
struct large_block;

/// Throws std::bad_array_new_length; without exceptions a panic.
[[noreturn]] void too_many_objects();

}  // namespace detail

template <class Pool>
class basic_pool_resource : public std::pmr::memory_resource {
 public:
  /// The classes' pages and larger blocks come from the default resource, or from `upstream`, which
  /// must outlive this.  It is called by one thread at a time, inside calls of this resource only.
  basic_pool_resource() : basic_pool_resource(std::pmr::pool_options{}) {}
  explicit basic_pool_resource(std::pmr::memory_resource* upstream)
      : basic_pool_resource(std::pmr::pool_options{}, upstream) {}
  explicit basic_pool_resource(const std::pmr::pool_options& o)
      : basic_pool_resource(o, std::pmr::get_default_resource()) {}
  basic_pool_resource(const std::pmr::pool_options& o, std::pmr::memory_resource* upstream);
  /// Its pools have that name, cut at 31 bytes, and their pages come from `pages`, which must
  /// outlive this - from the system, to which idle ones go back by themselves; larger blocks come
  /// from std::pmr::new_delete_resource().  Not for braces: `({0, 64})` are pool_options.
  template <class Name>
  requires std::convertible_to<const Name&, std::string_view> &&
      (!std::convertible_to<const Name&, std::pmr::memory_resource*>)explicit basic_pool_resource(
          const Name& name, page_source& pages = system_source())
      : basic_pool_resource(pages, name) {}
  basic_pool_resource(const basic_pool_resource&) = delete;
  basic_pool_resource& operator=(const basic_pool_resource&) = delete;
  /// Calls release().
  ~basic_pool_resource() override;

  /// Gives all memory back, that of blocks which were never deallocated included: they end without
  /// a word.  Limits, watermarks and hooks of the pools stay; what was primed goes.  No other call
  /// may be in progress.
  void release() noexcept;
  /// Gives back every completely unused page, down to reserves and low watermarks; returns the
  /// bytes.
  std::size_t reclaim() noexcept;
  [[nodiscard]] std::pmr::memory_resource* upstream_resource() const noexcept {
    return turn_.upstream;
  }
  /// What is in force: at most 64 KiB come from pools, and at least 512 bytes; a chunk holds at
  /// most 16384 blocks, or 256 KiB where that is less, or one block.
  [[nodiscard]] std::pmr::pool_options options() const noexcept { return options_; }

  /// The pool that serves blocks of this size and alignment, and those of the other sizes that it
  /// has items for: set its limit, prime it, read it.  Its address stays.  Throws
  /// std::invalid_argument if such blocks come from the upstream or `align` is no power of two,
  /// std::bad_alloc if there is no memory for the pool's own data.
  [[nodiscard]] Pool& pool_for(std::size_t bytes, std::size_t align = alignof(std::max_align_t));

  /// allocate() and deallocate() for a size that is known to the compiler: what allocators call.
  template <std::size_t Bytes, std::size_t Align>
  [[nodiscard]] void* get() {
    constexpr std::size_t index = classes::index_of(Bytes, Align);
    if constexpr (index < classes::count)
      if (size_class* const c = made(index)) [[likely]]
        return get_from(*c);
    return get_first(Bytes, Align);
  }
  template <std::size_t Bytes, std::size_t Align>
  void put(void* p) noexcept {
    constexpr std::size_t index = classes::index_of(Bytes, Align);
    if constexpr (index < classes::count)
      if (size_class* const c = made(index)) [[likely]]
        return c->items.put(p);
    put_elsewhere(p, Bytes, Align);
  }

 protected:
  /// Never waits.  Throws pool_exhausted at a hard limit, what the upstream threw where it has no
  /// memory, and std::bad_alloc where the system has none.
  void* do_allocate(std::size_t bytes, std::size_t align) override {
    const std::size_t index = classes::index_of(bytes, align);
    if (index < classes::count) [[likely]]
      if (size_class* const c = made(index)) [[likely]]
        return get_from(*c);
    return get_first(bytes, align);
  }
  /// `bytes` and `align` must be those of the allocation.  Those of another class are misuse, which
  /// is reported - at the latest when the block passes from the thread's cache to the pool.
  void do_deallocate(void* p, std::size_t bytes, std::size_t align) override {
    const std::size_t index = classes::index_of(bytes, align);
    if (index < classes::count) [[likely]]
      if (size_class* const c = made(index)) [[likely]]
        return c->items.put(p);
    put_elsewhere(p, bytes, align);
  }
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

 private:
  using classes = detail::size_classes;
  struct size_class {
    Pool items;
  };
  struct fed_class;  // with its own source, over the upstream

  basic_pool_resource(page_source& pages, std::string_view name);

  /// The class, if there is one already: not where the upstream serves such blocks.
  size_class* made(std::size_t index) const noexcept {
    return classes_[index].load(std::memory_order_acquire);  // pairs with class_at()
  }
  void* get_from(size_class& c) {
    void* const p = c.items.try_get();
    if (p == nullptr) [[unlikely]]
      fail(c);
    return p;
  }
  /// Where no class is made: makes it, or gets from the upstream.
  void* get_first(std::size_t bytes, std::size_t align);
  /// Where no class is made: puts to the upstream, or reports.
  void put_elsewhere(void* p, std::size_t bytes, std::size_t align) noexcept;

  /// The class; `count` where the upstream serves such blocks.
  [[nodiscard]] std::size_t index_of(std::size_t bytes, std::size_t align) const noexcept;
  size_class& class_at(std::size_t index);
  void end_class(size_class& c) noexcept;
  [[noreturn]] void fail(size_class& c);
  void* get_large(std::size_t bytes, std::size_t align);
  void put_large(void* p, std::size_t bytes, std::size_t align) noexcept;

  std::array<std::atomic<size_class*>, classes::count> classes_{};
  detail::upstream_turn turn_;
  page_source* const pages_;              // of its pools; nullptr: the upstream's
  detail::large_block* large_ = nullptr;  // guarded by turn_.mutex
  std::pmr::pool_options options_;
  char name_[32] = {};
};

}  // namespace v1
}  // namespace pool9
