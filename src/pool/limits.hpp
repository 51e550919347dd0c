// SPDX-License-Identifier: BSD-2-Clause
// Watermarks, hard limit and reserve: pure arithmetic that answers "may I?" and "how many must
// stay?".
//
// Floors beat ceilings: nothing here lets the high watermark take what the reserve or the low
// watermark keeps.
#pragma once
#include <algorithm>
#include <pool9/pool.hpp>

#include "page/page_set.hpp"

namespace pool9::inline v1::detail {

struct limits {
  std::size_t low = 0;           // items to keep at hand
  std::size_t high = unlimited;  // items to keep at most
  std::size_t hard = unlimited;  // items out at most
  std::size_t reserve = 0;       // items primed from the page source; storage needs no floor

  /// Whether `n` items are more than the 2^48 bytes that a system gives a program unless it asks
  /// for more.  To find that out page by page would take minutes, and memory.
  static bool are_absurd(std::size_t n, const page::layout& l) noexcept {
    return n > (std::size_t{1} << 48) / l.stride();
  }
  /// Pages that always stay: "The number pages in the pool will not decrease below the required
  /// value to accommodate the minimum number of items".
  std::size_t floor_pages(const page::page_set& p) const noexcept {
    const std::size_t storage = p.n_storage_items();
    const std::size_t for_low = low > storage ? p.items().pages_for(low - storage) : 0;
    return std::max(p.items().pages_for(reserve), for_low);
  }
  /// Whether "the total number of pages in the pool is larger than the maximum".
  bool too_many(const page::page_set& p) const noexcept {
    return high != unlimited && p.n_pages() > std::max(p.items().pages_for(high), floor_pages(p));
  }
  /// Empty pages that may go: neither the floor nor the items at hand may fall short.
  std::size_t releasable(const page::page_set& p) const noexcept {
    const std::size_t floor = floor_pages(p);
    if (p.n_pages() <= floor || p.n_free() <= low) return 0;
    return std::min({p.n_empty(), p.n_pages() - floor, (p.n_free() - low) / p.items().per_page()});
  }
  /// How many pages to ask the source for at once, if it gives several: an eighth of what is there,
  /// 256 KiB at most, and no more than limit and high watermark have a use for.
  std::size_t growth(const page::page_set& p) const noexcept {
    const std::size_t at_once = std::max<std::size_t>(1, largest_growth / p.items().page_size());
    std::size_t n = std::clamp<std::size_t>(p.n_pages() / 8, 1, at_once);
    if (hard != unlimited && hard > p.n_items())
      n = std::min(n, p.items().pages_for(hard - p.n_items()));
    if (high != unlimited) {
      const std::size_t ceiling = p.items().pages_for(high);
      n = std::min(n, ceiling > p.n_pages() ? ceiling - p.n_pages() : 1);
    }
    return std::max<std::size_t>(1, n);
  }

  static constexpr std::size_t largest_growth = 256 * 1024;  // 64 faults' worth: some 100 us
  static constexpr std::size_t most_pages_at_once = 64;
  /// What goes back in one call of the source: fewer, larger calls cost a fifth less.
  static constexpr std::size_t most_pages_back = 256;
};

}
