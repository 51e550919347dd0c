// SPDX-License-Identifier: BSD-2-Clause
// W2: 1000 gets, the first word of each item written, then 1000 puts, in order, in reverse, or in
// random order: a request's worth of items.  They stay in the caches nearest to the processor; how
// a contender walks them decides.
#pragma once
#include "contender.hpp"
#include "loops.hpp"

namespace peers {

/// Nanoseconds of a get and a put.
template <class C, order Order>
class batches_in {
 public:
  explicit batches_in(const options& o) : c_(setting{.item_size = o.size}) {}
  values operator()(std::size_t n) {
    if (Order == order::random) batch_.shuffle(++n_turns_);
    batches(c_, batch_, to_warm_up(n));
    n = whole_batches(n);
    return {ns_each(n, [&] { batches(c_, batch_, n); })};
  }

 private:
  C c_;
  batch batch_{Order};
  unsigned n_turns_ = 0;
};

}
