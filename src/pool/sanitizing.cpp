// SPDX-License-Identifier: BSD-2-Clause
#include "pool/sanitizing.hpp"

#include <pool9/pool.hpp>

#include "base/sanitizer.hpp"

namespace pool9::inline v1::detail {

namespace tool = base::sanitizer;

tool_view::tool_view(const page::page_set& pages, std::size_t item_size, bool is_told) noexcept
    : is_told_(is_told),
      pages_(pages),
      page_size_(pages.items().page_size()),
      item_size_(item_size) {
  if (is_told_) tool::pool_born(this, pages.items().has_zones() ? red_zone_before : 0);
}
void tool_view::pool_ends() const noexcept {
  if (is_told_) tool::pool_ended(this);
}

void tool_view::page_came(void* page) const noexcept {
  if (is_told_) tool::hide(page, page_size_);
  tool::add_root(page, page_size_);
}
void tool_view::page_goes(void* page) const noexcept {
  tool::remove_root(page, page_size_);
  if (is_told_) tool::show(page, page_size_);
}
void tool_view::hide_storage(std::span<std::byte> items) const noexcept {
  if (!items.empty()) tool::hide(items.data(), items.size());
}
void tool_view::show_storage() const noexcept {
  const std::size_t before = pages_.stored_items().has_zones() ? red_zone_before : 0;
  pages_.for_each_storage([=](std::byte* p, std::size_t n) { tool::show(p - before, n + before); });
}

std::span<const std::byte> tool_view::all_of(const void* item) const noexcept {
  const auto* const first = static_cast<const std::byte*>(item);
  if (!pages_.has_zones(item)) return {first, item_size_};
  return {first - red_zone_before, red_zone_before + item_size_ + red_zone};
}

void tool_view::show_all(void* item) const noexcept {
  const auto all = all_of(item);
  tool::show(all.data(), all.size());
}
void tool_view::hide_all(void* item) const noexcept {
  const auto all = all_of(item);
  tool::hide(all.data(), all.size());
}
void tool_view::tell_got(void* item) const noexcept {
  hide_all(item);
  if (is_as_in_pages(item)) return tool::item_got(this, item, item_size_);
  tool::show_empty(item, item_size_);
}
void tool_view::tell_still_out(void* item) const noexcept {
  hide_all(item);
  tool::show(item, item_size_);
}
void tool_view::hide_put(void* item) const noexcept {
  if (is_as_in_pages(item)) tool::item_put(this, item);
  hide_all(item);
}

}
