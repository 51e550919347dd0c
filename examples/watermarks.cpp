// SPDX-License-Identifier: BSD-2-Clause
// Watermarks: how much to keep at hand for the next burst, and how much to keep at most.
#include <chrono>
#include <cstdio>
#include <pool9/pool.hpp>
#include <vector>

int main() {
  using namespace std::chrono_literals;
  pool9::pool packets{{.name = "packets",
                       .item_size = 2048,
                       .low_watermark = 64,     // a quiet hour: enough for the usual
                       .high_watermark = 1024,  // an ordinary burst need not ask the system
                       .idle_time = 10s}};      // after the largest burst of a minute, memory goes

  std::vector<void*> burst(4000);
  for (void*& p : burst) p = packets.get();
  for (void* p : burst) packets.put(p);

  const pool_stats s = packets.stats();  // limits are kept in whole pages
  std::printf("%d items stay, in %d pages of %d\n", static_cast<int>(s.total),
              static_cast<int>(s.pages), static_cast<int>(s.peak_pages));
  return s.total >= 1024 && s.total < 1024 + s.page_size / s.item_size ? 0 : 1;
}
