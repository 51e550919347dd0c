// SPDX-License-Identifier: BSD-2-Clause
// The pages and storage of one pool, and which of their items are free.
//
// Taking and giving an item, adding and removing a page are O(1), whatever the number of items; no
// step looks at more than one page.  Items are taken from storage first, since it can never go
// back, and then lowest address first, which packs the living into few pages and lets the others
// empty. Pages are removed from the highest region down.
//
// Knows nothing of limits, waiters or sources: pages are handed in and out by the layer above.
//
// Invariants
//   P1  n_free  = free bits of all regions and extents
//   P2  n_pages = backed pages of all regions; n_empty those that are empty
//   P3  n_empty_min <= n_empty: the fewest empty pages since the last forget()
//   P4  regions without a page do not exist
//   P5  opened, unless it is 0, is the page that was emptied no more last: R2 and H2 take it for
//       empty still, so that coming and going at a page's edge changes no tree
//
// Not thread-safe.
#pragma once
#include "page/extent.hpp"
#include "page/region_table.hpp"

namespace pool9::page {

/// What became of an address that somebody put.  An item whose page went back is foreign again.
enum class give_result { ok, foreign, interior, already_free, ok_page_empty };
enum class adopt_result { ok, no_memory, already_here };

class page_set {
 public:
  constexpr explicit page_set(const layout& l) noexcept : page_set(l, l) {}
  /// `stored`: how items lie in storage.
  constexpr page_set(const layout& l, const layout& stored) noexcept : shape_(l), stored_(stored) {}
  page_set(const page_set&) = delete;
  page_set& operator=(const page_set&) = delete;

  const layout& items() const noexcept { return shape_.items(); }
  const layout& stored_items() const noexcept { return stored_; }
  /// Whether red zones lie around that item.
  bool has_zones(const void* item) const noexcept {
    return items().has_zones() &&
           (stored_.has_zones() || extents_.find(base::address_of(item)) == nullptr);
  }
  std::size_t n_free() const noexcept { return n_free_; }
  std::size_t n_pages() const noexcept { return n_pages_; }
  std::size_t n_empty() const noexcept { return n_empty_; }
  std::size_t n_items() const noexcept {
    return n_pages_ * items().per_page() + extents_.n_items();
  }
  std::size_t n_storage_items() const noexcept { return extents_.n_items(); }
  std::size_t storage_bytes() const noexcept { return extents_.bytes(); }

  /// A free item, which is out from now on; nullptr: none is free.
  void* take() noexcept;
  /// Makes the item that starts at `p` free, if such an item is out.
  give_result give(void* item) noexcept {
    const give_result r = give(shape_.spot_of(base::address_of(item)));
    return r == give_result::ok_page_empty ? give_result::ok : r;
  }
  /// The same; also says whether the item's page is empty now.
  give_result give(const region_shape::spot& s) noexcept;
  /// Gives items from the front; returns how many.  What becomes of the next, give() has to say.
  std::size_t give_some(std::span<void* const> items) noexcept;
  /// What give(p) would say.
  give_result ask(const void* p) const noexcept;
  /// The item whose bytes `p` is among, free or out; nullptr: none's.
  void* item_around(const void* p) const noexcept;
  /// Whether `p` lies in a page or in storage.
  bool owns(const void* p) const noexcept;

  /// Adds the page at `page`, all of whose items are free.
  adopt_result adopt(void* page) noexcept;
  /// Removes an empty page and returns it; nullptr: there is none.
  void* detach_empty() noexcept;
  /// Removes that page.  Requires: it is here and empty.
  void detach(void* page) noexcept;
  /// Adds the caller's storage, as extent_set::add() does.
  std::span<std::byte> add_storage(std::span<std::byte> storage, std::size_t at_most,
                                   std::uintptr_t ours) noexcept;

  /// P3.
  std::size_t n_empty_min() const noexcept { return n_empty_min_; }
  void forget() noexcept { n_empty_min_ = n_empty_; }

