// SPDX-License-Identifier: BSD-2-Clause
// Memory to prime pools with, at every misalignment, with guards around that tell whether more of
// it was written than the test gave away.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pool9::test {

class guarded_storage {
 public:
  /// `bytes` bytes whose address is `misalignment` modulo 4096.
  guarded_storage(std::size_t bytes, std::size_t misalignment)
      : bytes_(bytes), memory_(bytes + 2 * (guard + 4096), fill) {
    const auto first = reinterpret_cast<std::uintptr_t>(memory_.data()) + guard;
    const std::size_t to_boundary = (4096 - first % 4096) % 4096;
    begin_ = memory_.data() + guard + to_boundary + misalignment % 4096;
  }
  guarded_storage(const guarded_storage&) = delete;
  guarded_storage& operator=(const guarded_storage&) = delete;

  char* data() { return begin_; }
  std::size_t size() const { return bytes_; }
  /// Whether nothing outside was written.
  bool is_intact() const {
    const auto untouched = [](const char* first, const char* last) {
      return std::all_of(first, last, [](char c) { return c == fill; });
    };
    return untouched(memory_.data(), begin_) &&
           untouched(begin_ + bytes_, memory_.data() + memory_.size());
  }
  bool holds(const void* p, std::size_t bytes) const {
    const auto* c = static_cast<const char*>(p);
    return c >= begin_ && c + bytes <= begin_ + bytes_;
  }

 private:
  static constexpr std::size_t guard = 64;
  static constexpr char fill = '\x5a';
  std::size_t bytes_;
  std::vector<char> memory_;
  char* begin_;
};

}  // namespace pool9::test
