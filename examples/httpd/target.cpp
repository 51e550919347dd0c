// SPDX-License-Identifier: BSD-2-Clause
#include "target.hpp"

#include "ascii.hpp"
#include "text_writer.hpp"

namespace httpd {
namespace {

std::string_view without_query(std::string_view target) noexcept {
  return target.substr(0, target.find('?'));
}

/// Appends the decoded segment; returns 200 or what is wrong with it.
int decode_segment(std::string_view segment, text_writer& out) noexcept {
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char c = segment[i];
    if (c == '#') return 400;  // a fragment is never sent
    if (c == '%') {
      if (segment.size() - i < 3) return 400;
      const int high = hex_value(segment[i + 1]);
      const int low = hex_value(segment[i + 2]);
      if (high < 0 || low < 0) return 400;
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (c == '\0') return 400;
      if (c == '/') return 404;  // no name has a slash in it
    }
    out << c;
  }
  return 200;
}

}  // namespace

local_path resolve_target(std::string_view target, std::span<char> room) noexcept {
  text_writer out(room.first(room.size() - 1));
  std::string_view rest = without_query(target);
  bool directory = true;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash before the segment
    const std::string_view raw = rest.substr(0, rest.find('/'));
    rest.remove_prefix(raw.size());

    const std::size_t before = out.size();
    if (before != 0) out << '/';
    const std::size_t start = out.size();
    if (const int status = decode_segment(raw, out); status != 200) return {status, {}, false};
    if (!out.complete()) return {414, {}, false};

    const std::string_view segment = out.text().substr(start);
    directory = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      if (before == 0) return {403, {}, false};
      const std::size_t parent = out.text().substr(0, before).rfind('/');
      out.cut_back(parent == std::string_view::npos ? 0 : parent);
    } else if (directory) {
      out.cut_back(before);
    }
  }
  room[out.size()] = '\0';
  return {200, out.text(), directory};
}

std::string_view last_segment(std::string_view target) noexcept {
  const std::string_view path = without_query(target);
  return path.substr(path.rfind('/') + 1);
}

}  // namespace httpd
