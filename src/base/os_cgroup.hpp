// SPDX-License-Identifier: BSD-2-Clause
// Where Linux shows the process's own control group, version 2.
//
//   /proc/self/cgroup      0::/a/b
//   /proc/self/mountinfo   41 31 0:38 /a /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw
//                                     the part of the tree that is mounted, and where
//
//   so: /sys/fs/cgroup/b
#pragma once
#include <cstddef>
#include <string_view>

#include "base/text.hpp"

namespace pool9::base::os {

using path = text<1024>;

/// The lines of a file, in memory of its own.  A line that does not fit is cut.
class line_reader {
 public:
  explicit line_reader(const char* name) noexcept;
  ~line_reader();
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;
  /// Whether there is another line, which is valid until the next call.
  bool next(std::string_view& line) noexcept;

 private:
  bool read_more() noexcept;

  const int fd_;
  std::size_t begin_ = 0, end_ = 0;  // what was read and not returned yet
  bool skips_ = false;               // the rest of a line that was cut
  char buffer_[4096];
};

/// Appends the group's directory to `into`, which is empty; false: the process is in none, or no
/// mount shows it.  The names are those of the two files.
bool find_cgroup(const char* cgroup, const char* mountinfo, path& into) noexcept;

}
