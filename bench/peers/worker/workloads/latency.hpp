// SPDX-License-Identifier: BSD-2-Clause
// W8: how long single operations take, in the batches of W2 and in the pipe of W5.
//
// The time of reading the clock is included: it is what the contender `nothing` shows.  Beyond the
// 99.99th percentile there is only the system taking the processor away.
#pragma once
#include "ticks.hpp"
#include "workloads/batch.hpp"
#include "workloads/pipe.hpp"

namespace peers {

/// Ticks of each operation of one kind, in a turn.
class samples {
 public:
  void clear() { ticks_.clear(); }
  /// Makes room, touched, for `n`: growing would be timed.
  void expect(std::size_t n) {
    ticks_.assign(n, 0);
    ticks_.clear();
  }
  void add(std::uint64_t ticks) { ticks_.push_back(static_cast<std::uint32_t>(ticks)); }

  /// Appends the 50th, 99th, 99.9th and 99.99th percentile in nanoseconds.
  void report(double ns_of_tick, values& to) {
    for (const double share : {0.5, 0.99, 0.999, 0.9999}) {
      const auto rank = ticks_.begin() +
                        static_cast<std::ptrdiff_t>(share * static_cast<double>(ticks_.size() - 1));
      std::nth_element(ticks_.begin(), rank, ticks_.end());
      to.push_back(*rank * ns_of_tick);
    }
  }

 private:
  std::vector<std::uint32_t> ticks_;
};

/// A contender whose operations are timed, for the loops.
template <class C>
class timed {
 public:
  timed(C& c, samples& gets, samples& puts) : c_(c), gets_(gets), puts_(puts) {}
  void* get() noexcept {
    const std::uint64_t start = ticks();
    void* const item = c_.get();
    keep(item);
    gets_.add(ticks() - start);
    return item;
  }
  void put(void* item) noexcept {
    const std::uint64_t start = ticks();
    c_.put(item);
    puts_.add(ticks() - start);
  }

 private:
  C& c_;
  samples& gets_;
  samples& puts_;
};

/// Percentiles of get, then of put.
template <class C>
class latency_in_batches {
 public:
  explicit latency_in_batches(const options& o) : c_(setting{.item_size = o.size}) {}
  values operator()(std::size_t n) {
    timed<C> t(c_, gets_, puts_);
    gets_.expect(whole_batches(n));
    puts_.expect(whole_batches(n));
    batches(t, batch_, to_warm_up(n));
    gets_.clear();
    puts_.clear();
    batches(t, batch_, n);
    values v;
    gets_.report(ns_of_tick_, v);
    puts_.report(ns_of_tick_, v);
    return v;
  }

 private:
  C c_;
  batch batch_{order::random};
  samples gets_, puts_;
  const double ns_of_tick_ = ns_of_a_tick();
};

/// The same between one producer, whose gets they are, and one consumer, whose puts they are.
template <class C>
class latency_in_pipe {
 public:
  explicit latency_in_pipe(const options& o)
      : c_(setting{.item_size = o.size, .n_threads = 2}),
        team_(2, o, [this](unsigned i, std::size_t n) {
          timed<C> t(c_, gets_, puts_);
          if (i == 0) {
            produce(t, ring_, n);
          } else {
            consume(t, ring_, n);
          }
        }) {}
  values operator()(std::size_t n) {
    n = whole_publications(n);
    gets_.expect(n);
    puts_.expect(n);
    team_.turn(whole_publications(to_warm_up(n)));
    gets_.clear();
    puts_.clear();
    team_.turn(n);
    values v;
    gets_.report(ns_of_tick_, v);
    puts_.report(ns_of_tick_, v);
    return v;
  }

 private:
  C c_;
  spsc_ring ring_;
  samples gets_, puts_;
  const double ns_of_tick_ = ns_of_a_tick();
  team<typename C::in_thread> team_;
};

}
