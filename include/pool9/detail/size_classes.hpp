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
#include <array>
#include <bit>
#include <cstddef>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {
namespace detail {

struct size_classes {
  static constexpr std::size_t step = 16;
  static constexpr std::size_t most_fine = 512;  // bytes
  static constexpr std::size_t quarter = most_fine / 4;
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
    if (align <= colour_align && bytes > most_fine) return coarse[(bytes - 1) / quarter];
    const std::size_t n = (std::max<std::size_t>(bytes, 1) + align - 1) & ~(align - 1);
    if (n <= most_fine) return fine_index(n);
    return n_fine + n_coarse + static_cast<std::size_t>(std::bit_width((n - 1) / most_fine)) - 1;
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

 private:
  /// The coarse class for each number of quarters, rounded up, less one: all coarse sizes are whole
  /// quarters.  A table, since to compute it takes as long as the rest of a get.
  static const std::array<unsigned char, most / quarter> coarse;
};

inline constexpr std::array<unsigned char, size_classes::most / size_classes::quarter>
    size_classes::coarse = [] {
      std::array<unsigned char, most / quarter> of{};
      std::size_t index = n_fine;
      for (std::size_t i = 0; i < of.size(); ++i) {
        if (size_of(index) <= i * quarter) ++index;
        of[i] = static_cast<unsigned char>(index);
      }
      return of;
    }();

}  // namespace detail
}  // namespace v1
}  // namespace pool9
