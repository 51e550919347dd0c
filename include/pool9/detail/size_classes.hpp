// SPDX-License-Identifier: BSD-2-Clause
// Which pool of a resource serves which blocks.  Not an interface.
//
//   fine      steps of 16 bytes up to 512; the first is for blocks of no bytes
//   coarse    four sizes to each doubling, up to 64 KiB
//   aligned   powers of two from 1 KiB, aligned to their size: for blocks of more than 512 bytes
//             that ask for more than a cache line, since the pages of such a pool have no colours
//
// Every block of a class is aligned to what divides its size (coarse ones to a cache line at most),
// so an over-aligned block is one whose size is rounded up to its alignment.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {
namespace detail {

struct size_classes {
  static constexpr std::size_t step = 16;
  static constexpr std::size_t most_fine = 512;      // bytes
  static constexpr std::size_t log2_of_quarter = 7;  // of most_fine
  static constexpr std::size_t most = 64 * 1024;
  static constexpr std::size_t colour_align = 64;

  static constexpr std::size_t n_fine = most_fine / step + 1;
  static constexpr std::size_t n_coarse = 4 * 7;  // 7 doublings from most_fine to most
  static constexpr std::size_t n_aligned = 7;
  static constexpr std::size_t count = n_fine + n_coarse + n_aligned;

  static constexpr bool is_fine(std::size_t bytes, std::size_t align) noexcept {
    return bytes <= most_fine && align <= step;
  }
  static constexpr std::size_t fine_index(std::size_t bytes) noexcept {
    return (bytes + step - 1) / step;
  }
  /// The class of the smallest blocks that will do; `count`: none will.
  static constexpr std::size_t index_of(std::size_t bytes, std::size_t align) noexcept {
    if (is_fine(bytes, align)) return fine_index(bytes);
    if (bytes > most || align > most) return count;
    const std::size_t n = (std::max<std::size_t>(bytes, 1) + align - 1) & ~(align - 1);
    if (n <= most_fine) return fine_index(n);
    if (n > most) return count;
    const auto doubling = static_cast<std::size_t>(std::bit_width((n - 1) / most_fine)) - 1;
    if (align > colour_align) return n_fine + n_coarse + doubling;
    // In quarters of the doubling's first size, which is a power of two: no division.
    const std::size_t from = most_fine << doubling, quarter_log = log2_of_quarter + doubling;
    return n_fine + 4 * doubling + ((n - 1 - from) >> quarter_log);
  }
  /// Bytes of a block.
  static constexpr std::size_t size_of(std::size_t index) noexcept {
    if (index < n_fine) return std::max<std::size_t>(index, 1) * step;
    const std::size_t i = index - n_fine;
    if (i >= n_coarse) return 2 * most_fine << (i - n_coarse);
    const std::size_t from = most_fine << i / 4;
    return from + (i % 4 + 1) * (from / 4);
  }
  static constexpr std::size_t align_of(std::size_t index) noexcept {
    const std::size_t size = size_of(index), divides = size & (~size + 1);
    const bool is_coarse = index >= n_fine && index < n_fine + n_coarse;
    return is_coarse ? std::min(divides, colour_align) : divides;
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace pool9
