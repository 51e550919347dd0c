// SPDX-License-Identifier: BSD-2-Clause
#include "page/page_set.hpp"

#include "base/arena.hpp"

namespace pool9::page {

using base::address_of;
using base::pointer_to;
using base::word;
using base::word_bits;

void* page_set::take_elsewhere() noexcept {
  if (n_free_ == 0) return nullptr;
  if (extent* const e = extents_.with_free()) {
    --n_free_;
    return extents_.take(*e, stored_);
  }
  vein_region_ = regions_[regions_.with_free.first()];
  const std::size_t w = vein_region_->items.first_word();
  vein_ = &vein_region_->item_word(w);
  vein_bit_ = w * word_bits;
  return take();
}

void* page_set::opens_page(region& r, std::size_t b) noexcept {
  n_empty_min_ = std::min(n_empty_min_, --n_empty_);
  if (opened_ != 0) [[unlikely]]
    settle_opened();
  opened_ = shape_.page_at(r, b);
  return *vein_ == 0 ? drains_word(r, b) : pointer_to(shape_.address_of(r, b));
}
void page_set::settle_opened() noexcept {
  if (opened_ == 0) return;
  region& r = *regions_.find(opened_ >> shape_.log());
  if (r.empty.erase(shape_.page_of(opened_))) regions_.with_empty.erase(r.index);
  opened_ = 0;
}
give_result page_set::empties_page(region& r, std::size_t b) noexcept {
  ++n_empty_;
  if (opened_ == shape_.page_at(r, b)) {
    opened_ = 0;
  } else if (r.empty.insert(shape_.page_of_bit(b))) {
    regions_.with_empty.insert(r.index);
  }
  return give_result::ok_page_empty;
}
void* page_set::drains_word(region& r, std::size_t b) noexcept {
  if (r.items.word_drained(b / word_bits)) regions_.with_free.erase(r.index);
  return pointer_to(shape_.address_of(r, b));
}
give_result page_set::fills_word(region& r, std::size_t b, word after, std::size_t n) noexcept {
  if (r.items.word_filled(b / word_bits)) regions_.with_free.insert(r.index);
  return shape_.gave(r, after, b, n) ? empties_page(r, b) : give_result::ok;
}

std::size_t page_set::give_some(std::span<void* const> given) noexcept {
  const unsigned shift = items().page_shift();
  std::size_t i = 0;
  while (i != given.size()) {
    const bool neighbours =
        i + 1 != given.size() && address_of(given[i]) >> shift == address_of(given[i + 1]) >> shift;
    std::size_t n = neighbours ? give_run(given.subspan(i)) : 0;
    if (n == 0) [[likely]] {
      if (give(given[i]) != give_result::ok) break;
      n = 1;
    }
    i += n;
  }
  return i;
}

// Gives items from the front that lie in one page and one word, which is written and asked about
// once; 0: the first is no such item.
std::size_t page_set::give_run(std::span<void* const> given) noexcept {
  const region_shape shape = shape_;  // what is stored below cannot change it
  const region_shape::spot first = shape.spot_of(address_of(given[0]));
  region* const r = regions_.find(first.number);
  if (r == nullptr || first.bit == layout::no_item) return 0;
  const std::uintptr_t page = shape.items().page_of(first.address);
  word& bits = r->item_word(first.bit / word_bits);
  const word before = bits;
  if (shape.field(before, first.bit) == 0 && !shape.is_backed(*r, shape.page_of(page))) return 0;
  word after = before;
  std::size_t n = 0;
  for (; n < given.size(); ++n) {
    const std::uintptr_t a = address_of(given[n]);
    const std::size_t b = shape.spot_of(a).bit;
    if (shape.items().page_of(a) != page || b / word_bits != first.bit / word_bits) break;
    if ((after & base::bit(b)) != 0) break;
    after |= base::bit(b);
  }
  if (n == 0) return 0;
  bits = after;
  n_free_ += n;
  if (before == 0) {
    fills_word(*r, first.bit, after, n);
  } else if (shape.gave(*r, after, first.bit, n)) {
    empties_page(*r, first.bit);
  }
  return n;
}

page_set::place page_set::locate(std::uintptr_t a) const noexcept {
  region* const r = regions_.find(a >> shape_.log());
  if (r != nullptr) {
    const std::size_t p = shape_.page_of(a);
    const std::size_t i = items().index_of(a);
    const std::size_t b = shape_.bit_of(a, i);
    // A free bit says that the page is here, so only a used one has to ask.
    if (i != layout::no_item && r->items.contains(b)) return {give_result::already_free};
    if (shape_.is_backed(*r, p))
      return {i == layout::no_item ? give_result::interior : give_result::ok};
  }
  if (extent* const e = extents_.find(a)) {
    const std::size_t i = extent_set::index_of(*e, a, stored_);
    if (i == layout::no_item) return {give_result::interior};
    if (e->items.contains(i)) return {give_result::already_free};
    return {give_result::ok, e, i};
  }
  return {give_result::foreign};
}

give_result page_set::give_elsewhere(std::uintptr_t a) noexcept {
  const place at = locate(a);  // which finds storage, or what is wrong
  if (at.state != give_result::ok) return at.state;
  ++n_free_;
  extents_.give(*at.e, at.bit);
  return give_result::ok;
}

give_result page_set::ask(const void* p) const noexcept { return locate(address_of(p)).state; }

void* page_set::item_around(const void* p) const noexcept {
  const std::uintptr_t a = address_of(p);
  const std::uintptr_t page = items().page_of(a);
  const region* const r = regions_.find(a >> shape_.log());
  const extent* const e = extents_.find(a);
  const bool in_page = r != nullptr && shape_.is_backed(*r, shape_.page_of(a));
  if (!in_page && e == nullptr) return nullptr;
  const std::uintptr_t first = in_page ? items().address_of(page, 0) : e->first;
  const std::size_t most = in_page ? items().per_page() : e->n_items;
  const std::size_t stride = in_page ? items().stride() : stored_.stride();
  const std::size_t i = (a - first) / stride;
  return a >= first && i < most ? pointer_to(first + i * stride) : nullptr;
}

bool page_set::owns(const void* p) const noexcept {
  const std::uintptr_t a = address_of(p);
  const region* const r = regions_.find(a >> shape_.log());
  return (r != nullptr && shape_.is_backed(*r, shape_.page_of(a))) || extents_.find(a) != nullptr;
}

adopt_result page_set::adopt(void* page) noexcept {
  const std::uintptr_t a = address_of(page);
  const std::uintptr_t number = a >> shape_.log();
  region* r = regions_.find(number);
  if (r != nullptr && shape_.is_backed(*r, shape_.page_of(a))) return adopt_result::already_here;
  if (r == nullptr) {
    if (!regions_.reserve_one()) return adopt_result::no_memory;
    void* const memory = base::arena::allocate(shape_.bytes());
    if (memory == nullptr) return adopt_result::no_memory;
    r = shape_.make(memory, number << shape_.log());
    regions_.add(number, *r);
  }
  shape_.add_page(*r, shape_.page_of(a));
  regions_.with_free.insert(r->index);
  regions_.with_empty.insert(r->index);
  n_free_ += items().per_page();
  ++n_pages_;
  ++n_empty_;
  return adopt_result::ok;
}

void* page_set::detach_empty() noexcept {
  if (n_empty_ == 0) return nullptr;
  settle_opened();
  region& r = *regions_[regions_.with_empty.last()];
  const std::size_t p = r.empty.last();
  void* const page = pointer_to(r.base + (p << items().page_shift()));
  take_page_away(r, p);
  return page;
}

void page_set::detach(void* page) noexcept {
  region& r = *regions_.find(address_of(page) >> shape_.log());
  take_page_away(r, shape_.page_of(address_of(page)));
}

void page_set::take_page_away(region& r, std::size_t p) noexcept {
  shape_.remove_page(r, p);
  n_free_ -= items().per_page();
  --n_pages_;
  n_empty_min_ = std::min(n_empty_min_, --n_empty_);
  if (r.empty.empty()) regions_.with_empty.erase(r.index);
  if (r.items.empty()) regions_.with_free.erase(r.index);
  drop_if_bare(r);
}

void page_set::drop_if_bare(region& r) noexcept {
  if (r.n_backed != 0) return;
  if (vein_region_ == &r) vein_ = &no_vein_;
  regions_.remove(r.base >> shape_.log());
  base::arena::release(&r, shape_.bytes());
}

void* page_set::detach_any(cursor& c) noexcept {
  const page_state s = next_page(c);
  if (s.page == nullptr) return nullptr;
  // Its items that are out become free, which makes it empty.
  for (std::size_t i = 0; i < items().per_page(); ++i)
    give(pointer_to(items().address_of(address_of(s.page), i)));
  detach(s.page);
  return s.page;
}

std::span<std::byte> page_set::add_storage(std::span<std::byte> storage, std::size_t at_most,
                                           std::uintptr_t ours) noexcept {
  const std::size_t before = extents_.n_items();
  const std::span<std::byte> items_at = extents_.add(storage, stored_, at_most, ours);
  n_free_ += extents_.n_items() - before;
  return items_at;
}

page_set::page_state page_set::next_page(cursor& c) const noexcept {
  for (; c.region < regions_.capacity(); ++c.region, c.page = 0) {
    const region* const r = regions_[c.region];
    if (r == nullptr) continue;
    for (; c.page < shape_.pages(); ++c.page) {
      if (!shape_.is_backed(*r, c.page)) continue;
      const std::size_t p = c.page++;
      return {pointer_to(r->base + (p << items().page_shift())), shape_.n_free(*r, p)};
    }
  }
  return {};
}

void* page_set::next_out(item_cursor& c) const noexcept {
  for (; c.region < regions_.capacity(); ++c.region, c.page = 0, c.item = 0) {
    const region* const r = regions_[c.region];
    if (r == nullptr) continue;
    for (; c.page < shape_.pages(); ++c.page, c.item = 0) {
      if (!shape_.is_backed(*r, c.page)) continue;
      const std::uintptr_t page = r->base + (c.page << items().page_shift());
      while (c.item < items().per_page()) {
        const std::size_t i = c.item++;
        if (!r->items.contains(shape_.bit_of(page, i)))
          return pointer_to(items().address_of(page, i));
      }
    }
  }
  return extents_.next_out(c.stored, stored_);
}

bool page_set::check() noexcept {
  settle_opened();
  std::size_t n_free = 0, n_pages = 0, n_empty = 0, n_regions = 0;
  for (std::size_t i = 0; i < regions_.capacity(); ++i) {
    const region* const r = regions_[i];
    if (r == nullptr) continue;
    ++n_regions;
    if (r->index != i || regions_.find(r->base >> shape_.log()) != r) return false;  // H1
    if (regions_.with_free.contains(i) == r->items.empty()) return false;            // H2
    if (regions_.with_empty.contains(i) == r->empty.empty()) return false;           // H2
    if (r->n_backed == 0 || !shape_.check(*r)) return false;                         // P4
    n_pages += r->n_backed;
  }
  page_set::cursor c;
  for (page_state s = next_page(c); s.page != nullptr; s = next_page(c)) {
    n_free += s.n_free;
    n_empty += s.n_free == items().per_page() ? 1 : 0;
  }
  std::size_t n_storage = 0;
  const bool extents_hold = extents_.for_each([&](const extent& e) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < e.n_items; ++i) n += e.items.contains(i) ? 1 : 0;
    n_free += n;
    n_storage += e.n_items;
    return e.items.check(e.n_items) && (e.next != nullptr) == (n != 0);  // E2
  });
  return extents_hold && n_storage == extents_.n_items() && n_regions == regions_.n_regions() &&
         n_free == n_free_ && n_pages == n_pages_ && n_empty == n_empty_ &&  // P1, P2
         n_empty_min_ <= n_empty_;                                           // P3
}

}
