// SPDX-License-Identifier: BSD-2-Clause
// Boost.Pool's classes made of ours, so that its tests can be run over them.
#pragma once
#include <boost/assert.hpp>
#include <boost/integer/common_factor_ct.hpp>
#include <boost/limits.hpp>
#include <boost/pool/poolfwd.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <new>
#include <pool9/memory_resource.hpp>
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <utility>

namespace boost {

// Some of the tests have macros named malloc and free, so that they are declared in parentheses.
struct default_user_allocator_new_delete {
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  static char*(malloc)(size_type n) { return new (std::nothrow) char[n]; }
  static void(free)(char* p) { delete[] p; }
};
struct default_user_allocator_malloc_free : default_user_allocator_new_delete {};

/// Pages from an allocator that aligns nothing: they are cut from twice their size.
template <class UserAllocator>
class user_source final : public pool9::page_source {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, pool9::get_flags) noexcept override {
    char* const block = (UserAllocator::malloc)(2 * bytes);
    if (block == nullptr) return nullptr;
    char* const page = block + (bytes - reinterpret_cast<std::uintptr_t>(block) % bytes) % bytes;
    blocks_[page] = block;
    return page;
  }
  void release(void* page, std::size_t) noexcept override {
    (UserAllocator::free)(blocks_.extract(page).mapped());
  }

 private:
  std::map<void*, char*> blocks_;
};

/// Of the sizes that are asked for next and at most nothing is kept: growth is the pool's affair.
template <class UserAllocator>
class pool {
 public:
  using size_type = std::size_t;
  explicit pool(size_type bytes, size_type = 32, size_type = 0)
      : items_({.name = "boost::pool", .item_size = bytes, .source = &source_}) {}
  ~pool() { items_.reset(); }

  void*(malloc)() { return items_.try_get(); }
  void(free)(void* p) { items_.put(p); }
  void* ordered_malloc() { return items_.try_get(); }
  void ordered_free(void* p) { items_.put(p); }
  /// Several items in a row are a block of another size.
  void* ordered_malloc(size_type n) {
    if (n == 1) return items_.try_get();
    if (n > SIZE_MAX / items_.item_size()) return nullptr;
    try {
      return rows_.allocate(n * items_.item_size());
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  void ordered_free(void* p, size_type n) {
    if (n == 1) return items_.put(p);
    rows_.deallocate(p, n * items_.item_size());
  }
  bool release_memory() { return items_.reclaim() != 0; }
  bool purge_memory() {
    const bool had_some = items_.stats().total != 0;
    items_.reset();
    return had_some;
  }

 private:
  user_source<UserAllocator> source_;
  pool9::unsynchronized_pool items_;
  pool9::unsynchronized_pool_resource rows_;
};

template <class T, class UserAllocator>
class object_pool {
 public:
  T*(malloc)() { return static_cast<T*>(objects_.items().try_get()); }
  void(free)(T* t) { objects_.items().put(t); }
  template <class... Args>
  T* construct(Args&&... args) {
    return objects_.try_make(std::forward<Args>(args)...).release();
  }
  void destroy(T* t) { objects_.destroy(t); }

 private:
  pool9::object_pool<T, pool9::unsynchronized_pool> objects_{
      {.name = "boost::object_pool", .at_destroy = pool9::on_live::destroy}};
};

struct pool_allocator_tag {};
struct fast_pool_allocator_tag {};

template <class T, class UserAllocator, class Mutex, unsigned Next, unsigned Max>
class pool_allocator {
  using ours = pool9::pool_allocator<T>;

 public:
  using value_type = T;
  template <class U>
  struct rebind {
    using other = pool_allocator<U, UserAllocator, Mutex, Next, Max>;
  };
  pool_allocator() = default;
  template <class U>
  pool_allocator(const pool_allocator<U, UserAllocator, Mutex, Next, Max>&) {}
  static T* allocate(std::size_t n, const void* = nullptr) { return ours().allocate(n); }
  static void deallocate(T* p, std::size_t n) { ours().deallocate(p, n); }
  friend bool operator==(const pool_allocator&, const pool_allocator&) { return true; }
};

template <class T, class UserAllocator, class Mutex, unsigned Next, unsigned Max>
class fast_pool_allocator : public pool_allocator<T, UserAllocator, Mutex, Next, Max> {
 public:
  template <class U>
  struct rebind {
    using other = fast_pool_allocator<U, UserAllocator, Mutex, Next, Max>;
  };
  fast_pool_allocator() = default;
  template <class U>
  fast_pool_allocator(const fast_pool_allocator<U, UserAllocator, Mutex, Next, Max>&) {}
};

template <class Tag, unsigned Size, class UserAllocator, class Mutex, unsigned Next, unsigned Max>
class singleton_pool {
 public:
  static void*(malloc)() { return items_.try_get(); }
  static void(free)(void* p) { items_.put(p); }
  static bool release_memory() { return items_.reclaim() != 0; }
  static bool purge_memory() { return items_.reset(); }

 private:
  inline static constinit pool9::pool items_{
      {.name = "boost::singleton_pool", .item_size = Size, .at_destroy = pool9::on_live::leak}};
};

}