  /// The first page at or after the cursor, which moves behind it; page == nullptr: no more.  Pages
  /// may come and go between calls.
  struct cursor {
    std::size_t region = 0, page = 0;
  };
  struct page_state {
    void* page = nullptr;
    std::size_t n_free = 0;
  };
  page_state next_page(cursor& c) const noexcept;
  /// The next item that is out, behind the cursor, which moves to it; nullptr: no more.  Items and
  /// pages may come and go between calls.
  struct item_cursor : cursor {
    std::size_t item = 0;
    std::uintptr_t stored = 0;  // in storage, which comes last: behind that address
  };
  void* next_out(item_cursor& c) const noexcept;
  /// Removes that page, items out or not, and returns it; nullptr: no more.
  void* detach_any(cursor& c) noexcept;

  /// Calls f(address, bytes) for the items of each storage.
  template <class F>
  void for_each_storage(F f) const {
    extents_.for_each([&](const extent& e) {
      f(static_cast<std::byte*>(base::pointer_to(e.first)), e.end - e.first);
      return true;
    });
  }

  /// P1 to P4 and the invariants of everything below; walks all of it.
  bool check() noexcept;

 private:
  friend struct detail::layout_access;
  /// What an address is, and, if it is an item in storage, where.
  struct place {
    give_result state;
    extent* e = nullptr;
    std::size_t bit = 0;
  };
  place locate(std::uintptr_t a) const noexcept;
  void* take_elsewhere() noexcept;
  // What seldom happens to a page or a word when the item with bit `b` is taken or given.  They
  // return what take() and give() do, which can thus end with them.
  void* opens_page(region& r, std::size_t b) noexcept;
  void* drains_word(region& r, std::size_t b) noexcept;
  std::size_t give_run(std::span<void* const> items) noexcept;
  give_result empties_page(region& r, std::size_t b) noexcept;
  give_result fills_word(region& r, std::size_t b, base::word after, std::size_t n) noexcept;
  void settle_opened() noexcept;
  give_result give_elsewhere(std::uintptr_t a) noexcept;
  void drop_if_bare(region& r) noexcept;
  void take_page_away(region& r, std::size_t p) noexcept;

  // The vein: the word that items are taken from until it is dry.  That spares the search, and
  // costs a word of packing at most.
  base::word* vein_ = &no_vein_;
  region* vein_region_ = nullptr;
  std::size_t vein_bit_ = 0;  // its first
  base::word no_vein_ = 0;
  std::uintptr_t opened_ = 0;  // P5
  std::size_t n_free_ = 0;
  std::size_t n_pages_ = 0;
  std::size_t n_empty_ = 0;
  std::size_t n_empty_min_ = 0;
  region_table regions_;
  region_shape shape_;
  extent_set extents_;
  const layout stored_;
};

[[gnu::always_inline]] inline void* page_set::take() noexcept {
  const base::word before = *vein_, after = before & (before - 1);
  if (before == 0) [[unlikely]]
    return take_elsewhere();
  region& r = *vein_region_;
  const std::size_t b = vein_bit_ + static_cast<std::size_t>(std::countr_zero(before));
  *vein_ = after;
  --n_free_;
  if (shape_.took(r, before, b)) [[unlikely]]
    return opens_page(r, b);
  if (after == 0) [[unlikely]]
    return drains_word(r, b);
  return base::pointer_to(shape_.address_of(r, b));
}

[[gnu::always_inline]] inline give_result page_set::give(const region_shape::spot& s) noexcept {
  region* const r = regions_.find(s.number);
  const std::size_t b = s.bit;
  const std::uintptr_t a = s.address;
  if (r == nullptr || b == layout::no_item) [[unlikely]]
    return give_elsewhere(a);
  base::word& bits = r->item_word(b / base::word_bits);
  const base::word before = bits, after = before | base::bit(b);
  // A free item says that the page is here; where there is none, it may not be.
  if (after == before || (shape_.field(before, b) == 0 && !shape_.is_backed(*r, shape_.page_of(a))))
      [[unlikely]]
    return give_elsewhere(a);
  bits = after;
  ++n_free_;
  if (before == 0) [[unlikely]]
    return fills_word(*r, b, after, 1);
  if (!shape_.gave(*r, after, b, 1)) [[likely]]
    return give_result::ok;
  if (opened_ != items().page_of(a)) [[unlikely]]
    return empties_page(*r, b);
  ++n_empty_;
  opened_ = 0;
  return give_result::ok_page_empty;
}

}
