// SPDX-License-Identifier: BSD-2-Clause
// The two pool resources of the standard library, told the largest size, on the default upstream.
#include <memory_resource>

#include "serve.hpp"

namespace {

using namespace peers;

template <class Resource>
class pmr {
 public:
  static constexpr bool thread_safe = std::same_as<Resource, std::pmr::synchronized_pool_resource>;
  using in_thread = nothing_in_thread;
  static std::string version() { return "libstdc++ " + std::to_string(_GLIBCXX_RELEASE); }

  explicit pmr(const setting& s)
      : size_(s.item_size),
        resource_({.max_blocks_per_chunk = 0, .largest_required_pool_block = s.item_size}) {}
  void* get() noexcept { return resource_.allocate(size_); }
  void put(void* item) noexcept { resource_.deallocate(item, size_); }

 private:
  const std::size_t size_;
  Resource resource_;
};

const enrolled all{{"pmr.sync", serve<pmr<std::pmr::synchronized_pool_resource>>},
                   {"pmr.unsync", serve<pmr<std::pmr::unsynchronized_pool_resource>>}};

}
