// SPDX-License-Identifier: BSD-2-Clause
#include "pool/poison.hpp"

#include <algorithm>
#include <cstring>
#include <pool9/pool.hpp>

namespace pool9::inline v1::detail {
namespace {

constexpr unsigned char free_byte = 0xdb;  // as a pointer it is none, as a count it is absurd
constexpr unsigned char zone_byte = 0xfe;

unsigned char* bytes_of(void* item) noexcept { return static_cast<unsigned char*>(item); }

/// The first of `n` bytes that is not as expected, or nullptr.
const void* first_other(const unsigned char* from, std::size_t n, unsigned char expected) noexcept {
  const auto* const found =
      std::find_if(from, from + n, [=](unsigned char b) { return b != expected; });
  return found == from + n ? nullptr : found;
}

}

void marks::fence(void* memory, std::size_t bytes) noexcept {
  std::memset(memory, zone_byte, bytes);
}

void marks::prepare_page(void* page, const page::layout& l) const noexcept {
  if (l.has_zones()) fence(page, l.page_size());
  for (std::size_t i = 0; i < l.per_page(); ++i)
    poison(base::pointer_to(l.address_of(base::address_of(page), i)));
}

void marks::prepare_storage(std::span<std::byte> items) const noexcept {
  const page::layout& l = pages_.stored_items();
  for (std::size_t i = 0; i < l.items_in(items.size()); ++i) {
    std::byte* const item = items.data() + i * l.stride();
    if (l.has_zones()) {
      fence(item - red_zone_before, red_zone_before);
      fence(item + size_, red_zone);
    }
    poison(item);
  }
}

void marks::poison(void* item) const noexcept { std::memset(item, free_byte, size_); }

finding marks::look_at_free(void* item) const noexcept {
  if (const void* const byte = first_other(bytes_of(item), size_, free_byte)) {
    poison(item);
    return {misuse_kind::written_after_put, item, byte};
  }
  return look_around(item);
}

finding marks::look_around(void* item) const noexcept {
  if (!pages_.has_zones(item)) return {};
  unsigned char* const front = bytes_of(item) - red_zone_before;
  unsigned char* const behind = bytes_of(item) + size_;
  if (const void* const byte = first_other(behind, red_zone, zone_byte)) {
    fence(behind, red_zone);
    return {misuse_kind::overrun, item, byte};
  }
  if (const void* const byte = first_other(front, red_zone_before, zone_byte)) {
    fence(front, red_zone_before);
    return {misuse_kind::underrun, item, byte};
  }
  return {};
}

}
