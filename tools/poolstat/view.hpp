// SPDX-License-Identifier: BSD-2-Clause
// What poolstat prints.
#pragma once
#include <pool9/render.hpp>

#include <string>

#include "pools.hpp"

namespace poolstat {

void print(pool9::stats_format f, const std::vector<reader::pool>& pools);
/// What happened since `before`, `seconds` ago, as rates a second.
void print_rates(const std::vector<reader::pool>& before, const std::vector<reader::pool>& now,
                 double seconds);
/// Who waits for an item of `p`.
void print_waiters(target& in, const reader::pool& p, const std::vector<waiting>& all);
/// Who holds the items of `p` that are out, as far as anything knows.
void print_holders(target& in, const reader::pool& p, const held_items& items);

}
