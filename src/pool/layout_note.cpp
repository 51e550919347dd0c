// SPDX-License-Identifier: BSD-2-Clause
#include "pool/layout_note.hpp"

#include <pool9/stats.h>

#include "pool/core.hpp"
#include "pool/guard.hpp"
#include "pool/registry.hpp"

namespace pool9::inline v1::detail {

[[gnu::used]] constinit registry::root_t registry::root;  // by the note, at its end

// Types of several access rights have no standard layout; these compilers know their offsets.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

struct layout_access {
  using magazine = cache::magazine;
  using log_entry = usage_log::entry;
  using record = ledger::record;
  using place = guard::place;
  template <std::size_t N, std::size_t M>
  static constexpr layout_table::member member(const char (&type)[N], const char (&name)[M],
                                               std::size_t offset, std::size_t size) {
    layout_table::member m{
        {}, {}, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(size)};
    static_assert(N <= sizeof m.type && M <= sizeof m.name);
    for (std::size_t i = 0; i < N; ++i) m.type[i] = type[i];
    for (std::size_t i = 0; i < M; ++i) m.name[i] = name[i];
    return m;
  }
  template <std::size_t N>
  static consteval layout_table table(const layout_table::member (&all_of)[N]) {
    static_assert(N <= layout_table::most_members);
    layout_table t{1, sizeof(layout_table::member), N, 0, {}};
    for (std::size_t i = 0; i < N; ++i) t.members[i] = all_of[i];
    return t;
  }
  static const layout_table::member members[];
  static consteval layout_table all();
};

#define POOL9_TYPE(type, name) member(name, "", 0, sizeof(type))
#define POOL9_MEMBER(type, name, of, as) \
  member(name, as, offsetof(type, of), sizeof(static_cast<type*>(nullptr)->of))
#define POOL9_CORE(of, as) POOL9_MEMBER(core, "core", of, as)
#define POOL9_EVENT(type, name, of)                             \
  POOL9_MEMBER(type, name, of.where.function, #of ".function"), \
      POOL9_MEMBER(type, name, of.where.file, #of ".file"),     \
      POOL9_MEMBER(type, name, of.where.line, #of ".line"),     \
      POOL9_MEMBER(type, name, of.time_ns, #of ".time_ns"),     \
      POOL9_MEMBER(type, name, of.n_stack, #of ".n_stack"),     \
      POOL9_MEMBER(type, name, of.stack, #of ".stack")
#define POOL9_COUNT(of) POOL9_CORE(counts.of, "counts." #of)

constexpr layout_table::member layout_access::members[] = {
    POOL9_TYPE(registry::root_t, "root"),
    POOL9_MEMBER(registry::root_t, "root", pools, "pools"),
    POOL9_MEMBER(registry::root_t, "root", n_changes, "n_changes"),
    POOL9_MEMBER(registry::root_t, "root", guards, "guards"),
    POOL9_TYPE(base::list_link, "link"),
    POOL9_MEMBER(base::list_link, "link", next, "next"),
    POOL9_MEMBER(base::list_link, "link", prev, "prev"),
    POOL9_TYPE(registry::entry, "entry"),
    POOL9_MEMBER(registry::entry, "entry", pool, "pool"),

    POOL9_TYPE(core, "core"),
    POOL9_CORE(place, "place"),
    POOL9_CORE(id, "id"),
    POOL9_CORE(name, "name"),
    POOL9_CORE(diagnostic, "diagnostic"),
    POOL9_CORE(logs, "logs"),
    POOL9_CORE(sanitized, "sanitized"),
    POOL9_CORE(item_size, "item_size"),
    POOL9_CORE(slot, "slot"),
    POOL9_CORE(scarce, "scarce"),
    POOL9_CORE(n_puts, "n_puts"),
    POOL9_CORE(shape.layout_.stride_, "layout.stride"),
    POOL9_CORE(shape.layout_.page_shift_, "layout.page_shift"),
    POOL9_CORE(shape.layout_.per_page_, "layout.per_page"),
    POOL9_CORE(pages.n_free_, "pages.n_free"),
    POOL9_CORE(pages.n_pages_, "pages.n_pages"),
    POOL9_CORE(pages.n_empty_, "pages.n_empty"),
    POOL9_CORE(pages.extents_.n_items_, "pages.storage_items"),
    POOL9_CORE(pages.extents_.bytes_, "pages.storage_bytes"),
    POOL9_CORE(caches, "caches"),
    POOL9_CORE(caches.open_, "caches.open"),
    POOL9_CORE(caches.closed_, "caches.closed"),
    POOL9_CORE(caches.parked_, "caches.parked"),
    POOL9_CORE(caches.n_recalled_, "caches.n_recalled"),
    POOL9_CORE(caches.puts_of_gone_, "caches.puts_of_gone"),
    POOL9_CORE(waiters.head_, "waiters.head"),
    POOL9_CORE(waiters.size_, "waiters.size"),
    POOL9_CORE(bounds.low, "bounds.low"),
    POOL9_CORE(bounds.high, "bounds.high"),
    POOL9_CORE(bounds.hard, "bounds.hard"),
    POOL9_CORE(bounds.reserve, "bounds.reserve"),
    POOL9_CORE(log.ring_, "log.ring"),
    POOL9_CORE(log.n_, "log.n"),
    POOL9_COUNT(fails),
    POOL9_COUNT(waits),
    POOL9_COUNT(timeouts),
    POOL9_COUNT(cancels),
    POOL9_COUNT(limit_hits),
    POOL9_COUNT(source_fails),
    POOL9_COUNT(pages_requested),
    POOL9_COUNT(pages_released),
    POOL9_COUNT(peak_out),
    POOL9_COUNT(peak_out_time_ns),
    POOL9_COUNT(last_growth_time_ns),
    POOL9_COUNT(peak_pages),
    POOL9_COUNT(recalls),
    POOL9_COUNT(refills),
    POOL9_COUNT(flushes),
    POOL9_COUNT(told_gets),
    POOL9_COUNT(told_puts),
    POOL9_COUNT(misputs),
    POOL9_COUNT(wait_ns_total),
    POOL9_COUNT(wait_histogram),
    member("core", "least_limit", core::least_limit, 0),
    member("core", "at_limit", static_cast<std::size_t>(scarcity::at_limit), 0),
    member("core", "of_memory", static_cast<std::size_t>(scarcity::of_memory), 0),

    POOL9_TYPE(magazine, "magazine"),
    member("magazine", "link", offsetof(magazine, next), sizeof(base::list_link)),
    POOL9_MEMBER(magazine, "magazine", top, "top"),
    POOL9_MEMBER(magazine, "magazine", n_puts, "n_puts"),
    POOL9_MEMBER(magazine, "magazine", base, "base"),
    POOL9_MEMBER(magazine, "magazine", taken, "taken"),
    POOL9_MEMBER(magazine, "magazine", capacity, "capacity"),

    POOL9_TYPE(waiter, "waiter"),
    POOL9_MEMBER(waiter, "waiter", next_, "next"),
    POOL9_MEMBER(waiter, "waiter", prev_, "prev"),
    POOL9_MEMBER(waiter, "waiter", served_, "served"),
    POOL9_MEMBER(waiter, "waiter", wanted_, "wanted"),
    POOL9_MEMBER(waiter, "waiter", since_ns_, "since_ns"),

    POOL9_CORE(watch, "watch"),
    POOL9_TYPE(diagnosis, "watch"),
    POOL9_MEMBER(diagnosis, "watch", n_detained, "n_detained"),
    POOL9_MEMBER(diagnosis, "watch", records.table_, "records"),
    POOL9_MEMBER(diagnosis, "watch", records.capacity_, "n_records"),
    POOL9_TYPE(record, "record"),
    POOL9_MEMBER(record, "record", item, "item"),
    POOL9_MEMBER(record, "record", now, "now"),
    POOL9_EVENT(record, "record", got),
    member("record", "out", static_cast<std::size_t>(ledger::state::out), 0),

    POOL9_TYPE(place, "guard"),
    POOL9_MEMBER(place, "guard", pool_id, "pool_id"),
    POOL9_MEMBER(place, "guard", now, "now"),
    POOL9_MEMBER(place, "guard", item, "item"),
    POOL9_EVENT(place, "guard", got),
    member("guard", "out", static_cast<std::size_t>(guard::state::out), 0),
    member("guard", "n_places", guard::n_places, 0),

    POOL9_TYPE(log_entry, "log_entry"),
    POOL9_MEMBER(log_entry, "log_entry", action, "action"),
    POOL9_MEMBER(log_entry, "log_entry", item, "item"),
    POOL9_MEMBER(log_entry, "log_entry", where.function, "function"),
    POOL9_MEMBER(log_entry, "log_entry", where.file, "file"),
    POOL9_MEMBER(log_entry, "log_entry", where.line, "line"),
    member("log_entry", "at_most", usage_log::size, 0),
};

consteval layout_table layout_access::all() { return table(members); }

static_assert(sizeof(layout_table::member) == 64 && offsetof(layout_table, members) == 16);
static_assert(offsetof(base::list_link, next) == 0, "a link is where its list points");
static_assert(sizeof(scarcity) == 4 && sizeof(void*) == 8);

}

extern "C" [[gnu::used]] constinit const pool9::detail::layout_table pool9_layout =
    pool9::detail::layout_access::all();

// The note.  Section and symbols are told apart from the program's own by their names alone.
__asm__(
    ".pushsection .note.pool9, \"a\", %note\n"
    ".balign 4\n"
    ".4byte 6, 16, 1\n"  // bytes of the owner's name and of the description; type
    ".asciz \"pool9\"\n"
    ".balign 4\n"
    ".8byte pool9_layout - .\n"
    ".8byte pool9_registry - .\n"
    ".popsection\n");
