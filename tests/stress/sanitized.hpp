// SPDX-License-Identifier: BSD-2-Clause
// Which sanitizer the tests run under: it decides how much they can do in their time.
#pragma once

namespace pool9::test {

#if defined(__has_feature)
#define POOL9_TEST_FEATURE(x) __has_feature(x)
#else
#define POOL9_TEST_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || POOL9_TEST_FEATURE(address_sanitizer)
inline constexpr bool address_sanitized = true;
#else
inline constexpr bool address_sanitized = false;
#endif

/// The thread sanitizer lets no thread start in the child of a fork of several.
#if defined(__SANITIZE_THREAD__) || POOL9_TEST_FEATURE(thread_sanitizer)
#define POOL9_TEST_THREAD_SANITIZED 1
inline constexpr bool thread_sanitized = true;
#else
inline constexpr bool thread_sanitized = false;
#endif

inline constexpr bool sanitized = address_sanitized || thread_sanitized;

}  // namespace pool9::test
