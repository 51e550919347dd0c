// SPDX-License-Identifier: BSD-2-Clause
// The words of reports; and errors that are exceptions, or panics in a build without exceptions.
#pragma once
#include <cstddef>
#include <pool9/fault.hpp>

#include "base/text.hpp"
#include "pool/steps.hpp"

namespace pool9::inline v1::detail {

using report_text = base::text<4000>;  // a screen full, and what print_and_abort() adds
/// "function: pool 'name': text", with the place of the call if it is known.
report_text compose(const telling& t, const char* name) noexcept;

/// std::bad_alloc.
[[noreturn]] void no_memory_at_birth(const char* name, std::size_t reserve);
/// std::invalid_argument.
[[noreturn]] void beyond_limit(const char* name, std::size_t n, std::size_t limit);

}
