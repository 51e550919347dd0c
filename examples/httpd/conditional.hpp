// SPDX-License-Identifier: BSD-2-Clause
// Dates, entity tags and byte ranges: how a client asks for what it does not have yet.
#pragma once
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string_view>

namespace httpd {

inline constexpr std::size_t http_date_length = 29;

/// Writes "Sun, 06 Nov 1994 08:49:37 GMT" into `room`, which has space for a zero byte as well.
std::string_view format_http_date(std::time_t when,
                                  std::span<char, http_date_length + 1> room) noexcept;

/// Reads any of the three formats that HTTP has had.
[[nodiscard]] std::optional<std::time_t> parse_http_date(std::string_view text) noexcept;

/// Returns whether `list`, the value of If-None-Match, names `tag` (with its quotes) or anything at
/// all.  Weak comparison: a W/ in front makes no difference.
[[nodiscard]] bool names_tag(std::string_view list, std::string_view tag) noexcept;

struct byte_range {
  enum class kind { whole, part, unsatisfiable };
  kind what = kind::whole;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Reads the value of Range for a file of `size` bytes.  More than one range, other units and what
/// makes no sense are ignored, as the standard allows: the whole file.
[[nodiscard]] byte_range parse_range(std::string_view text, std::uint64_t size) noexcept;

}  // namespace httpd
