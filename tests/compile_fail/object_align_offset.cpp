// SPDX-License-Identifier: BSD-2-Clause
// Options of a constinit pool of objects that do not fit the type are found by the compiler.
// expect: bad_option\(\(?"align_offset"
#include <pool9/object_pool.hpp>

constinit pool9::object_pool<double> wrong{{.name = "wrong", .align_offset = 4}};
