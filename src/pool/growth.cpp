// SPDX-License-Identifier: BSD-2-Clause
#include "pool/growth.hpp"

#include <utility>

namespace pool9::inline v1::detail {

using page::adopt_result;

adoption adopt_some(page::page_set& into, std::span<void*> got) noexcept {
  adoption a;
  for (void* const page : got) {
    const adopt_result r = into.adopt(page);
    if (r == adopt_result::no_memory) got[a.n_refused++] = page;
    if (r == adopt_result::already_here) a.twice = page;
  }
  return a;
}

adoption adopt_all(page::page_set& into, std::span<void*>& got) noexcept {
  for (std::size_t n = 0; n < got.size(); ++n) {
    const adopt_result r = into.adopt(got[n]);
    if (r == adopt_result::ok) continue;
    for (void* const page : got.first(n)) into.detach(page);
    if (r == adopt_result::no_memory) return {.n_refused = got.size()};
    void* const twice = std::exchange(got[n], got.back());
    got = got.first(got.size() - 1);
    return {.n_refused = got.size(), .twice = twice};
  }
  return {};
}

}
