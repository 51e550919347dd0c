// SPDX-License-Identifier: BSD-2-Clause
#include "conditional.hpp"

#include <algorithm>
#include <charconv>

#include "ascii.hpp"

namespace httpd {
namespace {

constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void two_digits(char* at, int n) noexcept {
  at[0] = static_cast<char>('0' + n / 10);
  at[1] = static_cast<char>('0' + n % 10);
}

/// Reads all of `text` as a number; nothing if it is none or too large.
std::optional<std::uint64_t> whole_number(std::string_view text) noexcept {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

}  // namespace

std::string_view format_http_date(std::time_t when,
                                  std::span<char, http_date_length + 1> room) noexcept {
  std::tm t{};
  gmtime_r(&when, &t);
  char* const p = room.data();
  std::copy_n("Day, 00 Mon 0000 00:00:00 GMT", http_date_length + 1, p);
  std::copy_n(days[t.tm_wday], 3, p);
  two_digits(p + 5, t.tm_mday);
  std::copy_n(months[t.tm_mon], 3, p + 8);
  two_digits(p + 12, (t.tm_year + 1900) / 100 % 100);
  two_digits(p + 14, (t.tm_year + 1900) % 100);
  two_digits(p + 17, t.tm_hour);
  two_digits(p + 20, t.tm_min);
  two_digits(p + 23, t.tm_sec);
  return {p, http_date_length};
}

std::optional<std::time_t> parse_http_date(std::string_view text) noexcept {
  char copy[48];  // longer than any date, and strptime() needs the zero byte
  if (text.size() >= sizeof copy) return std::nullopt;
  std::copy_n(text.data(), text.size(), copy);
  copy[text.size()] = '\0';
  for (const char* format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm t{};
    const char* const end = strptime(copy, format, &t);
    if (end != nullptr && *end == '\0') return timegm(&t);
  }
  return std::nullopt;
}

bool names_tag(std::string_view list, std::string_view tag) noexcept {
  while (!list.empty()) {
    std::string_view element = next_element(list);
    if (element == "*") return true;
    if (element.substr(0, 2) == "W/") element.remove_prefix(2);
    if (!element.empty() && element == tag) return true;
  }
  return false;
}

byte_range parse_range(std::string_view text, std::uint64_t size) noexcept {
  using enum byte_range::kind;
  const byte_range all{whole, 0, size};
  constexpr std::string_view unit = "bytes=";
  if (!same_ignoring_case(text.substr(0, unit.size()), unit)) return all;
  const std::string_view set = trimmed(text.substr(unit.size()));
  const std::size_t dash = set.find('-');
  if (dash == set.npos || set.find(',') != set.npos) return all;

  const auto first = whole_number(set.substr(0, dash));
  const auto last = whole_number(set.substr(dash + 1));
  if (dash == 0) {  // the last so many bytes
    if (!last) return all;
    if (*last == 0 || size == 0) return {unsatisfiable, 0, 0};
    const std::uint64_t length = std::min(*last, size);
    return {part, size - length, length};
  }
  if (!first || (!last && dash + 1 != set.size()) || (last && *last < *first)) return all;
  if (*first >= size) return {unsatisfiable, 0, 0};
  const std::uint64_t end = last && *last < size - 1 ? *last + 1 : size;
  return {part, *first, end - *first};
}

}  // namespace httpd
