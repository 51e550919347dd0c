// SPDX-License-Identifier: BSD-2-Clause
// What must hold whatever became of membarrier, in which process, at which address: the limit is
// exact, no item has two owners, nothing strands, waiters are served.
//
// Every function says by itself what does not hold, without GoogleTest, and returns whether all
// did.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <pool9/pool.hpp>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "emulated.hpp"
#include "pool/pools.hpp"
#include "stress/worker.hpp"
#include "support/child.hpp"
#include "support/processor.hpp"

namespace pool9::test {

/// The limit of the pools here: so many that four threads have caches, so few that the limit is
/// near all the time.
inline constexpr std::size_t a_limit = 256;
inline constexpr pool_options limited(std::size_t size = 64) {
  return {.name = "edge", .item_size = size, .hard_limit = a_limit, .idle_time = never_idle};
}

/// Whether exactly `n` different items can be had, and no more, by a thread that holds none of
/// them; they are all put back.
inline bool has_exactly(pool& p, std::size_t n) {
  std::vector<void*> got;
  while (void* const item = p.try_get()) got.push_back(item);
  const std::set<void*> different(got.begin(), got.end());
  const bool exact = POOL9_HOLDS(different.size() == got.size()) && POOL9_HOLDS(got.size() == n);
  if (got.size() != n) std::fprintf(stderr, "%zu items can be had, not %zu\n", got.size(), n);
  put_all(p, got);
  return exact;
}

/// Threads that sleep with items in their caches, until they are let go; they end then.
class sleepers {
 public:
  sleepers(pool& p, std::size_t n_threads, std::size_t n_items) {
    for (std::size_t t = 0; t < n_threads; ++t)
      threads_.emplace_back([&p, n_items, this] {
        for (int round = 0; round < 3; ++round) use(p, n_items);
        sleep_.pass();
        use(p, n_items);  // what the caches hold may have been taken meanwhile
      });
    sleep_.await(n_threads);
  }
  ~sleepers() { wake(); }
  void wake() {
    sleep_.open();
    for (auto& t : threads_) t.join();
    threads_.clear();
  }

 private:
  static void use(pool& p, std::size_t n) {
    std::vector<void*> items;
    while (items.size() < n) {
      void* const item = p.try_get();
      if (item == nullptr) break;
      items.push_back(item);
    }
    put_all(p, items);
  }
  gate sleep_;
  std::deque<std::thread> threads_;
};

/// One thread of hammer(): holds `most` items at most, and often nearly as many.
inline void hammer_alone(field& f, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<void*> held;
  const std::uint64_t me = seed + 1;
  while (!f.stop) {
    const std::size_t wanted = std::uniform_int_distribution<std::size_t>(0, most)(random);
    while (held.size() < wanted && !f.stop) {
      void* const item = f.p.try_get();
      if (item == nullptr) {
        f.complain("a get fails, though fewer items than the limit can be out");
        break;
      }
      f.claim(item, me);
      held.push_back(item);
    }
    while (held.size() > wanted || (f.stop && !held.empty())) {
      std::swap(held[std::uniform_int_distribution<std::size_t>(0, held.size() - 1)(random)],
                held.back());
      f.disclaim(held.back(), me);
      f.p.put(held.back());
      held.pop_back();
    }
  }
  for (void* item : held) {
    f.disclaim(item, me);
    f.p.put(item);
  }
}

/// Recalls all magazines again and again; their owners open them anew at their next visits.
inline void recall_for(pool& p, std::chrono::nanoseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) static_cast<void>(p.reclaim());
}

/// Threads that together may hold the limit, and never more: none may ever be refused, no item may
/// have two owners, and all are there afterwards.  `meanwhile` is called once, half-way.
template <class F>
bool hammer(pool& p, std::chrono::milliseconds time, F meanwhile) {
  constexpr unsigned n_threads = 2;
  const std::uint64_t recalls_before = p.stats().recalls;
  field f(p, a_limit);
  std::deque<std::thread> threads;
  for (unsigned t = 0; t < n_threads; ++t)
    threads.emplace_back([&f, t] {
      run_on(t);
      hammer_alone(f, a_limit / n_threads, t);
    });
  std::thread([&] {
    run_on(0);
    recall_for(p, time / 2);
  }).join();
  const bool good = meanwhile();
  std::thread([&] {
    run_on(0);
    recall_for(p, time / 2);
  }).join();
  f.stop = true;
  for (auto& t : threads) t.join();
  if (f.complaint() != nullptr) std::fprintf(stderr, "hammer: %s\n", f.complaint());
  return good && POOL9_HOLDS(f.complaint() == nullptr) && POOL9_HOLDS(f.n_gets > 1000) &&
         POOL9_HOLDS(p.stats().recalls > recalls_before) && POOL9_HOLDS(p.stats().out == 0) &&
         POOL9_HOLDS(p.check() == "") && has_exactly(p, a_limit);
}
inline bool hammer(pool& p, std::chrono::milliseconds time) {
  return hammer(p, time, [] { return true; });
}

/// Everything is out; those who wait get what is put, and nothing else.
inline bool serves_waiters(pool& p) {
  std::vector<void*> held;
  while (void* const item = p.try_get()) held.push_back(item);
  bool good = POOL9_HOLDS(held.size() == a_limit);
  for (int round = 0; round < 8 && good; ++round) {
    task<void*> waiting([&p] { return p.get(); });
    await_waiters(p, 1);
    void* const given = held.back();
    held.pop_back();
    std::thread([&p, given] { p.put(given); }).join();
    void* const got = waiting.result();
    good = POOL9_HOLDS(got == given);
    held.push_back(got);
  }
  put_all(p, held);
  return good && POOL9_HOLDS(p.stats().waiters == 0);
}

/// A pool in the life of which all of this happens, and then another one at its address.
inline bool lives_exactly(std::chrono::milliseconds time) {
  std::optional<pool> p;
  bool good = true;
  for (const std::size_t size : {64u, 192u}) {
    p.emplace(limited(size));
    good = good && has_exactly(*p, a_limit);
    {
      sleepers idle(*p, 3, 50);
      good = good && POOL9_HOLDS(p->stats().cached != 0) && has_exactly(*p, a_limit);
    }
    good = good && has_exactly(*p, a_limit) && hammer(*p, time) && serves_waiters(*p) &&
           has_exactly(*p, a_limit) && POOL9_HOLDS(p->close());
  }
  return good;
}

}  // namespace pool9::test
