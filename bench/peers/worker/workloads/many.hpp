// SPDX-License-Identifier: BSD-2-Clause
// W3: a great many items at once.  From nothing: get them all; replace items chosen at random; put
// all, in random order.
//
// Filling is mostly the system's page faults; replacing is at least a miss of the item replaced,
// whose word is then written; putting all shows who touches items that are going away.  The memory
// is what the process grew by, with everything out, after the replacing.
#pragma once
#include <unistd.h>

#include <fstream>
#include <random>

#include "contender.hpp"
#include "measure.hpp"

namespace peers {

/// Nanoseconds of a get, of a put and a get, of a put; bytes of memory for each item.
template <class C>
class many {
 public:
  explicit many(const options& o) : c_(setting{.item_size = o.size}) {}

  /// Makes sense once in a process: the second turn does not start from nothing.
  values operator()(std::size_t n) {
    std::vector<void*> items(n);
    const double before = resident_bytes();
    const double fill_ns = ns_each(n, [&] { fill(items); });
    std::shuffle(items.begin(), items.end(), std::minstd_rand(1));
    const std::size_t n_replaced = n / 4 + 1;
    replace(items, n_replaced / 4);
    const double replace_ns = ns_each(n_replaced, [&] { replace(items, n_replaced); });
    const double bytes = (resident_bytes() - before) / static_cast<double>(n);
    std::shuffle(items.begin(), items.end(), std::minstd_rand(2));
    const double free_ns = ns_each(n, [&] { free_all(items); });
    return {fill_ns, replace_ns, free_ns, bytes};
  }

 private:
  [[gnu::noinline]] void fill(std::vector<void*>& items) {
    for (void*& item : items) {
      item = c_.get();
      write_first_word(item);
    }
  }

  [[gnu::noinline]] void replace(std::vector<void*>& items, std::size_t n) {
    std::uint64_t random = 1;
    for (; n != 0; --n) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      void*& item = items[(random >> 32) * items.size() >> 32];
      c_.put(item);
      item = c_.get();
      write_first_word(item);
    }
  }

  [[gnu::noinline]] void free_all(std::vector<void*>& items) {
    for (void* const item : items) c_.put(item);
  }

  static double resident_bytes() {
    double all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
  }

  C c_;
};

}
