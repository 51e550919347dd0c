// SPDX-License-Identifier: BSD-2-Clause
// What the rest of the library needs of the system source beside its public face.
#pragma once

namespace pool9::page {

/// Around a fork.
void lock_system_source() noexcept;
void unlock_system_source() noexcept;

}
