// SPDX-License-Identifier: BSD-2-Clause
// The recaller's half of publish-then-look: a barrier in every other thread.
//
// The system may have none, or begin to refuse it when a filter of system calls is installed.  Then
// the process uses fenced magazines from there on: owner and recaller make their four accesses
// sequentially consistent, out of line, and no barrier is needed.  For magazines that are open
// without fences at that moment time serves: a processor's store buffer drains by itself, in
// microseconds, so what an owner published before it looked is visible everywhere long before
// `drain_time` has passed.
#pragma once

namespace pool9::cache::barrier {

/// Whether magazines may be opened without fences.
bool works() noexcept;
/// Registers with the system, unless that has been tried.  Happens when the library is loaded:
/// later, with threads running, it takes milliseconds.
void prepare() noexcept;
/// Every thread's stores from before its last look at a magazine are visible, and every later look
/// sees ours; recall.2.
void pass() noexcept;

}
