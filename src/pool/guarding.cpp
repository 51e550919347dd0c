// SPDX-License-Identifier: BSD-2-Clause
// Sampled guard as a pool sees it: items of its own that others stand in for.
#include "pool/core.hpp"
#include "pool/guard.hpp"

namespace pool9::inline v1::detail {

void* core::guarded(void* item) noexcept {
  if (guard_one_in == 0 || counts.refills % guard_one_in != 0) return item;
  if (guard::is_near(item)) return item;  // from another's magazine: it stands in already
  void* const other = guard::stand_in(item, {.pool_id = id,
                                             .pool = name,
                                             .item_size = item_size,
                                             .align = alignment.to,
                                             .align_offset = alignment.offset});
  return other != nullptr ? other : item;
}

page::give_result core::ask(const void* item) noexcept {
  const page::give_result r = pages.ask(item);
  return r == page::give_result::foreign && guard::is_near(item) ? guard::ask(item, id) : r;
}

page::give_result core::give_back_item(void* item) noexcept {
  using page::give_result;
  const give_result r = pages.give(item);
  if (r != give_result::foreign || !guard::is_near(item)) return r;
  if (const give_result at_guard = guard::ask(item, id); at_guard != give_result::ok)
    return at_guard;
  const void* byte = nullptr;
  void* const real = guard::come_back(item, byte);
  if (byte != nullptr)
    guard_found = {byte > item ? misuse_kind::overrun : misuse_kind::underrun, item, byte};
  return pages.give(real);
}

}
