// SPDX-License-Identifier: BSD-2-Clause
#include "pool/misput.hpp"

#include "pool/core.hpp"

namespace pool9::inline v1::detail {

misput_text words_for_misput(page::give_result why, const void* item, const void* overrun,
                             found when) noexcept {
  using page::give_result;
  misput_text text;
  text.add("item %p: ", item);
  if (overrun != nullptr) return text.add("was written beyond its end, at %p", overrun);
  if (item == nullptr) {
    text.add("is null");
  } else if (why == give_result::already_free) {
    text.add("put twice: it is free already");
  } else if (why == give_result::interior) {
    text.add("not the start of an item, but inside one of the pool's pages");
  } else {
    base::text<64> other;
    for (registry::visitor v; core* const c = v.next();) {
      const base::locked hold(c->mutex);
      if (c->pages.owns(item)) other.add("it is of pool '%s'", c->name);
    }
    if (other.view().empty()) other.add("foreign memory, or put twice and its page went back");
    text.add("not of this pool: %s", other.view().data());
  }
  return text.add(when == found::in_magazine ? " (found when it left a thread's cache)" : "");
}

}
