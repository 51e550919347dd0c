// SPDX-License-Identifier: BSD-2-Clause
// Text into memory that is already there: what heads, listings and reports are written with.
#pragma once
#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

namespace httpd {

/// Appends to `room`; what does not fit any more is dropped, and complete() says so.
class text_writer {
 public:
  explicit text_writer(std::span<char> room) noexcept : room_(room) {}

  text_writer& operator<<(std::string_view text) noexcept {
    const std::size_t n = std::min(text.size(), room_.size() - used_);
    std::copy_n(text.data(), n, room_.data() + used_);
    used_ += n;
    complete_ = complete_ && n == text.size();
    return *this;
  }
  text_writer& operator<<(char c) noexcept { return *this << std::string_view(&c, 1); }
  template <std::unsigned_integral Number>
  text_writer& operator<<(Number n) noexcept {
    return number(n, 10);
  }
  text_writer& hex(std::size_t n) noexcept { return number(n, 16); }

  [[nodiscard]] std::string_view text() const noexcept { return {room_.data(), used_}; }
  [[nodiscard]] std::size_t size() const noexcept { return used_; }
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  /// Forgets what was written after the first `size` bytes.
  void cut_back(std::size_t size) noexcept {
    used_ = std::min(used_, size);
    complete_ = true;
  }

 private:
  text_writer& number(unsigned long long n, int base) noexcept {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n, base).ptr;
    return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
  }

  std::span<char> room_;
  std::size_t used_ = 0;
  bool complete_ = true;
};

}  // namespace httpd
