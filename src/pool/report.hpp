// SPDX-License-Identifier: BSD-2-Clause
// The words of reports; and errors that are exceptions, or panics in a build without exceptions.
#pragma once
#include <cstdarg>
#include <cstddef>
#include <pool9/fault.hpp>

#include "base/text.hpp"

namespace pool9::inline v1::detail {

using report_text = base::text<3072>;
/// "function: pool 'name': ..." as printf makes it, with the place of the call if it is known.
report_text compose(const call_site& where, const char* function, const char* name,
                    const char* format, std::va_list args) noexcept;

/// std::bad_alloc.
[[noreturn]] void no_memory_at_birth(const char* name, std::size_t reserve);
/// std::invalid_argument.
[[noreturn]] void beyond_limit(const char* name, std::size_t n, std::size_t limit);

}
