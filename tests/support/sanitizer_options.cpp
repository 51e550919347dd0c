// SPDX-License-Identifier: BSD-2-Clause
// What the tests ask of the sanitizers, should they be there.
#include <cstdlib>

/// Death tests fork, and the child of a program with threads may start one again (a pool's
/// housekeeping); without this the sanitizer ends such a child before it has said anything.
/// At the end of a program it waits a second for what other threads may still do, such as a pool's
/// housekeeping, which tests do not end: each of them would take a second.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0:atexit_sleep_ms=20"; }

namespace pool9::test {
namespace {

/// Under a sanitizer, too, the tests are of pools as they are without: with caches, and with misuse
/// that returns.  Those of sanitized pools ask for them.  Before all, since some use pools before
/// main.
[[gnu::constructor(101)]] void ask_for_plain_pools() { setenv("POOL9_OPTIONS", "sanitize=0", 0); }

}  // namespace
}  // namespace pool9::test
