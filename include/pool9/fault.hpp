// SPDX-License-Identifier: BSD-2-Clause
// What a pool has to say: warnings, misuse and panics, and who is told.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {

/// Who called, for messages and the usage log.  The C functions pass their own name; a C file
/// compiled with POOL_DIAGNOSTIC adds its file and line.
struct call_site {
  const char* function = nullptr;
  const char* file = nullptr;
  int line = 0;
};

enum class report_kind {
  warning,  ///< nothing is broken: a limit was reached, say
  misuse,   ///< the caller did what no caller may do; the operation had no effect
  panic     ///< the program asked not to go on, or cannot
};

/// What was done to an item.  New ones go to the end.
enum class misuse_kind {
  none,               ///< the report is about something else
  null,               ///< a null pointer was put
  foreign,            ///< what was put is no pool's
  wrong_pool,         ///< what was put is another pool's
  interior,           ///< what was put points into a page, but not to the start of an item
  put_twice,          ///< the item was free already
  overrun,            ///< it was written behind its end
  underrun,           ///< it was written before its start
  written_after_put,  ///< it was written while it was free
  still_out,          ///< the pool was to end while items were out
  held_too_long       ///< an item is out for longer than pool_options::held_too_long
};

/// A get or a put of an item, as far as it is known.  Its pointers are valid during the call only.
struct item_event {
  call_site where = {};
  const void* const* stack = nullptr;  ///< return addresses, innermost first
  std::size_t n_stack = 0;
  std::uint64_t time_ns = 0;  ///< of the steady clock
  std::uint32_t thread = 0;   ///< the system's number for it; 0: not known
};

/// One message.  Everything it refers to is valid during the call only.  New fields go to the end.
struct report {
  report_kind kind;
  call_site where;
  std::string_view pool;  ///< its name; empty where no pool is known
  std::string_view text;  ///< the whole message, usage log included; no newline at its end
  const void* address;    ///< the item or page it is about, or nullptr
  misuse_kind misuse = misuse_kind::none;
  std::uint64_t pool_id = 0;             ///< pool_stats::id; 0 where no pool is known
  const void* item = nullptr;            ///< the item that is meant, where `address` is in one
  const item_event* last_get = nullptr;  ///< of that item, where diagnostics know it
  const item_event* last_put = nullptr;  ///< the same
};

/// Called with no lock held, on the thread that met it.  May return from a warning (ignored) and
/// from a misuse (the operation had no effect; a get returns nullptr); when it returns from a panic
/// the process aborts.
using report_handler = void (*)(const report&) noexcept;

/// Installs `h` (nullptr: the default, which prints, and aborts unless it is a warning); returns
/// the one before. Thread-safe.
[[gnu::visibility("default")]] report_handler set_report_handler(report_handler h) noexcept;

/// Hands `r` to the installed handler, as the pools do, and aborts if it is a panic.  Thread-safe.
[[gnu::visibility("default")]] void deliver(const report& r) noexcept;

}  // namespace v1
}  // namespace pool9
