// SPDX-License-Identifier: BSD-2-Clause
// Whether the tests run under an emulator of another processor: it decides how much they can do,
// and it lets no thread start in the child of a fork of several (qemu-user 7.2 aborts).
#pragma once
#include "stress/sanitized.hpp"

namespace pool9::test {

#if defined(POOL9_TEST_EMULATED)
inline constexpr bool emulated = true;
#else
inline constexpr bool emulated = false;
#endif

inline constexpr bool slow = sanitized || emulated;

}  // namespace pool9::test
