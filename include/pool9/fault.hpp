// SPDX-License-Identifier: BSD-2-Clause
// What a pool has to say: warnings, misuse and panics, and who is told.
#pragma once
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

/// One message.  Everything it refers to is valid during the call only.
struct report {
  report_kind kind;
  call_site where;
  std::string_view pool;  ///< its name; empty where no pool is known
  std::string_view text;  ///< the whole message, usage log included; no newline at its end
  const void* address;    ///< the item or page it is about, or nullptr
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
