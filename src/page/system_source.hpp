// SPDX-License-Identifier: BSD-2-Clause
// What the rest of the library needs of the sources over system memory beside their public face.
#pragma once

namespace pool9::page {

/// Around a fork: the books of all of them.
void lock_system_memory() noexcept;
void unlock_system_memory() noexcept;

}
