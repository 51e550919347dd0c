// SPDX-License-Identifier: BSD-2-Clause
// W1 and W1roll: what a get and a put cost when everything is hot.  They show the instructions of
// the fast paths and nothing else.
#pragma once
#include "contender.hpp"
#include "loops.hpp"

namespace peers {

/// Nanoseconds of a get and a put.
template <class C>
class pair {
 public:
  explicit pair(const options& o) : c_(setting{.item_size = o.size}) {}
  values operator()(std::size_t n) {
    pairs(c_, to_warm_up(n));
    return {ns_each(n, [&] { pairs(c_, n); })};
  }

 private:
  C c_;
};

/// The same with 16 items out, of which each pair concerns the oldest.
template <class C>
class rolling {
 public:
  explicit rolling(const options& o) : c_(setting{.item_size = o.size}) {
    for (void*& item : items_) item = c_.get();
  }
  ~rolling() {
    for (void* item : items_) c_.put(item);
  }
  rolling(const rolling&) = delete;
  rolling& operator=(const rolling&) = delete;

  values operator()(std::size_t n) {
    roll(c_, items_, to_warm_up(n));
    return {ns_each(n, [&] { roll(c_, items_, n); })};
  }

 private:
  C c_;
  rolling_items items_;
};

}
