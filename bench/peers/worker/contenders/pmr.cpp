// SPDX-License-Identifier: BSD-2-Clause
// Pool resources: the two of the standard library and ours, told the largest size, on the default
// upstream; containers use them through std::pmr::polymorphic_allocator.  `pool9.allocator` is a
// named pool_resource, which containers use through pool_allocator, and `pool9.allocator.huge` one
// that takes huge pages from 16 MiB on.
#include <memory_resource>
#include <pool9/memory_resource.hpp>
#include <pool9/system_memory.hpp>

#include "serve.hpp"

namespace {

using namespace peers;

template <class Resource>
constexpr bool is_ours =
    std::is_base_of_v<pool9::basic_pool_resource<pool9::pool>, Resource> ||
    std::is_base_of_v<pool9::basic_pool_resource<pool9::unsynchronized_pool>, Resource>;

template <class Resource>
class pmr {
 public:
  static constexpr bool thread_safe =
      std::same_as<Resource, std::pmr::synchronized_pool_resource> ||
      std::same_as<Resource, pool9::pool_resource>;
  using in_thread = nothing_in_thread;
  static std::string version() {
    return is_ours<Resource> ? "as built" : "libstdc++ " + std::to_string(_GLIBCXX_RELEASE);
  }
  template <class T>
  class allocator : public std::pmr::polymorphic_allocator<T> {
   public:
    explicit allocator(pmr& c) : std::pmr::polymorphic_allocator<T>(&c.resource_) {}
    template <class U>
    allocator(const allocator<U>& other) : std::pmr::polymorphic_allocator<T>(other.resource()) {}
  };

  explicit pmr(const setting& s)
      : size_(s.item_size),
        resource_({.max_blocks_per_chunk = 0, .largest_required_pool_block = s.item_size}) {}
  void* get() noexcept { return resource_.allocate(size_); }
  void put(void* item) noexcept { resource_.deallocate(item, size_); }

 private:
  const std::size_t size_;
  Resource resource_;
};

template <pool9::when HugePages>
class allocated {
 public:
  static constexpr bool thread_safe = true;
  using in_thread = nothing_in_thread;
  static std::string version() { return "as built"; }
  template <class T>
  class allocator : public pool9::pool_allocator<T> {
   public:
    template <class U>
    struct rebind {
      using other = allocator<U>;
    };
    explicit allocator(allocated& c) : pool9::pool_allocator<T>(c.resource_) {}
    template <class U>
    allocator(const allocator<U>& other) : pool9::pool_allocator<T>(other) {}
  };

  explicit allocated(const setting& s) : size_(s.item_size) {}
  void* get() noexcept { return resource_.allocate(size_); }
  void put(void* item) noexcept { resource_.deallocate(item, size_); }

 private:
  const std::size_t size_;
  pool9::system_memory pages_{{.huge_pages = HugePages}};
  pool9::pool_resource resource_{"bench", pages_};
};

const enrolled all{{"pmr.sync", serve<pmr<std::pmr::synchronized_pool_resource>>},
                   {"pmr.unsync", serve<pmr<std::pmr::unsynchronized_pool_resource>>},
                   {"pool9.pmr", serve<pmr<pool9::pool_resource>>},
                   {"pool9.pmr.unsync", serve<pmr<pool9::unsynchronized_pool_resource>>},
                   {"pool9.allocator", serve<allocated<pool9::when::never>>},
                   {"pool9.allocator.huge", serve<allocated<pool9::when::automatic>>}};

}
