// SPDX-License-Identifier: BSD-2-Clause
// W6, in a process of its own each time; `Items` is a contender for items of one size.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <latch>
#include <numeric>
#include <random>
#include <semaphore>

#include "contenders.hpp"
#include "machine.hpp"

namespace pool9::bench {

inline constexpr std::size_t many = 1'000'000;

template <class Items>
void fill(Items& items, std::vector<void*>& all) {
  for (void*& item : all) {
    item = items.get();
    *static_cast<std::size_t*>(item) = 1;
  }
}

/// How much of the peak is resident after 99 % were freed at random by so many threads, that sleep
/// since, and three idle times; and after the rest was freed, and three more.  Behind these two,
/// the same every tenth of a second from the first put on.
template <class Items>
std::vector<double> memory_after(Items& items, unsigned n_threads) {
  std::vector<void*> all(many, &items);  // written, and so resident, before the first reading
  const double before = static_cast<double>(resident_bytes());
  fill(items, all);
  const double peak = static_cast<double>(resident_bytes()) - before;
  std::shuffle(all.begin(), all.end(), std::minstd_rand(1));
  const std::size_t kept = many / 100, share = (many - kept) / n_threads;

  std::counting_semaphore<64> may_end(0);
  std::latch freed(n_threads);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < n_threads; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < share; ++i) items.put(all[kept + t * share + i]);
      freed.count_down();
      may_end.acquire();
    });
  const auto share_of_peak = [&] {
    return (static_cast<double>(resident_bytes()) - before) / peak;
  };
  std::vector<double> course{1};
  const auto watch = [&] {
    for (double passed = 0; passed < 3 * idle_seconds; passed += 0.1) {
      sleep_for(0.1);
      course.push_back(share_of_peak());
    }
    return course.back();
  };
  freed.wait();
  const double after_most = watch();
  for (std::size_t i = 0; i < kept; ++i) items.put(all[i]);
  for (std::size_t i = kept + n_threads * share; i < many; ++i) items.put(all[i]);
  const double after_all = watch();
  may_end.release(n_threads);
  for (std::thread& t : threads) t.join();
  course.insert(course.begin(), {after_most, after_all});
  return course;
}

/// Nanoseconds on a processor to get an item of a new contender and write its first word.
template <class Items>
double fill_ns(Items& items, std::size_t n) {
  std::vector<void*> all(n, &items);
  const double start = thread_cpu_ns();
  fill(items, all);
  return (thread_cpu_ns() - start) / static_cast<double>(n);
}

/// What the pages' return costs others: see work.cpp.
struct cost_of_return {
  double quiet_ns, busy_ns;  // a pair of a working thread: the median of turns
  double quiet_p99_ns, busy_p99_ns;
  double cpu_ms, pages, longest_hold_us;
};
cost_of_return measure_return();

/// Calls of the source in 10^7 gets and puts around a page's edge.
double calls_of_a_breathing_pool(bool cached);

/// The longest time on the processor between a lock and its unlock in the housekeeping thread, in
/// microseconds: lock_times.cpp.
double longest_hold_us();

}
