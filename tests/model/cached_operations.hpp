// SPDX-License-Identifier: BSD-2-Clause
// Operations for pools with thread caches: what to do, which thread does it, and a number from
// which the arguments are drawn.
#pragma once
#include <rapidcheck.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <pool9/pool.hpp>

#include "model/operations.hpp"

namespace pool9::test {

enum class cached_kind {
  get,
  timed_get,
  get_many,
  get_all,
  get_bulk,
  put,
  put_many,
  put_bulk,
  enqueue,
  cancel,
  end_thread,
  prime,
  high_watermark,
  hard_limit,
  reclaim,
  source_mood,
  close
};
inline constexpr std::array cached_names{
    "get",      "timed_get",  "get_many", "get_all",     "get_bulk",   "put",
    "put_many", "put_bulk",   "enqueue",  "cancel",      "end_thread", "prime",
    "high",     "hard_limit", "reclaim",  "source_mood", "close"};

struct cached_operation {
  cached_kind kind = cached_kind::get;
  std::uint32_t dice = 0;

  static constexpr std::size_t n_threads = 3;
  std::size_t thread() const { return (dice >> 24) % n_threads; }
  /// The `i`th argument, below `n`.
  std::size_t below(std::size_t n, unsigned i = 0) const {
    return n == 0 ? 0 : (dice >> (12 * i)) % 4096 % n;
  }
};
inline std::ostream& operator<<(std::ostream& out, const cached_operation& o) {
  return out << cached_names[static_cast<std::size_t>(o.kind)] << '(' << o.below(4096) << ','
             << o.below(4096, 1) << ") by " << o.thread();
}

/// A pool to begin with.
struct cached_beginning {
  pool_options options;
};
inline std::ostream& operator<<(std::ostream& out, const cached_beginning& b) {
  return print(out, b.options);
}

inline rc::Gen<cached_operation> any_cached_operation() {
  using enum cached_kind;
  return rc::gen::build<cached_operation>(
      rc::gen::set(&cached_operation::kind,
                   rc::gen::weightedElement<cached_kind>({{4, get},
                                                          {2, timed_get},
                                                          {8, get_many},
                                                          {2, get_all},
                                                          {2, get_bulk},
                                                          {4, put},
                                                          {9, put_many},
                                                          {2, put_bulk},
                                                          {4, enqueue},
                                                          {2, cancel},
                                                          {3, end_thread},
                                                          {1, prime},
                                                          {1, high_watermark},
                                                          {3, hard_limit},
                                                          {2, reclaim},
                                                          {2, source_mood},
                                                          {1, close}})),
      rc::gen::set(&cached_operation::dice, rc::gen::arbitrary<std::uint32_t>()));
}

inline rc::Gen<cached_beginning> any_cached_beginning() {
  return rc::gen::exec([] {
    cached_beginning b;
    pool_options& o = b.options;
    o.name = "model";
    o.idle_time = std::chrono::milliseconds::max();  // housekeeping keeps away
    o.item_size = *rc::gen::element<std::size_t>(16, 64, 200, 512, 2048);
    o.page_size = *rc::gen::element<std::size_t>(2048, 4096, 16'384);
    o.hard_limit = *rc::gen::weightedOneOf<std::size_t>(
        {{1, rc::gen::just(unlimited)}, {3, rc::gen::inRange<std::size_t>(60, 400)}});
    o.high_watermark = *rc::gen::weightedOneOf<std::size_t>(
        {{4, rc::gen::just(unlimited)}, {1, rc::gen::inRange<std::size_t>(0, 300)}});
    o.reserve = *rc::gen::weightedOneOf<std::size_t>(
        {{1, rc::gen::just<std::size_t>(0)}, {1, rc::gen::inRange<std::size_t>(0, 200)}});
    o.reserve = std::min(o.reserve, o.hard_limit);
    return b;
  });
}

}  // namespace pool9::test

namespace rc {
template <>
struct Arbitrary<pool9::test::cached_operation> {
  static Gen<pool9::test::cached_operation> arbitrary() {
    return pool9::test::any_cached_operation();
  }
};
template <>
struct Arbitrary<pool9::test::cached_beginning> {
  static Gen<pool9::test::cached_beginning> arbitrary() {
    return pool9::test::any_cached_beginning();
  }
};
}  // namespace rc
