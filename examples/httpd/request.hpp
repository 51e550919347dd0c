// SPDX-License-Identifier: BSD-2-Clause
// The head of an HTTP/1.x request: where it ends, and what it says.
//
// Pure functions over bytes.  A request refers to the bytes it was parsed from and copies nothing,
// so it is as short-lived as they are.
//
// Strict where leniency is how requests are smuggled: folded lines, spaces before the colon,
// control characters and two different lengths are refused.  A line may end in LF alone.
#pragma once
#include <cstddef>
#include <string_view>

namespace httpd {

enum class method { get, head, other };

struct request {
  method verb = method::other;
  std::string_view target;  ///< path and query as sent, still encoded; starts with a slash
  bool http_1_0 = false;
  bool keep_alive = true;  ///< what the client wants
  bool has_body = false;
  std::string_view if_none_match;
  std::string_view if_modified_since;
  std::string_view range;
  std::string_view if_range;
};

/// Returns the length of the first head in `bytes`, with the empty line that ends it and any before
/// it; 0 if its end has not come yet.  `seen`: bytes in which an earlier call found no end.
[[nodiscard]] std::size_t head_length(std::string_view bytes, std::size_t seen = 0) noexcept;

struct parsed_head {
  int status = 200;  ///< 200, or what to refuse it with: 400, 405, 413, 505
  request what;      ///< as far as it was understood
};

/// Reads a whole head, as head_length() found it.
[[nodiscard]] parsed_head parse_head(std::string_view head) noexcept;

}  // namespace httpd
