// SPDX-License-Identifier: BSD-2-Clause
// A message under construction, in memory of its own: reports must not allocate.
#pragma once
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <string_view>

namespace pool9::base {

template <std::size_t Size>
class text {
 public:
  /// Appends as printf does; what does not fit is cut.
  [[gnu::format(printf, 2, 3)]] text& add(const char* format, ...) noexcept {
    va_list args;
    va_start(args, format);
    const int n = std::vsnprintf(chars_ + length_, Size - length_, format, args);
    va_end(args);
    if (n > 0) length_ += static_cast<std::size_t>(n);
    if (length_ >= Size) length_ = Size - 1;
    return *this;
  }
  std::string_view view() const noexcept { return {chars_, length_}; }

 private:
  char chars_[Size] = {};
  std::size_t length_ = 0;
};

}
