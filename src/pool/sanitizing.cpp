// SPDX-License-Identifier: BSD-2-Clause
#include "pool/sanitizing.hpp"

#include <pool9/pool.hpp>

#include "base/sanitizer.hpp"

namespace pool9::inline v1::detail {

namespace tool = base::sanitizer;

tool_view::tool_view(const page::layout& l, std::size_t item_size, bool is_told) noexcept
    : is_told_(is_told),
      page_size_(l.page_size()),
      item_size_(item_size),
      before_(l.has_zones() ? red_zone_before : 0),
      behind_(l.has_zones() ? red_zone : 0) {
  if (is_told_) tool::pool_born(this, before_);
}
tool_view::~tool_view() {
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
void tool_view::show_storage(const page::page_set& pages) const noexcept {
  pages.for_each_storage(
      [this](std::byte* p, std::size_t n) { tool::show(p - before_, n + before_); });
}

void tool_view::show_all(void* item) const noexcept {
  tool::show(static_cast<std::byte*>(item) - before_, before_ + item_size_ + behind_);
}
void tool_view::hide_all(void* item) const noexcept {
  tool::hide(static_cast<std::byte*>(item) - before_, before_ + item_size_ + behind_);
}
void tool_view::tell_got(void* item) const noexcept {
  hide_all(item);
  tool::item_got(this, item, item_size_);
}
void tool_view::tell_still_out(void* item) const noexcept {
  hide_all(item);
  tool::show(item, item_size_);
}
void tool_view::hide_put(void* item) const noexcept {
  tool::item_put(this, item);
  hide_all(item);
}

}
