// SPDX-License-Identifier: BSD-2-Clause
// What diagnostics write into items that are free, and around all of them.
//
//   | fe | item: db while it is free | fe .. fe | fe | item ...
//   front                            behind      front
//
// A write after put shows at the next get, one beyond an item at its put.  The red zones stay the
// same whether the item is out or not, so a zone that was written while it was free shows, too.
#pragma once
#include <cstddef>
#include <pool9/fault.hpp>

#include "page/page_set.hpp"

namespace pool9::inline v1::detail {

/// What is wrong with an item, and the first byte that shows it.
struct finding {
  misuse_kind what = misuse_kind::none;
  void* item = nullptr;
  const void* byte = nullptr;
  explicit operator bool() const noexcept { return what != misuse_kind::none; }
};

class marks {
 public:
  marks(std::size_t item_size, const page::page_set& pages) noexcept
      : size_(item_size), pages_(pages) {}

  /// A page came.  No lock.
  void prepare_page(void* page, const page::layout& l) const noexcept;
  /// Storage came.
  void prepare_storage(std::span<std::byte> items) const noexcept;
  /// The item is free from now on.
  void poison(void* item) const noexcept;
  /// What happened to a free item since poison(); then it is as new.
  finding look_at_free(void* item) const noexcept;
  /// What happened around an item that is out; then its red zones are as new.
  finding look_around(void* item) const noexcept;

 private:
  /// Red zones everywhere.
  static void fence(void* memory, std::size_t bytes) noexcept;

  std::size_t size_;
  const page::page_set& pages_;  // which knows where red zones are
};

}
