// SPDX-License-Identifier: BSD-2-Clause
#include "pool/birth.hpp"

#include <memory>

#include "base/arena.hpp"
#include "base/os.hpp"
#include "base/sanitizer.hpp"
#include "page/extent.hpp"

namespace pool9::inline v1::detail {

namespace {

/// Whether the program asked for red zones.  Its storage has room for them then.
bool wants_red_zones(const pool_options& given, const pool_options& o) noexcept {
  return given.diagnostic && given.red_zones && !o.use_malloc;
}

/// Whether items in pages have some.  Where the program itself did not ask, they must fit.
bool has_red_zones(const pool_options& given, const pool_options& o) noexcept {
  if (o.use_malloc) return false;
  if (wants_red_zones(given, o)) return true;
  if (!o.diagnostic && !o.sanitize) return false;
  bool fits = true;
  pool_options with = given;
  with.diagnostic = with.red_zones = true;
  check_options(with, [&](const char*, std::uint64_t, std::string_view) { fits = false; });
  return fits;
}

page::layout layout_of(const pool_options& o, bool with_red_zones) noexcept {
  return page::layout({.size = o.item_size,
                       .align = o.align != 0 ? o.align : natural_align(o.item_size),
                       .align_offset = o.align_offset,
                       .page_size = o.page_size,
                       .red_zone = with_red_zones ? red_zone : 0,
                       .system_page = base::os::page_size(),
                       .before = with_red_zones ? red_zone_before : 0});
}

}

pool_options overridden(pool_options o, const overrides& by) noexcept {
  // What lies elsewhere than the pages of the program's own making may not do for it.
  const bool may_lie_anywhere = o.source == nullptr && o.page_size == 0;
  o.use_malloc = o.use_malloc || (by.use_malloc && may_lie_anywhere);
  o.diagnostic = o.diagnostic || by.diagnostic || o.use_malloc;
  o.usage_log = o.usage_log || by.usage_log;
  o.sanitize = o.sanitize && by.sanitize && !o.use_malloc && base::sanitizer::present();
  o.guard_one_in = by.guard_one_in.value_or(o.guard_one_in);
  if (!may_lie_anywhere) o.guard_one_in = 0;
  o.quarantine = o.use_malloc ? 0 : by.quarantine.value_or(o.quarantine);
  if (by.held_too_long) o.held_too_long = decltype(o.held_too_long)(*by.held_too_long);
  return o;
}

layouts layouts_of(const pool_options& given, const pool_options& o) noexcept {
  return {.paged = layout_of(o, has_red_zones(given, o)),
          .stored = layout_of(o, wants_red_zones(given, o))};
}

void* memory_for_engine(std::size_t bytes, std::size_t align, const page::layout& l,
                        std::span<std::byte>* storage) noexcept {
  if (storage == nullptr) return base::arena::allocate(bytes);
  void* memory = storage->data();
  std::size_t space = storage->size();
  memory = std::align(align, bytes, memory, space);
  if (memory == nullptr) return nullptr;
  const std::span<std::byte> rest(static_cast<std::byte*>(memory) + bytes, space - bytes);
  if (page::extent_set::capacity(rest, l, 1) == 0) return nullptr;
  *storage = rest;
  return memory;
}

}
