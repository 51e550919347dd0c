// SPDX-License-Identifier: BSD-2-Clause
// What a pool knows of its pages in one region.
//
// A region is an aligned bucket of address space, 2 MiB or 32 pages, whichever is larger; it is not
// an allocation.  Its descriptor lies outside the pages and holds one bit per item, 1 = free: the
// state of items and pages, complete.  Page p's items are the field of 2^field_log bits that begins
// at bit p << field_log; pages that the pool does not own have a field of zeros.
//
// Fields of up to 64 bits lie within a word, and a page is empty - every item free - when its field
// is full.  Wider fields are whole words; for them a count of the free items says the same without
// looking at the sisters, so that putting an item is O(1) whatever the page size.
//
// Invariants
//   R1  item bits of pages that are not backed are 0; so are the bits of a field beyond per_page
//   R2  empty contains p  <=>  p is backed and its field is full
//   R3  n_backed = number of bits in backed
//   R4  wide fields: n_free[p] = number of bits in the field of page p
#pragma once
#include "base/bit_tree.hpp"
#include "page/layout.hpp"

namespace pool9::page {

struct region {
  /// A word of `items`: they lie right behind the descriptor, so that no pointer is followed.
  base::word& item_word(std::size_t w) noexcept {
    return reinterpret_cast<base::word*>(this + 1)[w];
  }

  std::uintptr_t base = 0;
  std::uint32_t index = 0;     // in the region_table
  std::uint32_t n_backed = 0;  // R3
  base::word* backed = nullptr;
  std::uint64_t* n_free = nullptr;  // R4; nullptr: fields are narrow
  base::bit_tree items;             // 1 = free
  base::bit_tree empty;             // R2
};

/// The geometry that all regions of a pool share, and the arithmetic on it.
class region_shape {
 public:
  constexpr explicit region_shape(const layout& l) noexcept
      : layout_(l),
        log_(l.page_shift() + 5 > 21 ? l.page_shift() + 5 : 21),
        bits_shift_(l.page_shift() - l.field_log()),
        page_mask_((pages() - 1) << l.page_shift()),
        field_mask_((std::size_t{1} << l.field_log()) - 1),
        full_field_(base::low_bits(l.per_page())) {}

  constexpr const layout& items() const noexcept { return layout_; }
  constexpr unsigned log() const noexcept { return log_; }
  constexpr std::size_t pages() const noexcept {
    return std::size_t{1} << (log_ - layout_.page_shift());
  }
  constexpr std::size_t bits() const noexcept { return pages() << layout_.field_log(); }
  constexpr bool wide() const noexcept { return layout_.field_log() > 6; }
  /// Bytes of a descriptor with everything it points to.
  constexpr std::size_t bytes() const noexcept {
    return sizeof(region) + sizeof(base::word) * words() +
           (wide() ? pages() * sizeof(std::uint64_t) : 0);
  }
  /// Makes the descriptor of the region at `base` in bytes() of zeroed memory.
  region* make(void* memory, std::uintptr_t base) const noexcept;

  constexpr std::size_t page_of(std::uintptr_t a) const noexcept {
    return (a & page_mask_) >> layout_.page_shift();
  }
  /// The page that the item with bit `b` lies in.
  constexpr std::size_t page_of_bit(std::size_t b) const noexcept {
    return b >> layout_.field_log();
  }
  /// The bit of item `i` of the page that `a` lies in.
  constexpr std::size_t bit_of(std::uintptr_t a, std::size_t i) const noexcept {
    return ((a & page_mask_) >> bits_shift_) + i;
  }
  /// Where an address lies: its region's number, and the bit of the item that starts there.
  struct spot {
    std::uintptr_t address;
    std::uintptr_t number;
    std::size_t bit;  // layout::no_item: none does
  };
  constexpr spot spot_of(std::uintptr_t a) const noexcept {
    const std::size_t i = layout_.index_of(a);
    return {a, a >> log_, i == layout::no_item ? i : bit_of(a, i)};
  }
  /// The address of the item with bit `b`.
  constexpr std::uintptr_t address_of(const region& r, std::size_t b) const noexcept {
    return layout_.address_of(page_at(r, b), b & field_mask_);
  }
  /// The address of its page.
  constexpr std::uintptr_t page_at(const region& r, std::size_t b) const noexcept {
    return r.base + ((b & ~field_mask_) << bits_shift_);
  }
  /// What the word of bit `b`, which is `w`, says of its page's items; a wide field is all of it.
  constexpr base::word field(base::word w, std::size_t b) const noexcept {
    return (w >> (b % base::word_bits & ~field_mask_)) & full_field_;
  }

  bool is_backed(const region& r, std::size_t p) const noexcept {
    return (r.backed[p / base::word_bits] & base::bit(p)) != 0;
  }
  /// The pool owns page `p` now, and every item of it is free.
  void add_page(region& r, std::size_t p) const noexcept;
  /// The pool owns page `p` no more.  Requires: it is empty.
  void remove_page(region& r, std::size_t p) const noexcept;
  /// The item with bit `b` was taken or given; its word is or was `w` while it was free.  Returns
  /// whether all others of its page are free: whether the page was empty, or is now.
  bool took(region& r, base::word w, std::size_t b) const noexcept {
    return wide() ? r.n_free[page_of_bit(b)]-- == layout_.per_page() : field(w, b) == full_field_;
  }
  bool gave(region& r, base::word w, std::size_t b, std::size_t n) const noexcept {
    return wide() ? (r.n_free[page_of_bit(b)] += n) == layout_.per_page()
                  : field(w, b) == full_field_;
  }
  /// How many items of page `p` are free.
  std::size_t n_free(const region& r, std::size_t p) const noexcept;
  /// R1 to R4.
  bool check(const region& r) const noexcept;

 private:
  friend struct detail::layout_access;
  constexpr std::size_t first_bit(std::size_t p) const noexcept { return p << layout_.field_log(); }
  constexpr std::size_t words() const noexcept {
    return base::bit_tree::words_for(bits()) + base::bit_tree::words_for(pages()) +
           base::ceil_div(pages(), base::word_bits);
  }
  layout layout_;
  unsigned log_;
  unsigned bits_shift_;       // from the offset of a page in its region to the first of its bits
  std::uintptr_t page_mask_;  // the bits of an address that say which page of its region
  std::size_t field_mask_;    // the bits of a bit's number that say which item of its page
  base::word full_field_;     // of a wide field: a word of it
};

}
