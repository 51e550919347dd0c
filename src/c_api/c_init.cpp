// SPDX-License-Identifier: BSD-2-Clause
// pool_init(), pool_create(), pool_destroy().
#include <cstdlib>
#include <cstring>

#include "c_api/handle.hpp"

using namespace pool9;
using namespace pool9::c_api;

namespace {

constinit no_source nothing;

/// pool_init()'s arguments are options by other names.
void refuse(const char* function, const pool_options& o, const char* field,
            std::uint64_t value) noexcept {
  const auto v = static_cast<unsigned long long>(value);
  const char* const name = o.name.data();
  if (std::strcmp(field, "item_size") == 0)
    panic(function, name, "size: %llu: an item has at least one byte, and a machine holds it", v);
  if (std::strcmp(field, "align") == 0 && !detail::power_of_two(value))
    panic(function, name, "align: %llu is not a power of two", v);
  if (std::strcmp(field, "align") == 0)
    panic(function, name, "align: %llu is more than pagesz %zu", v, o.page_size);
  if (!detail::power_of_two(value)) panic(function, name, "pagesz: %llu is not a power of two", v);
  panic(function, name, "pagesz: %llu does not hold one item of size %zu", v, o.item_size);
}

struct arguments {
  const char* function;
  size_t size;
  unsigned align, align_offset;
  int flags;
  const char* wchan;
  unsigned pagesz;
  callback_source::palloc_function palloc;
  callback_source::prelease_function prelease;
  int mtag;
};

void drain(void* context, pool9::pool&, shortage) noexcept {
  static_cast<const handle*>(context)->drain.call(PR_NOWAIT);
}

void init(struct ::pool* pp, const arguments& a, bool on_heap) noexcept {
  constexpr int known_flags = PR_NOWAIT | PR_MALLOCOK | PR_WAITOK | PR_STATIC | PR_URGENT |
                              PR_LOGGING | PR_LIMITFAIL | PR_NOCACHE;
  const char* const name = a.wchan != nullptr ? a.wchan : "unnamed";
  if (pp == nullptr) panic(a.function, name, "pp: is null");
  if ((a.flags & ~known_flags) != 0)
    panic(a.function, name, "flags: %#x is not known", unsigned(a.flags));
  if ((a.palloc == nullptr) != (a.prelease == nullptr))
    panic(a.function, name, "%s: is null, and %s is not",
          a.palloc == nullptr ? "palloc" : "prelease", a.palloc == nullptr ? "prelease" : "palloc");
  pool_options o{.name = name,
                 .item_size = a.size,
                 .align = a.align,
                 .align_offset = a.align_offset,
                 .page_size = a.pagesz,
                 .thread_cache = (a.flags & PR_NOCACHE) == 0,
                 .diagnostic = (a.flags & PR_LOGGING) != 0,
                 .red_zones = false};  // POOL_STORAGE_SIZE does not know of them
  detail::check_options(o, [&](const char* field, std::uint64_t value, std::string_view) {
    refuse(a.function, o, field, value);
  });
  // Where the callbacks will stand, so that the options can point there.
  auto* const place = reinterpret_cast<handle*>(pp->pr_private);
  if ((a.flags & PR_STATIC) != 0) {
    o.source = &nothing;
  } else if (a.palloc != nullptr) {
    o.source = &place->callbacks;
  }
  pp->pr_size = a.size;
  ::new (place) handle(o, callback_source(a.palloc, a.prelease, a.mtag), a.flags, on_heap);
}

}

void pool_init(struct ::pool* pp, size_t size, unsigned align, unsigned align_offset, int flags,
               const char* wchan, unsigned pagesz, void* (*palloc)(unsigned long, int, int),
               void (*prelease)(void*, unsigned long, int), int mtag) {
  init(pp, {"pool_init", size, align, align_offset, flags, wchan, pagesz, palloc, prelease, mtag},
       false);
}

struct ::pool* pool_create(size_t size, unsigned align, unsigned align_offset, int nitems,
                           const char* wchan, unsigned pagesz,
                           void* (*palloc)(unsigned long, int, int),
                           void (*prelease)(void*, unsigned long, int), int mtag) {
  auto* const pp = static_cast<struct ::pool*>(std::malloc(sizeof(struct ::pool)));
  if (pp == nullptr) return nullptr;
  init(pp, {"pool_create", size, align, align_offset, 0, wchan, pagesz, palloc, prelease, mtag},
       true);
  handle& h = at(pp, "pool_create");
  if (h.items.prime(count("pool_create", h, "nitems", nitems))) return pp;
  pool_destroy(pp);
  return nullptr;
}

void pool_destroy(struct ::pool* pp) {
  handle& h = at(pp, "pool_destroy");
  if (!h.items.close({.function = "pool_destroy"})) return;  // reported; nothing changed
  const bool on_heap = h.on_heap;
  h.~handle();
  h.magic = 0;
  if (on_heap) std::free(pp);
}

void pool_set_drain_hook(struct ::pool* pp, void (*fn)(void*, int), void* arg) {
  handle& h = at(pp, "pool_set_drain_hook");
  h.drain.set(fn, arg);
  h.items.set_shortage_hook(fn != nullptr ? shortage_hook{drain, &h} : shortage_hook{});
}
