// SPDX-License-Identifier: BSD-2-Clause
// Pages on their way from a source into a pool.
#pragma once
#include <span>

#include "page/page_set.hpp"

namespace pool9::inline v1::detail {

/// Moves the pages that are aligned to their size to the front and calls refuse(page) for each
/// other one; returns how many are aligned.
template <class Refuse>
std::size_t keep_aligned(std::span<void*> pages, std::size_t page_size, Refuse refuse) {
  std::size_t n = 0;
  for (void* const page : pages) {
    if (base::address_of(page) % page_size == 0) {
      pages[n++] = page;
    } else {
      refuse(page);
    }
  }
  return n;
}

/// What became of pages: the first so many found no memory for books on them; `twice`: one that was
/// here already.
struct adoption {
  std::size_t n_refused = 0;
  void* twice = nullptr;
};
/// Adds every page that can be.
adoption adopt_some(page::page_set& into, std::span<void*> got) noexcept;
/// Adds them all; or none, and then `got` is what goes back: a page that was here already stays.
adoption adopt_all(page::page_set& into, std::span<void*>& got) noexcept;

}
