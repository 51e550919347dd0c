// SPDX-License-Identifier: BSD-2-Clause
// Getting and putting from C.
#include <cerrno>

#include "c_api/handle.hpp"

using namespace pool9;
using namespace pool9::c_api;

#undef pool_get
#undef pool_put

void* pool_get(struct ::pool* pp, int flags) {
  static constexpr call_site here{.function = "pool_get"};
  return at(pp, "pool_get").items.get(get_flags(flags), here);
}
void* pool_get_at(struct ::pool* pp, int flags, const char* file, int line) {
  return at(pp, "pool_get").items.get(get_flags(flags), {"pool_get", file, line});
}
void pool_put(struct ::pool* pp, void* item) {
  static constexpr call_site here{.function = "pool_put"};
  at(pp, "pool_put").items.put(item, here);
}
void pool_put_at(struct ::pool* pp, void* item, const char* file, int line) {
  at(pp, "pool_put").items.put(item, {"pool_put", file, line});
}

void* pool_get_timed(struct ::pool* pp, int flags, const struct timespec* timeout) {
  handle& h = at(pp, "pool_get_timed");
  const call_site where{.function = "pool_get_timed"};
  const get_flags f = get_flags(flags) | get_flags::waitok;
  if (timeout == nullptr) return h.items.get(f, where);
  if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1'000'000'000)
    panic("pool_get_timed", h.items.name().data(), "timeout: %lld s and %ld ns is no time",
          static_cast<long long>(timeout->tv_sec), timeout->tv_nsec);
  using clock = pool9::pool::clock;
  const auto now = clock::now();
  const auto left =
      std::chrono::duration_cast<std::chrono::seconds>(clock::time_point::max() - now);
  if (timeout->tv_sec >= left.count() - 1) return h.items.get(f, where);
  return h.items.get(
      f, where,
      now + std::chrono::seconds(timeout->tv_sec) + std::chrono::nanoseconds(timeout->tv_nsec));
}

int pool_get_bulk(struct ::pool* pp, int flags, void** items, size_t n) {
  handle& h = at(pp, "pool_get_bulk");
  if (items == nullptr && n != 0) panic("pool_get_bulk", h.items.name().data(), "items: is null");
  switch (h.items.get_bulk({items, n}, get_flags(flags), {.function = "pool_get_bulk"})) {
    case bulk_outcome::served:
      return 0;
    case bulk_outcome::beyond_limit:
      return EINVAL;
    case bulk_outcome::short_of_items:
      break;
  }
  return ENOMEM;
}
void pool_put_bulk(struct ::pool* pp, void* const* items, size_t n) {
  handle& h = at(pp, "pool_put_bulk");
  if (items == nullptr && n != 0) panic("pool_put_bulk", h.items.name().data(), "items: is null");
  h.items.put_bulk({items, n}, {.function = "pool_put_bulk"});
}
