// SPDX-License-Identifier: BSD-2-Clause
// What the tests ask of the thread sanitizer, should it be there.

/// Death tests fork, and the child of a program with threads may start one again (a pool's
/// housekeeping); without this the sanitizer ends such a child before it has said anything.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
