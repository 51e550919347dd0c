// SPDX-License-Identifier: BSD-2-Clause
// From the target of a request to a path below the root of the file tree.
#pragma once
#include <climits>
#include <span>
#include <string_view>

namespace httpd {

/// Room for any path that the system opens, with its zero byte.
using path_room = char[PATH_MAX];

struct local_path {
  int status = 200;        ///< 200, or what to refuse the request with: 400, 403, 404, 414
  std::string_view text;   ///< relative to the root, without dots; a zero byte follows it
  bool directory = false;  ///< the target names a directory: it ended in a slash
};

/// Decodes `target`, drops its query and resolves `.` and `..`, into `room`.  The text never starts
/// with a slash and has no empty, `.` or `..` segment: by itself it cannot leave the root (symbolic
/// links are the file tree's concern).  The root itself is the empty text.
[[nodiscard]] local_path resolve_target(std::string_view target, std::span<char> room) noexcept;

/// The last segment of the target as sent, without the query: what a relative reference to the same
/// name starts with.
[[nodiscard]] std::string_view last_segment(std::string_view target) noexcept;

}  // namespace httpd
