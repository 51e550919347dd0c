// SPDX-License-Identifier: BSD-2-Clause
// A std::bad_alloc that says who had no memory for what.
#pragma once
#include <algorithm>
#include <new>
#include <string_view>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {
namespace detail {

class [[gnu::visibility("hidden")]] no_memory final : public std::bad_alloc {
 public:
  /// `text` is copied, and cut where it is too long.
  explicit no_memory(std::string_view text) noexcept {
    text.copy(text_, std::min(text.size(), sizeof text_ - 1));
  }
  [[nodiscard]] const char* what() const noexcept override { return text_; }

 private:
  char text_[160] = {};
};

}  // namespace detail
}  // namespace v1
}  // namespace pool9
