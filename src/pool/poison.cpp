// SPDX-License-Identifier: BSD-2-Clause
#include "pool/poison.hpp"

#include <algorithm>
#include <cstring>
#include <pool9/pool.hpp>

namespace pool9::inline v1::detail {
namespace {

constexpr unsigned char free_byte = 0xdb;  // as a pointer it is none, as a count it is absurd
constexpr unsigned char guard_byte = 0xfe;

const void* first_other(const void* from, std::size_t n, unsigned char expected) noexcept {
  const auto* const bytes = static_cast<const unsigned char*>(from);
  const auto* const found =
      std::find_if(bytes, bytes + n, [=](unsigned char b) { return b != expected; });
  return found == bytes + n ? nullptr : found;
}

}

void poison(void* item, std::size_t extent) noexcept { std::memset(item, free_byte, extent); }

const void* first_unpoisoned(const void* item, std::size_t extent) noexcept {
  return first_other(item, extent, free_byte);
}
void guard(void* item, std::size_t size) noexcept {
  std::memset(static_cast<std::byte*>(item) + size, guard_byte, red_zone);
}
const void* first_unguarded(const void* item, std::size_t size) noexcept {
  return first_other(static_cast<const std::byte*>(item) + size, red_zone, guard_byte);
}

}
