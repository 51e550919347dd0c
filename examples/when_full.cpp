// SPDX-License-Identifier: BSD-2-Clause
// What to do when a pool is full: make room first, then refuse, and say so once a minute.
#include <chrono>
#include <cstdio>
#include <list>
#include <pool9/pool.hpp>

using namespace std::chrono_literals;

namespace {

/// Entries that are nice to have: the oldest is given up when the pool needs an item.
struct cache {
  std::list<void*> entries;

  static void give_up_one(void* context, pool9::pool& pool, pool9::shortage) noexcept {
    auto& self = *static_cast<cache*>(context);
    if (self.entries.empty()) return;
    pool.put(self.entries.front());
    self.entries.pop_front();
  }
};

}

int main() {
  cache old;
  pool9::pool blocks{{.name = "blocks",
                      .item_size = 512,
                      .hard_limit = 4,
                      .on_shortage = {&cache::give_up_one, &old},
                      .at_limit = {"all 4 blocks are in use", 60s}}};
  for (int i = 0; i < 4; ++i) old.entries.push_back(blocks.try_get());

  // The hook is asked before a get fails or waits, with no lock held.
  void* const block = blocks.try_get();
  std::printf("%s, %zu cached\n", block != nullptr ? "served" : "refused", old.entries.size());

  const pool_stats s = blocks.stats();  // how often, since when, how many wait
  std::printf("at the limit %d times, %d refused\n", static_cast<int>(s.limit_hits),
              static_cast<int>(s.fails));
  blocks.put(block);
  for (void* entry : old.entries) blocks.put(entry);
  return block != nullptr && old.entries.size() == 3 ? 0 : 1;
}
