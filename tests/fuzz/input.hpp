// SPDX-License-Identifier: BSD-2-Clause
// Bytes as numbers: what a fuzzer gives, drawn from.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pool9::test {

/// Where the bytes end, all numbers are 0.
class input {
 public:
  input(const std::uint8_t* bytes, std::size_t n) : left_(bytes, n) {}

  explicit input(std::span<const std::uint8_t> all) : left_(all) {}

  bool is_empty() const { return left_.empty(); }
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const std::uint8_t first = left_.front();
    left_ = left_.subspan(1);
    return first;
  }
  /// Goes on behind the next `n` bytes, which it returns.
  input first(std::size_t n) {
    const auto some = left_.first(std::min(n, left_.size()));
    left_ = left_.subspan(some.size());
    return input(some);
  }
  /// A number of `n` bytes.
  std::uint32_t number(std::size_t n) {
    std::uint32_t all = 0;
    while (n-- != 0) all = all << 8 | byte();
    return all;
  }
  /// A number below `n`, of a byte or of two.
  std::size_t below(std::size_t n) { return number(n <= 256 ? 1 : 2) % n; }

 private:
  std::span<const std::uint8_t> left_;
};

/// What the first bytes of an input decide, and how long one operation is behind them: what the
/// mutator knows of inputs.
inline constexpr std::size_t head_bytes = 24, operation_bytes = 5;

}  // namespace pool9::test
