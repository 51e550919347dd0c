// SPDX-License-Identifier: BSD-2-Clause
// How messages speak of places and times.
#pragma once
#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/text.hpp"
#include "pool/ledger.hpp"

namespace pool9::inline v1::detail {

/// What a report may take of a screen of 24 rows, with its kind before it, and a prompt below.
inline constexpr std::size_t columns = 80, most_rows = 22;
/// How many rows of a screen these lines take.
inline std::size_t rows_of(std::string_view lines) noexcept {
  std::size_t n = 0;
  for (std::size_t end = 0;; lines.remove_prefix(end + 1)) {
    end = std::min(lines.find('\n'), lines.size());
    n += std::max<std::size_t>(1, (end + columns - 1) / columns);
    if (end == lines.size()) return n;
  }
}

/// A frame of a stack, in a row of its own.
struct frame_name {
  explicit frame_name(const void* address) noexcept {
    base::os::name_address(address, text, sizeof text);
  }
  char text[columns - 4];  // with a zero at its end
};

/// "file:line"; of a long path the end, so that no caller pushes the rest off the screen.
template <std::size_t Size>
void add_place(base::text<Size>& t, const char* file, int line) noexcept {
  constexpr std::size_t most = 80;
  const std::size_t n = std::strlen(file);
  t.add("%s%s:%d", n > most ? "..." : "", n > most ? file + (n - most) : file, line);
}

/// " at file:line", " by function", or nothing.
template <std::size_t Size>
void add_site(base::text<Size>& t, const call_site& where) noexcept {
  if (where.file != nullptr) {
    add_place(t.add(" at "), where.file, where.line);
  } else if (where.function != nullptr) {
    t.add(" by %.80s", where.function);
  }
}

/// The innermost `most` frames of the stack, each in a line that begins with `begin`.
template <std::size_t Size>
void add_stack(base::text<Size>& t, const ledger::event& e, const char* begin,
               std::size_t most) noexcept {
  for (std::size_t i = 0; i < std::min<std::size_t>(e.n_stack, most); ++i)
    t.add("%s    %s", begin, frame_name(e.stack[i]).text);
}

/// What reports end with, of what both engines may meet.
namespace look {
inline constexpr const char* at_source =
    "the page source: a page is aligned to its size, and given once until it goes back";
inline constexpr const char* at_closer =
    "who ends it there: a pool ends when no call on it is in progress";
inline constexpr const char* at_memory =
    "the process's memory limits, and a reserve for what must not fail";
inline constexpr const char* at_reports_before = "the reports before this one";
inline constexpr const char* at_pointer =
    "where the pointer comes from: this pool has given no item out";
}

constexpr double in_seconds(std::uint64_t ns) noexcept { return static_cast<double>(ns) / 1e9; }

}
