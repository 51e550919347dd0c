// SPDX-License-Identifier: BSD-2-Clause
// Operations on pools of objects, as values.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <pool9/pool.hpp>

#include "model/operations.hpp"

namespace pool9::test {

enum class typed_kind {
  make,
  make_many,
  make_owner,
  construct,
  make_in,
  drop,
  drop_many,
  release,
  visit,
  hard_limit,
  prime,
  low_watermark,
  high_watermark,
  reclaim,
  mood,
  close,
  housekeep
};
inline constexpr std::array typed_names{
    "make",      "make_many", "make_owner", "construct",  "make_in",  "drop",
    "drop_many", "release",   "visit",      "hard_limit", "prime",    "low",
    "high",      "reclaim",   "mood",       "close",      "housekeep"};

struct typed_operation {
  typed_kind kind = typed_kind::make;
  std::uint32_t dice = 0;

  /// The `i`th of four arguments, below `n`.
  std::size_t below(std::size_t n, unsigned i = 0) const {
    return n == 0 ? 0 : (dice >> (8 * i)) % 256 % n;
  }
};
inline std::ostream& operator<<(std::ostream& out, const typed_operation& o) {
  out << typed_names[static_cast<std::size_t>(o.kind)] << '(';
  for (unsigned i = 0; i < 4; ++i) out << o.below(256, i) << (i < 3 ? "," : ")");
  return out;
}

/// A pool to begin with.
struct typed_beginning {
  pool_options options;
};
inline std::ostream& operator<<(std::ostream& out, const typed_beginning& b) {
  print(out, b.options);
  return out << " at the end " << static_cast<int>(b.options.at_destroy);
}
template <class Below>
typed_beginning draw_typed_beginning(const Below& below) {
  pool_options o;
  o.name = "typed";
  o.align = draw_one<Below, std::size_t>(below, {0, 0, 0, 64, 1024});
  o.hard_limit = below(3) != 2 ? unlimited : below(60);
  o.low_watermark = below(4) != 3 ? 0 : below(30);
  o.high_watermark = below(3) != 2 ? unlimited : below(50);
  o.at_destroy = draw_one(below, {on_live::report, on_live::destroy, on_live::destroy});
  o.thread_cache = below(4) != 3;
  o.diagnostic = below(5) == 4;
  o.usage_log = below(5) == 4;
  o.idle_time = std::chrono::milliseconds(2000);
  return {o};
}

}  // namespace pool9::test
