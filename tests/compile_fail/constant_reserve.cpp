// SPDX-License-Identifier: BSD-2-Clause
// A constinit pool takes no memory, so its reserve is primed later, by its owner.
// expect: prime_at_birth
#include <pool9/pool.hpp>

constinit pool9::pool wrong{{.name = "wrong", .item_size = 64, .reserve = 10}};
