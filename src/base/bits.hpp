// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic on sizes and on single words.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

namespace pool9::base {

using word = std::uint64_t;
inline constexpr std::size_t word_bits = 64;

/// Requires: `unit` is a power of two.
constexpr std::size_t round_up(std::size_t n, std::size_t unit) noexcept {
  return (n + unit - 1) & ~(unit - 1);
}
constexpr std::size_t ceil_div(std::size_t n, std::size_t d) noexcept {
  return n / d + (n % d != 0 ? 1 : 0);
}
constexpr unsigned log2_of(std::size_t power_of_two) noexcept {
  return static_cast<unsigned>(std::countr_zero(power_of_two));
}
/// The lowest `n` bits set.  Requires: n <= 64.
constexpr word low_bits(std::size_t n) noexcept {
  return n >= word_bits ? ~word{0} : (word{1} << n) - 1;
}
/// std::rotr; its count is signed in one standard library and unsigned in the other.
constexpr word rotate_right(word w, unsigned n) noexcept {
  return w >> n | w << ((word_bits - n) % word_bits);
}
constexpr word bit(std::size_t i) noexcept { return word{1} << (i % word_bits); }

inline std::uintptr_t address_of(const void* p) noexcept {
  return reinterpret_cast<std::uintptr_t>(p);
}
inline void* pointer_to(std::uintptr_t a) noexcept { return reinterpret_cast<void*>(a); }

}
