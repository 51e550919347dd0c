// SPDX-License-Identifier: BSD-2-Clause
// What every engine is born from: the layout that the options ask for, and memory for itself.
#pragma once
#include <pool9/pool.hpp>
#include <span>

#include "page/layout.hpp"

namespace pool9::inline v1::detail {

page::layout layout_of(const pool_options& o) noexcept;

/// Memory for an engine: the arena's, or the beginning of `storage`, which becomes the rest of it;
/// nullptr: there is none, or no item would fit behind it.
void* memory_for_engine(std::size_t bytes, std::size_t align, const pool_options& o,
                        std::span<std::byte>* storage) noexcept;

}
