// SPDX-License-Identifier: BSD-2-Clause
// W5: items that one thread gets and another puts, through a ring that publishes every 32 items.
// One way, a producer and a consumer; or two ways, where both do both and the flows balance.
//
// The figures include the ring and the item's own way from one processor's cache to the other's,
// which the contender `nothing` shows.
#pragma once
#include <memory>

#include "contender.hpp"
#include "spsc_ring.hpp"
#include "team.hpp"

namespace peers {

/// Numbers of items go through the ring in whole publications.
inline std::size_t whole_publications(std::size_t n) {
  return (n + spsc_ring::publish_every - 1) / spsc_ring::publish_every * spsc_ring::publish_every;
}

template <class C>
[[gnu::noinline]] void produce(C& c, spsc_ring& ring, std::size_t n) {
  for (; n != 0; --n) {
    void* const item = c.get();
    write_first_word(item);
    for (patience p; ring.is_full();) p.lose();
    ring.push(item);
  }
}

template <class C>
[[gnu::noinline]] void consume(C& c, spsc_ring& ring, std::size_t n) {
  for (; n != 0; --n) {
    for (patience p; ring.is_empty();) p.lose();
    void* const item = ring.pop();
    read_first_word(item);
    c.put(item);
  }
}

/// Sends `n` items and takes as many, whichever is possible.
template <class C>
[[gnu::noinline]] void exchange(C& c, spsc_ring& out, spsc_ring& in, std::size_t n) {
  patience p;
  for (std::size_t n_sent = 0, n_taken = 0; n_sent != n || n_taken != n;) {
    const bool sends = n_sent != n && !out.is_full();
    if (sends) {
      produce(c, out, spsc_ring::publish_every);
      n_sent += spsc_ring::publish_every;
    }
    if (!in.is_empty()) {
      consume(c, in, spsc_ring::publish_every);
      n_taken += spsc_ring::publish_every;
    } else if (!sends) {
      p.lose();
    }
  }
}

/// A ring from each thread to its neighbour.
class rings {
 public:
  explicit rings(unsigned n_threads) : rings_(std::make_unique<spsc_ring[]>(n_threads)) {}
  spsc_ring& from(unsigned index) { return rings_[index]; }
  spsc_ring& to(unsigned index) { return rings_[index ^ 1]; }

 private:
  std::unique_ptr<spsc_ring[]> rings_;
};

/// Nanoseconds of an item; the threads with even numbers produce.
template <class C>
class one_way {
 public:
  explicit one_way(const options& o)
      : c_(setting{.item_size = o.size, .n_threads = o.n_threads}),
        rings_(o.n_threads),
        team_(o.n_threads, o, [this](unsigned i, std::size_t n) {
          if (i % 2 == 0) {
            produce(c_, rings_.from(i), n);
          } else {
            consume(c_, rings_.to(i), n);
          }
        }) {}
  values operator()(std::size_t n) {
    team_.turn(whole_publications(to_warm_up(n)));
    n = whole_publications(n);
    return {team_.turn(n) * 1e9 / static_cast<double>(n)};
  }

 private:
  C c_;
  rings rings_;
  team<typename C::in_thread> team_;
};

/// Nanoseconds of an item that a thread sends and one that it takes.
template <class C>
class two_way {
 public:
  explicit two_way(const options& o)
      : c_(setting{.item_size = o.size, .n_threads = o.n_threads}),
        rings_(o.n_threads),
        team_(o.n_threads, o, [this](unsigned i, std::size_t n) {
          exchange(c_, rings_.from(i), rings_.to(i), n);
        }) {}
  values operator()(std::size_t n) {
    team_.turn(whole_publications(to_warm_up(n)));
    n = whole_publications(n);
    return {team_.turn(n) * 1e9 / static_cast<double>(n)};
  }

 private:
  C c_;
  rings rings_;
  team<typename C::in_thread> team_;
};

}
