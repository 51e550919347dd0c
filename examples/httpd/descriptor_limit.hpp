// SPDX-License-Identifier: BSD-2-Clause
// How many files and sockets the process may have open.
#pragma once
#include <cstddef>

namespace httpd {

/// Raises the process's limit as far as it may go by itself and, if that is less than `wanted` and
/// the process is privileged, further.  Returns the limit.
std::size_t raise_descriptor_limit(std::size_t wanted) noexcept;

}  // namespace httpd
