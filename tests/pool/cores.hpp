// SPDX-License-Identifier: BSD-2-Clause
// Pools from inside.
#pragma once
#include "pool/core.hpp"
#include "pools.hpp"

namespace pool9::test {

inline detail::core& core_of(const pool& p) {
  detail::registry::visitor v;
  for (detail::core* c = nullptr; (c = v.next()) != nullptr;)
    if (&c->owner == &p) return *c;
  give_up("a pool is not registered");
}

}  // namespace pool9::test
