// SPDX-License-Identifier: BSD-2-Clause
#include "pool/usage_log.hpp"

#include "base/arena.hpp"

namespace pool9::inline v1::detail {

usage_log::~usage_log() { base::arena::release(ring_, size * sizeof(entry)); }

void usage_log::add(const char* action, const void* item, const call_site& where) noexcept {
  if (ring_ == nullptr) ring_ = static_cast<entry*>(base::arena::allocate(size * sizeof(entry)));
  if (ring_ != nullptr) ring_[n_++ % size] = {action, item, where};
}

}
