// SPDX-License-Identifier: BSD-2-Clause
// Memory for the pools' own data: never from malloc, so that a pool works before main, under a
// malloc built on pools, and in a process whose malloc fails.
//
// Small blocks are powers of two cut from chunks of system pages and kept on a list for each size;
// large ones are mapped.  Blocks come zeroed and aligned to a cache line.  Thread-safe.
#pragma once
#include <cstddef>

namespace pool9::base::arena {

/// Returns `bytes` bytes, zeroed; nullptr: the system has no memory.
[[nodiscard]] void* allocate(std::size_t bytes) noexcept;
/// Takes back what allocate(bytes) returned; nullptr is ignored.
void release(void* p, std::size_t bytes) noexcept;
/// Bytes that are out at present.
[[nodiscard]] std::size_t bytes_out() noexcept;

/// Fault injection: asked before every allocation; the allocation fails where it answers true.
using refusal = bool (*)() noexcept;
void set_refusal(refusal r) noexcept;

/// Around a fork.
void lock_all() noexcept;
void unlock_all() noexcept;

}
