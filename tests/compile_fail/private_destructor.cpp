// SPDX-License-Identifier: BSD-2-Clause
// Objects that nobody may destroy cannot be in a pool, which says so.
// expect: an object_pool's T needs a public destructor
#include <pool9/object_pool.hpp>

class hidden {
  ~hidden() = default;
};
pool9::object_pool<hidden> wrong;
