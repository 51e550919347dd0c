// SPDX-License-Identifier: BSD-2-Clause
// Operations for pools with thread caches: what to do, which thread does it, and a number from
// which the arguments are drawn.
#pragma once
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
  close,
  low_watermark,
  misput,
  housekeep
};
inline constexpr std::array cached_names{
    "get",      "timed_get",   "get_many", "get_all",    "get_bulk", "put",      "put_many",
    "put_bulk", "enqueue",     "cancel",   "end_thread", "prime",    "high",     "hard_limit",
    "reclaim",  "source_mood", "close",    "low",        "misput",   "housekeep"};

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

  operator const pool_options&() const { return options; }
};
inline std::ostream& operator<<(std::ostream& out, const cached_beginning& b) {
  return print(out, b.options);
}

/// Any pool that makes sense.  `below(n)` draws a number below `n`.
template <class Below>
pool_options draw_cached_options(const Below& below) {
  pool_options o;
  o.name = "model";
  o.idle_time = draw_one(below, {never_idle, never_idle, std::chrono::milliseconds(2000)});
  o.item_size = draw_one<Below, std::size_t>(below, {16, 64, 200, 512, 2048});
  o.page_size = draw_one<Below, std::size_t>(below, {2048, 4096, 16'384});
  o.hard_limit = below(4) == 0 ? unlimited : 60 + below(340);
  o.high_watermark = below(5) != 4 ? unlimited : below(300);
  o.reserve = std::min(below(2) == 0 ? 0 : below(200), o.hard_limit);
  return o;
}

}  // namespace pool9::test
