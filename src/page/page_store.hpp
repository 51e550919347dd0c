// SPDX-License-Identifier: BSD-2-Clause
// The chunks of one source, of all page sizes.  All stores of the process are known, for forks.
#pragma once
#include <array>
#include <atomic>

#include "base/list.hpp"
#include "page/chunk_set.hpp"

namespace pool9::inline v1::detail {

class page_store : public base::list_link {
 public:
  page::chunk_set& of_size(std::size_t bytes) noexcept { return sets[base::log2_of(bytes)]; }

  std::array<page::chunk_set, page::chunk_shift> sets;  // by log2 of the page's size
  std::atomic<std::size_t> n_alone{0};                  // pages of a chunk and more that are out

  /// A store that no source has yet; nullptr: no memory.
  static page_store* make() noexcept;
  static void end(page_store& s) noexcept;
};

/// The store of the process-wide source.  It is there before main and after it.
extern constinit page_store shared_store;

}
