// SPDX-License-Identifier: BSD-2-Clause
// Standard containers with limits: what is out in each, and what happens when it is full.
#include <cstdio>
#include <list>
#include <map>
#include <pool9/memory_resource.hpp>
#include <string>
#include <unordered_map>

template <class Key, class Value>
using pooled_map =
    std::map<Key, Value, std::less<>, pool9::pool_allocator<std::pair<const Key, Value>>>;

int main() {
  pool9::pool_resource orders{"orders"};
  pooled_map<int, int> book{orders};
  book.emplace(0, 100);  // the first node makes the pool for its size

  pool9::pool& nodes = orders.pool_for(40);  // a node of this map: three pointers, colour, pair
  if (!nodes.set_hard_limit(1000) || !nodes.prime(1000)) return 1;

  int n = 1;
  try {
    for (;; ++n) book.emplace(n, 100);
  } catch (const pool9::pool_exhausted& e) {
    std::printf("%s\n", e.what());  // pool 'orders': hard limit 1000 reached, 1000 out
  }
  if (n != 1000 || book.size() != 1000) return 1;  // the map is as it was before the insertion
  book.erase(0);
  book.emplace(n, 100);  // and one that goes makes room for another

  // A limit is one of a size, whoever asks: containers that shall not share it have another
  // resource.
  pool9::pool_resource others{"others"};
  std::list<double, pool9::pool_allocator<double>> prices{{1.5, 2.5}, others};
  std::unordered_map<int, std::string, std::hash<int>, std::equal_to<>,
                     pool9::pool_allocator<std::pair<const int, std::string>>>
      names{others};
  names.emplace(1, "one");

  // Without a resource: the process-wide one.
  const pooled_map<int, int> anywhere{{1, 2}, {3, 4}};

  const pool9::pool_stats s = nodes.stats();
  std::printf("%llu nodes of %llu bytes are out\n", static_cast<unsigned long long>(s.out),
              static_cast<unsigned long long>(s.item_size));
  return s.out == 1000 && anywhere.size() == 2 ? 0 : 1;
}
