// SPDX-License-Identifier: BSD-2-Clause
// The one who may name private members, to tell other processes where they lie
// (pool/layout_note.cpp).
#pragma once

namespace pool9::inline v1::detail {
struct layout_access;
}
