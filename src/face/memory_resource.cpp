// SPDX-License-Identifier: BSD-2-Clause
#include <pool9/memory_resource.hpp>

#include "face/basic_pool_resource.hpp"

namespace pool9::inline v1 {

template class basic_pool_resource<pool>;
template class basic_pool_resource<unsynchronized_pool>;

pool_resource& default_pool_resource() noexcept {
  // Never destroyed: containers with static storage may outlive any destructor of ours.
  alignas(pool_resource) static std::byte memory[sizeof(pool_resource)];
  static pool_resource* const resource = ::new (memory) pool_resource("default");
  return *resource;
}

}
