// SPDX-License-Identifier: BSD-2-Clause
// What every engine is born from: what the program and its environment ask for, the layout that
// follows from that, and memory for itself.
#pragma once
#include <pool9/pool.hpp>
#include <span>

#include "page/layout.hpp"
#include "pool/environment.hpp"

namespace pool9::inline v1::detail {

/// What the program asked for, and its environment on top.
pool_options overridden(pool_options o, const overrides& by) noexcept;

/// How items lie in pages, and in storage, for `o`, which `given` may have become.
struct layouts {
  page::layout paged, stored;
};
layouts layouts_of(const pool_options& given, const pool_options& o) noexcept;

/// Memory for an engine: the arena's, or the beginning of `storage`, which becomes the rest of it;
/// nullptr: there is none, or no item would fit behind it.
void* memory_for_engine(std::size_t bytes, std::size_t align, const page::layout& l,
                        std::span<std::byte>* storage) noexcept;

}
