// SPDX-License-Identifier: BSD-2-Clause
// What sanitizers and Valgrind are told: free items, and the red zones around all, are nobody's.
//
// Memory that leaves the pool is shown again, so that whoever has it next finds no stale poison.
// Pages are roots of the leak check: what the items that are out point to is not leaked.
#include "base/sanitizer.hpp"
#include "pool/core.hpp"

namespace pool9::inline v1::detail {

namespace tool = base::sanitizer;

void core::hide_page(void* page) noexcept {
  tool::hide(page, layout.page_size());
  tool::add_root(page, layout.page_size());
}
void core::show_page(void* page) noexcept {
  tool::remove_root(page, layout.page_size());
  tool::show(page, layout.page_size());
}
void core::show_storage() noexcept {
  const std::size_t before = layout.has_zones() ? red_zone_before : 0;
  pages.for_each_storage([=](std::byte* p, std::size_t n) { tool::show(p - before, n + before); });
}

void core::show_all(void* item) const noexcept {
  const std::size_t before = layout.has_zones() ? red_zone_before : 0;
  tool::show(static_cast<std::byte*>(item) - before,
             before + item_size + (layout.has_zones() ? red_zone : 0));
}
void core::hide_all(void* item) const noexcept {
  const std::size_t before = layout.has_zones() ? red_zone_before : 0;
  tool::hide(static_cast<std::byte*>(item) - before,
             before + item_size + (layout.has_zones() ? red_zone : 0));
}
void core::tell_got(void* item) const noexcept {
  hide_all(item);
  tool::item_got(this, item, item_size);
}
void core::tell_still_out(void* item) const noexcept {
  hide_all(item);
  tool::show(item, item_size);
}
void core::hide_put(void* item) const noexcept {
  tool::item_put(this, item);
  hide_all(item);
}

}
