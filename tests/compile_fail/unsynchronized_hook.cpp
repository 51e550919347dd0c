// SPDX-License-Identifier: BSD-2-Clause
// A pool for one thread has no shortage hook, which would be given a pool of another kind.
// expect: bad_option\(\(?"on_shortage"
#include <pool9/unsynchronized_pool.hpp>

void call(void*, pool9::pool&, pool9::shortage) noexcept;
constinit pool9::unsynchronized_pool wrong{
    {.name = "wrong", .item_size = 64, .on_shortage = {.call = call}}};
