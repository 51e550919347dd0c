// SPDX-License-Identifier: BSD-2-Clause
// The size of the items of a pool of objects is the objects'.
// expect: bad_option\(\(?"item_size"
#include <pool9/object_pool.hpp>

constinit pool9::object_pool<double> wrong{{.name = "wrong", .item_size = 4}};
