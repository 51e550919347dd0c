// SPDX-License-Identifier: BSD-2-Clause
// How the items of a pool lie in one page.
//
//   0        colour     start                                             page_size
//   |----------|----------|== item 0 ==|== item 1 ==| ... |---- slack ----|
//
// A layout is pure arithmetic: computed once per pool, never changed, touching no memory, so every
// claim below is checked at compile time by the tests.  Nothing but items lies in a page.
//
// What aliases in a processor's caches is the offset of an item within 4 KiB.  Items of 1 to 16 KiB
// whose size is a multiple of 256 would all start at the same few offsets; for them a page gives up
// one item in sixteen and page i starts its items at colour (i mod colours) * 64.  This was
// measured to touch items of 4 KiB five times faster.
//
// Invariants, for every item i and every colour c
//   L1  (start + c + i*stride + align_offset) % align == 0
//   L2  start + c + (per_page - 1)*stride + extent <= page_size, where extent = size + red zone
//   L3  stride >= before + extent, and stride is a multiple of align
//   L4  index_of(offset_of(i)) == i, and no other offset has an index
#pragma once
#include <algorithm>

#include "base/bits.hpp"
#include "base/layout_access.hpp"

namespace pool9::page {

struct item_shape {
  std::size_t size;
  std::size_t align;  // a power of two
  std::size_t align_offset = 0;
  std::size_t page_size = 0;  // a power of two; 0: choose
  std::size_t red_zone = 0;   // bytes kept behind every item
  std::size_t system_page = 4096;
  std::size_t before = 0;  // bytes kept before every item
};

class layout {
 public:
  static constexpr std::size_t no_item = SIZE_MAX;
  static constexpr std::size_t colour_step = 64;  // a cache line

  /// Requires: powers of two where said, size > 0, and a given page holds an item.
  constexpr explicit layout(const item_shape& s) noexcept
      : align_(s.align),
        before_(s.before),
        start_(s.before + (0 - s.align_offset - s.before) % s.align),
        extent_(s.size + s.red_zone),
        stride_(base::round_up(extent_ + s.before, s.align)) {
    if (s.page_size != 0) {
      page_shift_ = base::log2_of(s.page_size);
      per_page_ = items_in(s.page_size - start_);
    } else if (may_colour(s)) {
      choose_page(s, colour_step, 16);
    } else {
      choose_page(s, 0, 8);
    }
    field_log_ = base::log2_of(std::bit_ceil(per_page_));
    stride_log_ = base::log2_of(stride_);
    inverse_ = inverse_of(stride_ >> stride_log_);
  }

  constexpr std::size_t page_size() const noexcept { return std::size_t{1} << page_shift_; }
  constexpr unsigned page_shift() const noexcept { return page_shift_; }
  /// Whether red zones lie around every item.
  constexpr bool has_zones() const noexcept { return before_ != 0; }
  constexpr std::size_t stride() const noexcept { return stride_; }
  constexpr std::size_t per_page() const noexcept { return per_page_; }
  constexpr std::size_t colours() const noexcept { return colour_mask_ / colour_step + 1; }
  /// log2 of the bits that stand for one page's items: the smallest power of two that holds them.
  constexpr unsigned field_log() const noexcept { return field_log_; }

  /// The address of item `i` of the page at `page`.
  constexpr std::uintptr_t address_of(std::uintptr_t page, std::size_t i) const noexcept {
    return page + colour_of(page) + start_ + i * stride_;
  }
  /// Which item starts at `address`, in its page; no_item: none does.
  constexpr std::size_t index_of(std::uintptr_t address) const noexcept {
    const std::uintptr_t in_page = address & (page_size() - 1);
    const std::size_t i = index_at(in_page - colour_of(address) - start_);
    return i < per_page_ ? i : no_item;
  }
  /// Which item of a run starts `offset` bytes behind its first.  Where none does, the answer is
  /// more than any run has: multiplying by the inverse of the stride's odd part, modulo 2^64, and
  /// turning its power of two away maps all words one to one, i * stride to i.
  constexpr std::size_t index_at(std::size_t offset) const noexcept {
    return base::rotate_right(offset * inverse_, stride_log_);
  }
  /// The page that `address` lies in.
  constexpr std::uintptr_t page_of(std::uintptr_t address) const noexcept {
    return address >> page_shift_ << page_shift_;
  }
  /// Pages that `items` items need.
  constexpr std::size_t pages_for(std::size_t items) const noexcept {
    return base::ceil_div(items, per_page_);
  }
  /// Items that a run of so many bytes holds from its first item on.
  constexpr std::size_t items_in(std::size_t bytes) const noexcept {
    return bytes < extent_ ? 0 : (bytes - extent_) / stride_ + 1;
  }
  /// Where a run of `n` items from `first` on ends.  Requires: n > 0.
  constexpr std::uintptr_t end_of_run(std::uintptr_t first, std::size_t n) const noexcept {
    return first + (n - 1) * stride_ + extent_;
  }
  /// The first address from `address` on where an item may start, pages aside.
  constexpr std::uintptr_t first_from(std::uintptr_t address) const noexcept {
    return address + before_ + (start_ - before_ - address) % align_;
  }

 private:
  friend struct detail::layout_access;
  static constexpr bool may_colour(const item_shape& s) noexcept {
    return s.size % 256 == 0 && s.size >= 1024 && s.size <= 16384 && s.align <= colour_step &&
           s.red_zone == 0;
  }
  /// By how much the items of the page that `address` lies in are shifted.
  constexpr std::uintptr_t colour_of(std::uintptr_t address) const noexcept {
    return (address >> colour_shift_) & colour_mask_;
  }
  /// The number whose product with `odd` is 1 modulo 2^64.  Each step of Newton's doubles the bits
  /// that are right; `odd` itself has three right.
  static constexpr std::uint64_t inverse_of(std::uint64_t odd) noexcept {
    std::uint64_t x = odd;
    for (int right = 3; right < 64; right *= 2) x *= 2 - odd * x;
    return x;
  }
  /// The smallest page that wastes at most 1/share with `spare` bytes left over for the colours.
  constexpr void choose_page(const item_shape& s, std::size_t spare, std::size_t share) noexcept {
    for (std::size_t page = std::bit_ceil(std::max(s.system_page, s.align));; page *= 2) {
      page_shift_ = base::log2_of(page);
      per_page_ = page > start_ + spare ? items_in(page - start_ - spare) : 0;
      const std::size_t used = per_page_ * stride_;
      if (per_page_ == 0 || (used < page && page - used > page / share)) continue;
      const std::size_t slack = page - start_ - (used - stride_ + extent_);
      if (spare == 0) return;
      // More colours than start offsets within 4 KiB would change nothing.
      const std::size_t n = std::min<std::size_t>(std::bit_floor(slack / colour_step + 1), 64);
      colour_mask_ = (n - 1) * colour_step;
      colour_shift_ = page_shift_ - base::log2_of(colour_step);
      return;
    }
  }

  std::size_t align_;
  std::size_t before_;
  std::size_t start_;   // smallest offset from `before` on that satisfies L1
  std::size_t extent_;  // bytes of an item that are spoken for
  std::size_t stride_;  // L3
  std::size_t per_page_ = 0;
  std::uint64_t inverse_ = 0;    // of the stride's odd part
  std::size_t colour_mask_ = 0;  // (colours - 1) * colour_step: the bits that a colour may have
  unsigned colour_shift_ = 0;    // from the page's number to the colour
  unsigned page_shift_ = 0;
  unsigned field_log_ = 0;
  unsigned stride_log_ = 0;  // the power of two in the stride
};

}
