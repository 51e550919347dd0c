// SPDX-License-Identifier: BSD-2-Clause
// What is wrong with an item, in words: of a put that was refused, or of bytes that were written.
#pragma once
#include "base/text.hpp"
#include "page/page_set.hpp"
#include "pool/poison.hpp"
#include "pool/steps.hpp"

namespace pool9::inline v1::detail {

/// When a misuse was noticed: at its call, or when the item left a cache - a thread's, or that of a
/// pool for one thread.
enum class found { at_once, in_magazine, in_own_magazine };

/// A put that was refused.
struct refusal {
  page::give_result why;
  void* item;
  std::string_view pool;         // that refused it
  const void* around = nullptr;  // the item whose bytes it is among
  bool was_here = false;         // it is known to have been the pool's
  found when = found::at_once;
};

struct charge {
  base::text<384> text;
  misuse_kind what;
  const char* look_at;
  const void* item;     // that is meant
  const void* address;  // that shows it

  /// A report of it, while it lives.
  telling told(const call_site& where, const char* function) const noexcept {
    return {.kind = report_kind::misuse,
            .where = where,
            .function = function,
            .address = address,
            .text = text.view().data(),
            .what = what,
            .item = item,
            .look_at = look_at};
  }
};

/// Takes the locks of all pools in turn, to find whose the item is.
charge charge_of(const refusal& r) noexcept;
charge charge_of(const finding& f, std::size_t item_size) noexcept;

}
