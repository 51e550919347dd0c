// SPDX-License-Identifier: BSD-2-Clause
// Tools that watch a program's memory - AddressSanitizer, MemorySanitizer, LeakSanitizer, Valgrind
// - and what they are told about items that are free.
//
// Asked for at run time, by weak symbols and Valgrind's own question, so that one build of the
// library serves programs with and without.  Without any of them, nothing here does anything.
#pragma once
#include <cstddef>

namespace pool9::base::sanitizer {

/// Whether such a tool watches this process.
bool present() noexcept;

/// Nobody may touch these bytes from now on.
void hide(const void* p, std::size_t bytes) noexcept;
/// Anybody may, and what stands there means something.
void show(const void* p, std::size_t bytes) noexcept;
/// Anybody may write there, and read what was written.
void show_empty(const void* p, std::size_t bytes) noexcept;

/// Memory that comes and goes: what it points to is not leaked.
void add_root(const void* p, std::size_t bytes) noexcept;
void remove_root(const void* p, std::size_t bytes) noexcept;

// What Valgrind wants to know to name an item in its reports; `pool` is any address of its own.
/// `zone`: bytes on both sides of every item that are no other's.
void pool_born(const void* pool, std::size_t zone) noexcept;
void pool_ended(const void* pool) noexcept;
void item_got(const void* pool, const void* item, std::size_t bytes) noexcept;
void item_put(const void* pool, const void* item) noexcept;

}
