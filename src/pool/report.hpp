// SPDX-License-Identifier: BSD-2-Clause
// Errors that are exceptions; in a build without exceptions they are panics.
#pragma once
#include <cstddef>

namespace pool9::inline v1::detail {

/// std::bad_alloc.
[[noreturn]] void no_memory_at_birth(const char* name, std::size_t reserve);
/// std::invalid_argument.
[[noreturn]] void beyond_limit(const char* name, std::size_t n, std::size_t limit);

}
