// SPDX-License-Identifier: BSD-2-Clause
// Operations as values: what to do, and a number from which its arguments are drawn, so that any
// sequence makes sense for any pool and shrinks well.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <pool9/pool.hpp>

#include "pool/pools.hpp"

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
  close,
  housekeep
};
inline constexpr std::array op_names{
    "get",     "timed_get",   "get_bulk",      "put",    "put_bulk", "enqueue",
    "cancel",  "prime",       "prime_storage", "low",    "high",     "hard_limit",
    "reclaim", "source_mood", "hook_mood",     "misput", "close",    "housekeep"};

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

  operator const pool_options&() const { return options; }
};
inline std::ostream& operator<<(std::ostream& out, const beginning& b) {
  return print(out, b.options);
}

/// One of `all`, by a number below their number.
template <class Below, class T, std::size_t N>
T draw_one(const Below& below, const T (&all)[N]) {
  return all[below(N)];
}

/// Any pool that makes sense.  `below(n)` draws a number below `n`.
template <class Below>
pool_options draw_options(const Below& below) {
  pool_options o;
  o.name = "model";
  o.idle_time = draw_one(below, {never_idle, never_idle, std::chrono::milliseconds(2000)});
  o.item_size = draw_one<Below, std::size_t>(
      below, {16, 1, 2, 3, 8, 24, 40, 64, 100, 200, 256, 500, 1024, 1500, 2048, 4096});
  o.align = draw_one<Below, std::size_t>(below, {0, 0, 0, 1, 2, 8, 16, 32, 64, 256});
  o.align_offset = below(3) != 2 ? 0 : below(100);
  o.diagnostic = below(5) == 4;
  const std::size_t align = o.align != 0 ? o.align : 16;
  const std::size_t smallest = std::bit_ceil(align + o.item_size + (o.diagnostic ? 24 : 0));
  const std::size_t usual = std::max<std::size_t>(smallest, 512);  // check() walks thousands less
  o.page_size = draw_one<Below, std::size_t>(
      below, {0, usual, usual, usual, 2 * usual, 2 * usual, 4 * usual, 16 * usual, smallest});
  o.hard_limit = below(3) != 2 ? unlimited : below(40);
  o.low_watermark = below(3) != 2 ? 0 : below(30);
  o.high_watermark = below(3) != 2 ? unlimited : below(50);
  o.reserve = std::min(below(4) != 3 ? 0 : below(30), o.hard_limit);
  return o;
}

}  // namespace pool9::test
