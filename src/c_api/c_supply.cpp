// SPDX-License-Identifier: BSD-2-Clause
// Priming, watermarks, limit and return of memory from C.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>

#include "c_api/handle.hpp"

using namespace pool9;
using namespace pool9::c_api;

int pool_prime(struct ::pool* pp, int nitems, char* storage) {
  handle& h = at(pp, "pool_prime");
  const std::size_t n = count("pool_prime", h, "nitems", nitems);
  if (storage == nullptr) return h.items.prime(n) ? 0 : ENOMEM;
  if (n == 0) return 0;
  const std::size_t align = std::max<std::size_t>(h.items.align(), 16);
  const std::size_t bytes = POOL_STORAGE_SIZE_ALIGNED(h.items.item_size(), n, align);
  return h.items.prime({reinterpret_cast<std::byte*>(storage), bytes}, n) == n ? 0 : ENOMEM;
}

void pool_sethiwat(struct ::pool* pp, int n) {
  handle& h = at(pp, "pool_sethiwat");
  h.items.set_high_watermark(count("pool_sethiwat", h, "n", n));
}
void pool_setlowat(struct ::pool* pp, int n) {
  handle& h = at(pp, "pool_setlowat");
  h.items.set_low_watermark(count("pool_setlowat", h, "n", n));
}
int pool_sethardlimit(struct ::pool* pp, unsigned n, const char* warnmess, int ratecap) {
  handle& h = at(pp, "pool_sethardlimit");
  const std::chrono::seconds pause(count("pool_sethardlimit", h, "ratecap", ratecap));
  const std::size_t limit = n == UINT_MAX ? unlimited : n;
  return h.items.set_hard_limit(limit, {warnmess, pause}) ? 0 : EINVAL;
}

int pool_reclaim(struct ::pool* pp) { return at(pp, "pool_reclaim").items.reclaim() != 0; }
void pool_drain(void*) { static_cast<void>(relieve_memory_pressure()); }

namespace {

/// No page is larger, and none is rounded up beyond.
constexpr unsigned long largest_page = ULONG_MAX / 2 + 1;

}

void* pool_page_alloc_nointr(unsigned long sz, int flags, int) {
  if (sz == 0 || sz > largest_page) return nullptr;
  return system_source().allocate(std::bit_ceil(sz), get_flags(flags));
}
void pool_page_free_nointr(void* v, unsigned long sz, int) {
  if (v != nullptr && sz <= largest_page) system_source().release(v, std::bit_ceil(sz));
}
