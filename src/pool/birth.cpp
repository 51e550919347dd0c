// SPDX-License-Identifier: BSD-2-Clause
#include "pool/birth.hpp"

#include <memory>

#include "base/arena.hpp"
#include "base/os.hpp"
#include "page/extent.hpp"

namespace pool9::inline v1::detail {

page::layout layout_of(const pool_options& o) noexcept {
  return page::layout({.size = o.item_size,
                       .align = o.align != 0 ? o.align : natural_align(o.item_size),
                       .align_offset = o.align_offset,
                       .page_size = o.page_size,
                       .red_zone = o.diagnostic ? red_zone : 0,
                       .system_page = base::os::page_size()});
}

void* memory_for_engine(std::size_t bytes, std::size_t align, const pool_options& o,
                        std::span<std::byte>* storage) noexcept {
  if (storage == nullptr) return base::arena::allocate(bytes);
  void* memory = storage->data();
  std::size_t space = storage->size();
  memory = std::align(align, bytes, memory, space);
  if (memory == nullptr) return nullptr;
  const std::span<std::byte> rest(static_cast<std::byte*>(memory) + bytes, space - bytes);
  if (page::extent_set::capacity(rest, layout_of(o), 1) == 0) return nullptr;
  *storage = rest;
  return memory;
}

}
