// SPDX-License-Identifier: BSD-2-Clause
// Wrong options of a constinit pool are found by the compiler, which names the field.
// expect: bad\("align", o\.align, o\.name\)
#include <pool9/pool.hpp>

constinit pool9::pool wrong{{.name = "wrong", .item_size = 64, .align = 3}};
