// SPDX-License-Identifier: BSD-2-Clause
// What resources throw and report.  Without exceptions a throw is a panic.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

namespace pool9::face {

/// Throws a std::bad_alloc that says so.
[[noreturn]] void no_memory(std::string_view resource, std::size_t bytes);
/// Throws pool_exhausted.
[[noreturn]] void at_limit(std::string_view resource, std::uint64_t hard_limit, std::uint64_t out);
/// Throws std::invalid_argument: blocks of that size and alignment have no pool.
[[noreturn]] void no_pool_for(std::string_view resource, std::size_t bytes, std::size_t align);
/// Throws what an upstream threw; returns if there is nothing.
void rethrow(const std::exception_ptr& thrown);

/// Misuse: a deallocation of what was not allocated so.
void say_no_block(std::string_view resource, const void* p, std::size_t bytes) noexcept;
void say_other_size(std::string_view resource, const void* p, std::size_t bytes,
                    std::size_t given_back) noexcept;

}
