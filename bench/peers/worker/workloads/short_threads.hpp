// SPDX-License-Identifier: BSD-2-Clause
// W7: what it costs a thread to use the contender at all.  Short threads that get 100 items and put
// them, against threads that do nothing, which take turns.
#pragma once
#include <array>
#include <thread>

#include "contender.hpp"
#include "measure.hpp"

namespace peers {

/// Microseconds that such a thread takes longer, the median; and what one takes that does nothing.
template <class C>
class short_threads {
 public:
  explicit short_threads(const options& o) : c_(setting{.item_size = o.size, .n_threads = 2}) {}
  values operator()(std::size_t n) {
    std::vector<double> extra, idle;
    const auto work = [this] { hundred_items(c_); };
    for (std::size_t i = 0; i < n; ++i) {
      const double idle_us = seconds([] { std::thread([] {}).join(); }) * 1e6;
      const double working_us = seconds([&] { std::thread(work).join(); }) * 1e6;
      extra.push_back(working_us - idle_us);
      idle.push_back(idle_us);
    }
    return {median(extra), median(idle)};
  }

 private:
  [[gnu::noinline]] static void hundred_items(C& c) {
    const typename C::in_thread registered;
    std::array<void*, 100> items;
    for (void*& item : items) {
      item = c.get();
      write_first_word(item);
    }
    for (void* const item : items) c.put(item);
  }

  C c_;
};

}
