// SPDX-License-Identifier: BSD-2-Clause
// std::pmr over pools: exact size classes with limits and statistics, and an allocator for
// containers.
//
//   pool9::pool_resource orders{"orders"};
//   std::map<int, int, std::less<>, pool9::pool_allocator<std::pair<const int, int>>> m{orders};
#pragma once
#include <compare>
#include <cstddef>
#include <memory_resource>
#include <new>
#include <pool9/detail/basic_pool_resource.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <type_traits>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {

/// What an allocation throws at a limit.
class pool_exhausted : public std::bad_alloc {
 public:
  pool_exhausted(std::string_view pool, std::uint64_t hard_limit, std::uint64_t out) noexcept;
  /// "pool 'orders': hard limit 1000 reached, 1000 out".
  [[nodiscard]] const char* what() const noexcept override;

 private:
  char text_[120];
};

/// std::pmr::synchronized_pool_resource by another name: with thread caches, exact sizes, limits
/// and statistics.  Any thread may call any member at any time, except release() and the
/// destructor.
class pool_resource : public basic_pool_resource<pool> {
 public:
  using basic_pool_resource::basic_pool_resource;
};

/// The same for one thread at a time, as std::pmr::unsynchronized_pool_resource.
class unsynchronized_pool_resource : public basic_pool_resource<unsynchronized_pool> {
 public:
  using basic_pool_resource::basic_pool_resource;
};

/// The process-wide one, which pool_allocator uses by default.  It lives for ever.
[[nodiscard]] pool_resource& default_pool_resource() noexcept;

/// An allocator over a resource, which must outlive all that it allocated.  Equal if and only if
/// the resource is the same; the resource moves and swaps with its container and stays with a
/// copy-assigned one, and the copy of a container has that of the original.  T may be incomplete.
template <class T = std::byte, class Resource = pool_resource>
class pool_allocator {
 public:
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;
  using propagate_on_container_copy_assignment = std::false_type;
  using is_always_equal = std::false_type;

  pool_allocator() noexcept requires(std::is_same_v<Resource, pool_resource>)
      : resource_(&default_pool_resource()) {}
  constexpr pool_allocator(Resource& r) noexcept : resource_(&r) {}  // so that containers take it
  template <class U>
  constexpr pool_allocator(const pool_allocator<U, Resource>& other) noexcept
      : resource_(&other.resource()) {}

  /// Memory for `n` objects.  Never waits.  Throws what the resource does, and
  /// std::bad_array_new_length if no memory could hold so many.
  [[nodiscard]] T* allocate(std::size_t n) {
    if (n == 1) [[likely]]
      return static_cast<T*>(resource_->template get<sizeof(T), alignof(T)>());
    if (n > std::size_t(-1) / sizeof(T)) detail::too_many_objects();
    return static_cast<T*>(resource_->allocate(n * sizeof(T), alignof(T)));
  }
  /// Requires: `p` came from allocate(n) of an equal allocator.
  void deallocate(T* p, std::size_t n) noexcept {
    if (n == 1) [[likely]]
      return resource_->template put<sizeof(T), alignof(T)>(p);
    resource_->deallocate(p, n * sizeof(T), alignof(T));
  }
  [[nodiscard]] constexpr Resource& resource() const noexcept { return *resource_; }

  template <class U>
  friend constexpr bool operator==(const pool_allocator& a,
                                   const pool_allocator<U, Resource>& b) noexcept {
    return &a.resource() == &b.resource();
  }

 private:
  Resource* resource_;
};
template <class Resource>
pool_allocator(Resource&) -> pool_allocator<std::byte, Resource>;

extern template class basic_pool_resource<pool>;
extern template class basic_pool_resource<unsynchronized_pool>;

}  // namespace v1
}  // namespace pool9
