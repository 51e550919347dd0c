// SPDX-License-Identifier: BSD-2-Clause
// A thread works on the pool, in batches of a thousand gets and puts in random order, while
// housekeeping gives back what a burst left behind.
//
// When that happens shows in the resident size, which is read every millisecond and asks nothing of
// the pool.  The working thread's turns before the burst are compared with those while the size
// fell.
#include <atomic>

#include "scenarios.hpp"

namespace pool9::bench {
namespace {

constexpr std::size_t batch = 1000;

struct turn {
  steady::time_point end;
  double ns;  // of a pair
};

class worker {
 public:
  explicit worker(pool& p) : pool_(p) {
    turns_.reserve(4'000'000);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::shuffle(order_.begin(), order_.end(), std::minstd_rand(1));
  }
  void run(const std::atomic<bool>& ends) {
    while (!ends.load(std::memory_order_relaxed) && turns_.size() < turns_.capacity()) {
      const auto start = steady::now();
      for (void*& item : items_) item = pool_.get();
      for (const std::size_t i : order_) pool_.put(items_[i]);
      const auto end = steady::now();
      turns_.push_back(
          {end, std::chrono::duration<double, std::nano>(end - start).count() / batch});
    }
  }
  std::vector<double> between(steady::time_point from, steady::time_point to) const {
    std::vector<double> ns;
    for (const turn& t : turns_)
      if (t.end >= from && t.end < to) ns.push_back(t.ns);
    std::sort(ns.begin(), ns.end());
    return ns;
  }

 private:
  pool& pool_;
  std::vector<turn> turns_;
  std::vector<void*> items_ = std::vector<void*>(batch);
  std::vector<std::size_t> order_ = std::vector<std::size_t>(batch);
};

double at(const std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * double(sorted.size() - 1))];
}

}

cost_of_return measure_return() {
  pool_items items(256);
  pool& p = items.p();
  std::vector<void*> all(many, &items);
  worker w(p);
  std::atomic<bool> ends{false};
  fill(items, all);
  std::shuffle(all.begin(), all.end(), std::minstd_rand(1));
  std::thread working([&] { w.run(ends); });
  sleep_for(0.3);
  const auto quiet_from = steady::now();
  sleep_for(0.5);
  const auto quiet_to = steady::now();
  const auto pages_before = p.stats().pages;
  const double cpu_before = thread_cpu_ns("pool9");
  for (std::size_t i = many / 100; i < many; ++i) p.put(all[i]);

  // From the first millisecond in which the size fell to the last.
  steady::time_point first{}, last{};
  std::size_t size = resident_bytes();
  for (const auto until = steady::now() + std::chrono::milliseconds(3000); steady::now() < until;) {
    const auto from = steady::now();
    sleep_for(0.001);
    const std::size_t now = resident_bytes();
    if (now + (std::size_t{256} << 10) < size) {
      if (first == steady::time_point{}) first = from;
      last = steady::now();
    }
    size = now;
  }
  ends = true;
  working.join();
  const auto quiet = w.between(quiet_from, quiet_to), busy = w.between(first, last);
  return {at(quiet, 0.5),
          at(busy, 0.5),
          at(quiet, 0.99),
          at(busy, 0.99),
          (thread_cpu_ns("pool9") - cpu_before) / 1e6,
          static_cast<double>(pages_before - p.stats().pages),
          longest_hold_us()};
}

}
