// SPDX-License-Identifier: BSD-2-Clause
// What a put that was refused is told.
#pragma once
#include "base/text.hpp"
#include "page/page_set.hpp"

namespace pool9::inline v1::detail {

/// When a misuse was noticed: at its call, or when the item left a cache.
enum class found { at_once, in_magazine };

using misput_text = base::text<384>;

/// What is wrong with `item`, which the pages refused because of `why`.  `overrun`: the byte behind
/// the item that was written, if that is what is wrong.  Takes the locks of all pools in turn, to
/// find whose it is.
misput_text words_for_misput(page::give_result why, const void* item, const void* overrun,
                             found when) noexcept;

}
