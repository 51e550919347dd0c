// SPDX-License-Identifier: BSD-2-Clause
// A library that is loaded late and unloaded, over pool9, with a pool of its own.
#include <pool9/pool.hpp>

namespace {

constinit pool9::pool plugged(
    {.name = "plugged", .item_size = 64, .hard_limit = 256, .idle_time = std::chrono::hours(1)});

}

extern "C" [[gnu::visibility("default")]] int use(int n);
/// Gets so many items and puts them back; how many came.
extern "C" int use(int n) {
  void* items[256];
  int n_got = 0;
  while (n_got < n && (items[n_got] = plugged.try_get()) != nullptr) ++n_got;
  for (int i = 0; i < n_got; ++i) plugged.put(items[i]);
  return plugged.check().empty() ? n_got : -1;
}
