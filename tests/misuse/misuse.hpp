// SPDX-License-Identifier: BSD-2-Clause
// What the tests of misuse have in common.
#pragma once
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "pool/pools.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {

/// POOL9_OPTIONS is `value` while it lives.
class environment {
 public:
  explicit environment(const char* value) {
    if (const char* const now = std::getenv(name)) before_ = now;
    setenv(name, value, 1);
  }
  ~environment() { setenv(name, before_.c_str(), 1); }
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

 private:
  static constexpr const char* name = "POOL9_OPTIONS";
  std::string before_;
};

/// The lines of `text` but those of stacks, with what differs between runs left out: an address is
/// @, a time or a thread is #.
inline std::string plain(std::string_view text) {
  std::string out;
  const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\n'; };
  for (std::size_t i = 0; i < text.size();) {
    const bool starts_line = i == 0 || text[i - 1] == '\n';
    if (starts_line && text.substr(i, 4) == "    ") {
      while (at(i) != '\n') ++i;
      if (i < text.size()) ++i;
    } else if (text.substr(i, 2) == "0x") {
      i += 2;
      while (std::isxdigit(at(i)) != 0) ++i;
      out += '@';
    } else if (std::isdigit(at(i)) != 0) {
      std::size_t end = i;
      bool is_time = false;
      for (; std::isdigit(at(end)) != 0 || (at(end) == '.' && std::isdigit(at(end + 1)) != 0);
           ++end)
        is_time = is_time || at(end) == '.';
      const bool is_thread = out.ends_with("thread ");
      out += is_time || is_thread ? "#" : std::string(text.substr(i, end - i));
      i = end;
    } else {
      out += text[i++];
    }
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i <= text.size();) {
    const std::size_t end = std::min(text.find('\n', i), text.size());
    lines.push_back(text.substr(i, end - i));
    i = end + 1;
  }
  return lines;
}

/// Hides from the compiler what is put.
inline void* hidden(void* p) {
  void* volatile v = p;
  return v;
}

inline std::string held_by(const pool& p, std::chrono::nanoseconds age = {}) {
  std::string text;
  p.report_held(
      [](void* context, std::string_view line) {
        static_cast<std::string*>(context)->append(line).append("\n");
      },
      &text, age);
  return text;
}

}  // namespace pool9::test
