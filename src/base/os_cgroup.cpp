// SPDX-License-Identifier: BSD-2-Clause
#include "base/os_cgroup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pool9::base::os {

line_reader::line_reader(const char* name) noexcept : fd_(open(name, O_RDONLY | O_CLOEXEC)) {}
line_reader::~line_reader() {
  if (fd_ >= 0) close(fd_);
}

bool line_reader::read_more() noexcept {
  std::memmove(buffer_, buffer_ + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  const ssize_t n = fd_ < 0 ? 0 : read(fd_, buffer_ + end_, sizeof buffer_ - end_);
  if (n <= 0) return false;
  end_ += static_cast<std::size_t>(n);
  return true;
}

bool line_reader::next(std::string_view& line) noexcept {
  for (;;) {
    const std::string_view rest(buffer_ + begin_, end_ - begin_);
    const std::size_t length = rest.find('\n');
    const bool is_whole = length != std::string_view::npos;
    if (!is_whole && rest.size() < sizeof buffer_ && read_more()) continue;
    if (rest.empty()) return false;
    line = rest.substr(0, length);
    begin_ += is_whole ? length + 1 : rest.size();
    if (!std::exchange(skips_, !is_whole)) return true;
  }
}

namespace {

/// Removes the first word, which ends at a space, and returns it.
std::string_view take_word(std::string_view& line) noexcept {
  const std::size_t n = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, n);
  line.remove_prefix(std::min(n + 1, line.size()));
  return word;
}

constexpr bool is_octal(char c) noexcept { return c >= '0' && c <= '7'; }

/// Appends a name in which a backslash and three octal digits stand for what would end a word.
void add_unescaped(path& into, std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view code = name.substr(i, 4);
    char c = name[i];
    if (c == '\\' && code.size() == 4 && std::all_of(code.begin() + 1, code.end(), is_octal)) {
      c = static_cast<char>((code[1] - '0') * 64 + (code[2] - '0') * 8 + (code[3] - '0'));
      i += 3;
    }
    into.add("%c", c);
  }
}

/// Takes `root`, a directory, from the front of `name`, if that lies there.
bool take_root(std::string_view root, std::string_view& name) noexcept {
  if (root == "/") return true;
  if (!name.starts_with(root)) return false;
  const std::string_view rest = name.substr(root.size());
  if (!rest.empty() && rest.front() != '/') return false;
  name = rest;
  return true;
}

}

bool find_cgroup(const char* cgroup, const char* mountinfo, path& into) noexcept {
  path own;
  std::string_view line;
  for (line_reader lines(cgroup); lines.next(line);)
    if (line.starts_with("0::")) own.add("%.*s", static_cast<int>(line.size() - 3), &line[3]);
  // Above the root of a namespace of groups nothing is to be seen.
  if (own.view().empty() || own.view().find("/..") != std::string_view::npos) return false;
  for (line_reader lines(mountinfo); lines.next(line);) {
    const std::size_t behind = line.find(" - ");
    if (behind == std::string_view::npos || !line.substr(behind + 3).starts_with("cgroup2 "))
      continue;
    for (int i = 0; i < 3; ++i) take_word(line);
    const std::string_view root = take_word(line), mounted_at = take_word(line);
    std::string_view name = own.view();
    if (!take_root(root, name)) continue;
    add_unescaped(into, mounted_at);
    into.add("%.*s", static_cast<int>(name.size()), name.data());
    return true;
  }
  return false;
}

}
