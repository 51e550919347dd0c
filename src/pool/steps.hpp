// SPDX-License-Identifier: BSD-2-Clause
// What the steps of the engine (core.hpp) hand to each other and count.
#pragma once
#include <pool9/pool.hpp>
#include <span>

#include "base/os.hpp"
#include "pool/caller.hpp"

namespace pool9::inline v1::detail {

/// A get as its caller stated it.
struct request {
  std::span<void*> items;
  get_flags flags;
  const caller& by;
  std::uint64_t until = base::os::never;  // steady
  bool bulk = false;
  waiter* enqueue = nullptr;  // instead of waiting
#if defined(__cpp_lib_jthread)
  const std::stop_token* stop = nullptr;
#endif
};

/// What a get found last that could not be served at once.
enum class scarcity { none, at_limit, of_memory };

/// What a page source is asked for pages for.
enum class asking { to_grow, to_reserve };

/// What becomes of items that diagnostics object to.
enum class if_spoiled { keep, hand_out };

/// Figures that only grow.
struct counters {
  std::uint64_t fails = 0, waits = 0, timeouts = 0, cancels = 0, limit_hits = 0;
  std::uint64_t source_fails = 0, pages_requested = 0, pages_released = 0;
  std::uint64_t peak_out = 0, peak_out_time_ns = 0, last_growth_time_ns = 0;
  std::uint64_t peak_pages = 0;
  std::uint64_t recalls = 0, refills = 0, flushes = 0;
  std::uint64_t told_gets = 0, told_puts = 0;  // by read(): no figure ever goes back
  std::uint64_t misputs = 0;                   // counted as puts by magazines
  std::uint64_t wait_ns_total = 0, wait_histogram[32] = {};
};

/// A report in the making.  It ends with what to look at, if that is known.
struct telling {
  report_kind kind;
  const call_site& where;
  const char* function;  // what the caller is called where it gave no name
  const void* address;
  const char* text;
  const char* list = nullptr;  // more lines, each begun by a newline; else the log is shown
  misuse_kind what = misuse_kind::none;
  const void* item = nullptr;
  const char* look_at = nullptr;
};

/// What is said at the limit, and when it was said last.
struct paced_warning {
  limit_warning what;
  std::uint64_t said_at = 0;  // steady; 0: not yet

  /// What to say now, or nullptr.
  const char* due() noexcept;
};

/// A call into foreign code for the sake of a pool, for as long as it stands.
class inside {
 public:
  explicit inside(const core& c) noexcept;
  ~inside();
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  /// Whether the calling thread is in such a call for `c`.
  static bool of(const core& c) noexcept;

 private:
  const core& core_;
  const inside* const outer_;
};

}
