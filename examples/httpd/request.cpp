// SPDX-License-Identifier: BSD-2-Clause
#include "request.hpp"

#include <algorithm>
#include <optional>

#include "ascii.hpp"

namespace httpd {
namespace {

constexpr bool is_token(std::string_view s) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !s.empty() && std::all_of(s.begin(), s.end(), [=](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != others.npos;
  });
}
constexpr bool has_control(std::string_view s) noexcept {
  return std::any_of(s.begin(), s.end(), [](char c) { return is_control(c) && c != '\t'; });
}
constexpr bool is_number(std::string_view s) noexcept {
  return !s.empty() && std::all_of(s.begin(), s.end(), is_digit);
}

/// Takes a line off the front of `rest`, without its CR LF.  Requires: there is one.
std::string_view next_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

/// The path and query of a target in one of the two forms that name a file, or nothing.
std::optional<std::string_view> local_target(std::string_view target) noexcept {
  if (target.empty()) return std::nullopt;
  if (target.front() == '/') return target;
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == target.npos) return std::nullopt;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!same_ignoring_case(scheme, "http") && !same_ignoring_case(scheme, "https"))
    return std::nullopt;
  const std::size_t path = target.find_first_of("/?", scheme_end + 3);
  if (path == scheme_end + 3) return std::nullopt;
  if (path == target.npos || target[path] == '?') return "/";
  return target.substr(path);
}

/// What of a head decides about the connection and is not kept in the request.
class head_parser {
 public:
  parsed_head parse(std::string_view head) noexcept {
    while (head.front() == '\r' || head.front() == '\n') head.remove_prefix(1);
    request_line(next_line(head));
    while (status_ == 200) {
      const std::string_view line = next_line(head);
      if (line.empty()) break;
      field(line);
    }
    if (status_ == 200) judge();
    return {status_, request_};
  }

 private:
  void refuse(int status) noexcept { status_ = status; }

  void request_line(std::string_view line) noexcept {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == line.npos || first == last || has_control(line)) return refuse(400);
    const std::string_view verb = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if (!is_token(verb) || target.find_first_of(" \t") != target.npos) return refuse(400);
    version(line.substr(last + 1));
    if (status_ != 200) return;
    request_.verb = verb == "GET" ? method::get : verb == "HEAD" ? method::head : method::other;
    if (request_.verb == method::other) return;  // its target may have any form
    const auto local = local_target(target);
    if (!local) return refuse(400);
    request_.target = *local;
  }

  void version(std::string_view text) noexcept {
    const bool well_formed = text.size() == 8 && text.substr(0, 5) == "HTTP/" &&
                             is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
    if (!well_formed) return refuse(400);
    if (text[5] != '1') return refuse(505);
    request_.http_1_0 = text[7] == '0';
    request_.keep_alive = !request_.http_1_0;
  }

  void field(std::string_view line) noexcept {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon)) || has_control(line))
      return refuse(400);
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    const auto is = [&](std::string_view known) { return same_ignoring_case(name, known); };
    if (is("Host")) return host();
    if (is("Connection")) return connection(value);
    if (is("Content-Length")) return content_length(value);
    if (is("Transfer-Encoding")) has_encoding_ = true;
    if (is("If-None-Match")) request_.if_none_match = value;
    if (is("If-Modified-Since")) request_.if_modified_since = value;
    if (is("Range")) request_.range = value;
    if (is("If-Range")) request_.if_range = value;
  }

  void host() noexcept {
    if (has_host_) refuse(400);
    has_host_ = true;
  }
  void connection(std::string_view value) noexcept {
    while (!value.empty()) {
      const std::string_view option = next_element(value);
      if (same_ignoring_case(option, "close")) says_close_ = true;
      if (same_ignoring_case(option, "keep-alive")) request_.keep_alive = true;
    }
  }
  void content_length(std::string_view value) noexcept {
    if (!is_number(value) || (has_length_ && value != length_)) return refuse(400);
    has_length_ = true;
    length_ = value;
  }

  /// What no single line decides.
  void judge() noexcept {
    if (!has_host_ && !request_.http_1_0) return refuse(400);
    if (has_encoding_ && has_length_) return refuse(400);
    if (says_close_) request_.keep_alive = false;
    request_.has_body = has_encoding_ || length_.find_first_not_of('0') != length_.npos;
    if (request_.verb == method::other) return refuse(405);
    if (request_.has_body) return refuse(413);
  }

  int status_ = 200;
  request request_;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_encoding_ = false;
  bool says_close_ = false;
  std::string_view length_;
};

}  // namespace

std::size_t head_length(std::string_view bytes, std::size_t seen) noexcept {
  const std::size_t start = bytes.find_first_not_of("\r\n");
  if (start == bytes.npos) return 0;
  // The end is LF LF or LF CR LF, so its first byte may be among the last two that were seen.
  std::size_t at = bytes.find('\n', std::max(start, seen - std::min<std::size_t>(seen, 2)));
  for (; at != bytes.npos; at = bytes.find('\n', at + 1)) {
    const std::string_view next = bytes.substr(at + 1, 2);
    if (!next.empty() && next[0] == '\n') return at + 2;
    if (next == "\r\n") return at + 3;
  }
  return 0;
}

parsed_head parse_head(std::string_view head) noexcept { return head_parser().parse(head); }

}  // namespace httpd
