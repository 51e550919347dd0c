// SPDX-License-Identifier: BSD-2-Clause
// What resources need for themselves: from pools of the library's own, so that a resource calls its
// upstream for blocks and pages only, and works without malloc.
#pragma once
#include <cstddef>
#include <pool9/pool.hpp>

namespace pool9::face {

class books {
 public:
  static constexpr std::size_t most = 448;   // bytes of a piece
  static void* allocate(std::size_t bytes);  // throws std::bad_alloc
  static void release(void* p, std::size_t bytes) noexcept;

 private:
  static pool& for_pieces_of(std::size_t bytes) noexcept;
};

template <class T>
struct books_allocator {
  using value_type = T;
  books_allocator() = default;
  template <class U>
  constexpr books_allocator(const books_allocator<U>&) noexcept {}
  T* allocate(std::size_t) { return static_cast<T*>(books::allocate(sizeof(T))); }
  void deallocate(T* p, std::size_t) noexcept { books::release(p, sizeof(T)); }
  friend constexpr bool operator==(books_allocator, books_allocator) noexcept { return true; }
};

}
