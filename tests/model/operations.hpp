// SPDX-License-Identifier: BSD-2-Clause
// Operations as values: what to do, and a number from which its arguments are drawn, so that any
// sequence makes sense for any pool and shrinks well.
#pragma once
#include <rapidcheck.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <pool9/pool.hpp>

namespace pool9::test {

enum class op_kind {
  get,
  timed_get,
  get_bulk,
  put,
  put_bulk,
  enqueue,
  cancel,
  prime,
  prime_storage,
  low_watermark,
  high_watermark,
  hard_limit,
  reclaim,
  source_mood,
  hook_mood,
  misput,
  close
};
inline constexpr std::array op_names{
    "get",     "timed_get",   "get_bulk",      "put",    "put_bulk", "enqueue",
    "cancel",  "prime",       "prime_storage", "low",    "high",     "hard_limit",
    "reclaim", "source_mood", "hook_mood",     "misput", "close"};

struct operation {
  op_kind kind = op_kind::get;
  std::uint32_t dice = 0;

  /// The `i`th argument, below `n`; small dice give small arguments.
  std::size_t below(std::size_t n, unsigned i = 0) const {
    return n == 0 ? 0 : (dice >> (8 * i)) % 256 % n;
  }
};
inline std::ostream& operator<<(std::ostream& out, const operation& o) {
  return out << op_names[static_cast<std::size_t>(o.kind)] << '(' << o.dice % 256 << ','
             << (o.dice >> 8) % 256 << ',' << (o.dice >> 16) % 256 << ')';
}

inline std::ostream& print(std::ostream& out, const pool_options& o) {
  const auto number = [&](const char* name, std::size_t n) {
    out << ' ' << name << ' ';
    n == unlimited ? out << "none" : out << n;
  };
  out << "pool:";
  number("size", o.item_size);
  number("align", o.align);
  number("offset", o.align_offset);
  number("page", o.page_size);
  number("reserve", o.reserve);
  number("low", o.low_watermark);
  number("high", o.high_watermark);
  number("limit", o.hard_limit);
  return out << (o.diagnostic ? " diagnostic" : "");
}

/// A pool to begin with.
struct beginning {
  pool_options options;
};
inline std::ostream& operator<<(std::ostream& out, const beginning& b) {
  return print(out, b.options);
}

inline rc::Gen<operation> any_operation() {
  return rc::gen::build<operation>(
      rc::gen::set(&operation::kind,
                   rc::gen::weightedElement<op_kind>({{12, op_kind::get},
                                                      {2, op_kind::timed_get},
                                                      {4, op_kind::get_bulk},
                                                      {9, op_kind::put},
                                                      {4, op_kind::put_bulk},
                                                      {5, op_kind::enqueue},
                                                      {2, op_kind::cancel},
                                                      {2, op_kind::prime},
                                                      {1, op_kind::prime_storage},
                                                      {2, op_kind::low_watermark},
                                                      {2, op_kind::high_watermark},
                                                      {3, op_kind::hard_limit},
                                                      {2, op_kind::reclaim},
                                                      {3, op_kind::source_mood},
                                                      {1, op_kind::hook_mood},
                                                      {2, op_kind::misput},
                                                      {1, op_kind::close}})),
      rc::gen::set(&operation::dice, rc::gen::arbitrary<std::uint32_t>()));
}

/// A limit below `n`, or none.
inline rc::Gen<std::size_t> any_limit(std::size_t n) {
  return rc::gen::weightedOneOf<std::size_t>(
      {{2, rc::gen::just(unlimited)}, {1, rc::gen::inRange<std::size_t>(0, n)}});
}

inline rc::Gen<beginning> any_beginning() {
  return rc::gen::exec([] {
    beginning b;
    pool_options& o = b.options;
    o.name = "model";
    o.idle_time = std::chrono::milliseconds::max();  // housekeeping keeps away
    o.item_size = *rc::gen::element<std::size_t>(1, 2, 3, 8, 16, 24, 40, 64, 100, 200, 256, 500,
                                                 1024, 1500, 2048, 4096);
    o.align = *rc::gen::element<std::size_t>(0, 0, 0, 1, 2, 8, 16, 32, 64, 256);
    o.align_offset = *rc::gen::weightedOneOf<std::size_t>(
        {{2, rc::gen::just<std::size_t>(0)}, {1, rc::gen::inRange<std::size_t>(0, 100)}});
    o.diagnostic = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
    const std::size_t align = o.align != 0 ? o.align : 16;
    const std::size_t smallest = std::bit_ceil(align + o.item_size + (o.diagnostic ? 16 : 0));
    o.page_size = *rc::gen::element<std::size_t>(0, smallest, smallest, 2 * smallest, 4 * smallest,
                                                 16 * smallest);
    o.hard_limit = *any_limit(40);
    o.low_watermark = *rc::gen::weightedOneOf<std::size_t>(
        {{2, rc::gen::just<std::size_t>(0)}, {1, rc::gen::inRange<std::size_t>(0, 30)}});
    o.high_watermark = *any_limit(50);
    o.reserve = *rc::gen::weightedOneOf<std::size_t>(
        {{3, rc::gen::just<std::size_t>(0)}, {1, rc::gen::inRange<std::size_t>(0, 30)}});
    o.reserve = std::min(o.reserve, o.hard_limit);
    return b;
  });
}

}  // namespace pool9::test

namespace rc {
template <>
struct Arbitrary<pool9::test::operation> {
  static Gen<pool9::test::operation> arbitrary() { return pool9::test::any_operation(); }
};
template <>
struct Arbitrary<pool9::test::beginning> {
  static Gen<pool9::test::beginning> arbitrary() { return pool9::test::any_beginning(); }
};
}  // namespace rc
