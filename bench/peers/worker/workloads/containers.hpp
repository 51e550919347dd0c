// SPDX-License-Identifier: BSD-2-Clause
// W9: a std::map and a std::list in a new process: insert everything, erase everything.
//
// The map's keys come in random order and go in another, so what it takes is mostly the misses of
// the way down the tree: nodes that lie close together help more than a fast allocation.  The list
// is a queue: inserted at its end, erased from its front.
#pragma once
#include <functional>
#include <list>
#include <map>
#include <numeric>
#include <random>

#include "contender.hpp"
#include "measure.hpp"

namespace peers {

/// A contender that containers can use.
template <class C>
concept has_allocator = requires {
  typename C::template allocator<int>;
};

/// Nanoseconds of an insertion and an erasure together.
template <class C>
class map_of_ints {
 public:
  explicit map_of_ints(const options& o) : c_(setting{.item_size = o.size}) {}

  values operator()(std::size_t n) {
    using pair = std::pair<const int, int>;
    using allocator = typename C::template allocator<pair>;
    std::vector<int> in(n), out;
    std::iota(in.begin(), in.end(), 0);
    std::shuffle(in.begin(), in.end(), std::minstd_rand(1));
    out = in;
    std::shuffle(out.begin(), out.end(), std::minstd_rand(2));
    std::map<int, int, std::less<int>, allocator> map{allocator(c_)};
    return {ns_each(n, [&] {
      for (const int key : in) map.emplace(key, key);
      for (const int key : out) map.erase(key);
    })};
  }

 private:
  C c_;
};

template <class C>
class list_of_ints {
 public:
  explicit list_of_ints(const options& o) : c_(setting{.item_size = o.size}) {}

  values operator()(std::size_t n) {
    using allocator = typename C::template allocator<int>;
    std::list<int, allocator> list{allocator(c_)};
    return {ns_each(n, [&] {
      for (std::size_t i = 0; i < n; ++i) list.push_back(static_cast<int>(i));
      while (!list.empty()) list.pop_front();
    })};
  }

 private:
  C c_;
};

}
