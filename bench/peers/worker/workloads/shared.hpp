// SPDX-License-Identifier: BSD-2-Clause
// W4: threads that use one contender at the same time, each its own items: pairs as in W1, and
// batches as in W2, which are more than some contenders' caches hold.
//
// And the same pairs where the hard limit is as many items as there are threads: nothing can be
// kept in caches then, and every get meets the other threads'.
#pragma once
#include <cstdio>
#include <cstdlib>

#include "loops.hpp"
#include "team.hpp"

namespace peers {

/// Nanoseconds of a pair, on each thread.
template <class C>
class shared_pairs {
 public:
  explicit shared_pairs(const options& o)
      : c_(setting{.item_size = o.size, .n_threads = o.n_threads}),
        team_(o.n_threads, o, [this](unsigned, std::size_t n) { pairs(c_, n); }) {}
  values operator()(std::size_t n) {
    team_.turn(to_warm_up(n));
    return {team_.turn(n) * 1e9 / static_cast<double>(n)};
  }

 private:
  C c_;
  team<typename C::in_thread> team_;
};

template <class C>
class shared_batches {
 public:
  explicit shared_batches(const options& o)
      : c_(setting{.item_size = o.size, .n_threads = o.n_threads}),
        batches_(o.n_threads, batch(order::random)),
        team_(o.n_threads, o, [this](unsigned i, std::size_t n) { batches(c_, batches_[i], n); }) {}
  values operator()(std::size_t n) {
    for (batch& b : batches_) b.shuffle(++n_shuffles_);
    team_.turn(to_warm_up(n));
    n = whole_batches(n);
    return {team_.turn(n) * 1e9 / static_cast<double>(n)};
  }

 private:
  C c_;
  std::vector<batch> batches_;
  unsigned n_shuffles_ = 0;
  team<typename C::in_thread> team_;
};

template <class C>
class pairs_at_limit {
 public:
  explicit pairs_at_limit(const options& o)
      : c_(setting{.item_size = o.size, .n_threads = o.n_threads, .hard_limit = o.n_threads}),
        team_(o.n_threads, o, [this](unsigned, std::size_t n) { limited_pairs(c_, n); }) {}
  values operator()(std::size_t n) {
    team_.turn(to_warm_up(n));
    return {team_.turn(n) * 1e9 / static_cast<double>(n)};
  }

 private:
  [[gnu::noinline]] static void limited_pairs(C& c, std::size_t n) {
    for (; n != 0; --n) {
      void* const item = c.get();
      if (item == nullptr) {
        std::fputs("refused, though fewer than the limit were out\n", stderr);
        std::abort();
      }
      keep(item);
      c.put(item);
    }
  }

  C c_;
  team<typename C::in_thread> team_;
};

}
