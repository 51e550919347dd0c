// SPDX-License-Identifier: BSD-2-Clause
// What sanitizers and Valgrind are told of a pool's items: free ones, and the red zones around all,
// are nobody's.
//
// Memory that leaves the pool is shown again, so that whoever has it next finds no stale poison.
// Pages are roots of the leak check: what the items that are out point to is not leaked, even where
// the pool is to be hidden from tools otherwise.
#pragma once
#include "page/page_set.hpp"

namespace pool9::inline v1::detail {

class tool_view {
 public:
  /// `is_told`: a tool watches, and knows which items are free.
  tool_view(const page::page_set& pages, std::size_t item_size, bool is_told) noexcept;
  tool_view(const tool_view&) = delete;  // its address is the pool's name to Valgrind
  tool_view& operator=(const tool_view&) = delete;

  /// The pool ends.  Before its memory goes: what is still out is taken from everybody.
  void pool_ends() const noexcept;
  void page_came(void* page) const noexcept;
  /// Requires: it came.
  void page_goes(void* page) const noexcept;

  // What only those may call who are told.
  void hide_storage(std::span<std::byte> items) const noexcept;
  void show_storage() const noexcept;
  /// The item and its red zones, for diagnostics to look at.
  void show_all(void* item) const noexcept;
  void hide_all(void* item) const noexcept;
  void tell_got(void* item) const noexcept;
  void tell_still_out(void* item) const noexcept;
  void hide_put(void* item) const noexcept;

 private:
  const bool is_told_;
  /// The item and its red zones.
  std::span<const std::byte> all_of(const void* item) const noexcept;

  /// Valgrind's pools have the same red zones around every item; those that have others are not
  /// told.
  bool is_as_in_pages(const void* item) const noexcept {
    return pages_.has_zones(item) == pages_.items().has_zones();
  }

  const page::page_set& pages_;
  const std::size_t page_size_;
  const std::size_t item_size_;
};

}
