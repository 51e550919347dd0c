// SPDX-License-Identifier: BSD-2-Clause
// What diagnostics write into items that are free and behind items that are out.
//
//   free   [ dead dead dead ... | dead ]      written after put shows at the next get
//   out    [ the caller's       | fe   ]      written beyond the item shows at its put
#pragma once
#include <cstddef>

namespace pool9::inline v1::detail {

/// `extent` bytes from `item` on become those of a free item.
void poison(void* item, std::size_t extent) noexcept;
/// The first of `extent` bytes that is not a free item's, or nullptr.
const void* first_unpoisoned(const void* item, std::size_t extent) noexcept;
/// The red zone behind an item of `size` bytes is set, the item's bytes stay.
void guard(void* item, std::size_t size) noexcept;
/// The first byte of the red zone that was written, or nullptr.
const void* first_unguarded(const void* item, std::size_t size) noexcept;

}
