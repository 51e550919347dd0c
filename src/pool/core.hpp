// SPDX-License-Identifier: BSD-2-Clause
// The engine of one pool: all its state, and who may touch it when.
//
// Theory of operation
// ===================
// 1. Items.  An item is out (a caller has it) or free (its bit in the page set is 1).  A get takes
//    a free item, a put gives it back; both are O(1) under the pool's lock (requests.cpp).
//
// 2. Pages.  They come when a get finds no free item, when prime or the low watermark ask for them,
//    and go when they are empty and above the high watermark, or stayed empty for a while, or on
//    reclaim.  supply.cpp is the only place that calls page sources.  Floors - reserve and low
//    watermark - are arithmetic in limits.hpp.
//
// 3. Waiting (waiting.cpp).  While anybody waits, free items belong to the queue: newcomers take
//    nothing, and whoever holds the lock serves the oldest waiter before releasing it
//    (serve_waiters()). So instead of a list of events that must wake somebody there is one
//    invariant, C3, at every release.  A waiter is short of either the limit or memory: in the
//    first case only a put or a raised limit helps; in the second it asks the source again, with a
//    growing pause if it is a thread, through housekeeping if it is a callback, and at once when
//    memory went back anywhere.  One whose trouble changes from the first to the second must be
//    told to ask.
//
// 4. Foreign code - sources, hooks, report handlers, callbacks - runs with no lock held.  While a
//    pool's own source or hook runs in a thread, that thread's gets on the pool neither grow nor
//    wait: `inside` knows.  What a lock holder owes to others is in a handoff, paid after the
//    release.
//
// 5. Life.  The core is born by the first get or prime, in the arena or in the caller's storage,
//    and is found through pool::core_.  It dies in close(), when nobody works on it: calls of the
//    user's own in progress are misuse, others pin it (pin.hpp).
//
// 6. Caches.  A thread's magazine (src/cache) takes gets and puts without the lock.  What open
//    magazines hold counts as issued; caching.cpp says when they may be open, and recalls them
//    whenever the pool needs to know or to have everything.
//
// 7. Locks.  Order: registry::lock, core::mutex of any one pool, then those below (calls, arena,
//    system source).  A fork takes them all; the child drops the other threads' waits (fork.cpp).
//
// What is not done: no fairness between pools, no priority among waiters.
//
// Invariants, at every release of the lock
//   C1  n_issued = n_items - n_free - n_recalled - n_detained: what is out, and what open magazines
//       hold
//   C2  n_issued <= hard limit
//   C3  the oldest waiter cannot be served: the limit does not admit what it wants, or not so many
//       items are free, recalled ones included
//   C4  n_pages >= floor_pages for the reserve
//   C5  starving  <=>  there is an oldest waiter that the limit admits
//   C6  while n_free >= quick_get, a get has nothing to do but to take an item: nobody waits, the
//       limit and the low watermark admit it, nothing is logged or checked
//   C7  while n_free >= quick_put, a put that empties no page has nothing to do but to give the
//       item: nobody waits, no page must go or may from now on, no peak ends, nothing is logged or
//       checked
//   C8  pages may go, or might if magazines were empty  =>  a look at them is due
//   C9  above_floor  <=>  there are more pages than must stay, and idle ones may go
//   C10 a magazine is open  =>  calm: nobody waits or walks, there are no more pages than may
//       stay, and there was room to spare since the last get that found none
//   C11 calm  <=>  calm_from == 0; else the pool stays tight while n_at_hand < calm_from
#pragma once
#include <atomic>
#include <pool9/pool.hpp>
#include <utility>

#include "base/mutex.hpp"
#include "base/os.hpp"
#include "cache/magazine_set.hpp"
#include "pool/diagnosis.hpp"
#include "pool/environment.hpp"
#include "pool/handoff.hpp"
#include "pool/limits.hpp"
#include "pool/misput.hpp"
#include "pool/registry.hpp"
#include "pool/sanitizing.hpp"
#include "pool/steps.hpp"
#include "pool/usage_log.hpp"

namespace pool9::inline v1::detail {

struct layouts;

struct core {
  /// Pools of a lower limit are always tight.
  static constexpr std::size_t least_limit = 64;

  /// Takes over the options of `p`.  `in_storage`: this memory is the caller's.
  core(pool& p, const pool_options& o, const layouts& l, const char* name,
       bool in_storage) noexcept;
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  // ---- requests.cpp ----
  bulk_outcome get(const request& r) noexcept;
  void put(void* item, const caller& by) noexcept;
  void put_bulk(std::span<void* const> items, const caller& by) noexcept;

  // ---- caching.cpp ----
  /// A get that no magazine answered; `popped` came from a closed one.  nullptr: ask get().
  void* visit_for_get(void* popped, const void* from = nullptr) noexcept;
  /// A put that no magazine took, or that a closed one did: `pushed`.
  void visit_for_put(void* item, bool pushed, const caller& by) noexcept;

  // ---- waiting.cpp ----
  bool cancel(waiter& w) noexcept;
  /// `w`, which awaits this pool, is being destroyed.
  void cancel_ended(waiter& w) noexcept;

  // ---- supply.cpp ----
  bool prime(std::size_t n) noexcept;
  std::size_t prime(std::span<std::byte> storage, std::size_t at_most) noexcept;
  std::size_t reclaim() noexcept;
  /// Asks the hook to put items back.
  void tell_of_pressure() noexcept;
  /// Asks the source for the oldest waiters' sake, until none of them is short of memory only.
  void feed_waiters() noexcept;
  /// In the child of a fork: the other threads' waits are over.
  void after_fork() noexcept;
  /// Does what is due by `now`.
  void tick(std::uint64_t now) noexcept;

  // ---- settings.cpp ----
  void set_low_watermark(std::size_t n) noexcept;
  void set_high_watermark(std::size_t n) noexcept;
  bool set_hard_limit(std::size_t n, const limit_warning* warning) noexcept;
  void set_shortage_hook(shortage_hook hook) noexcept;
  /// As they are now, into those fields of `o`.
  void read_settings(pool_options& o) noexcept;

  // ---- life.cpp ----
  static core* make(pool& p, const pool_options& o, const overrides& asked, const char* name,
                    std::span<std::byte>* storage) noexcept POOL9_REQUIRES(registry::lock);
  /// Leaves the registry, gives all pages back and ends; false: in use, and reported.
  /// What is owed then is the caller's to pay, once nothing points here any more.
  bool close(const call_site& where, bool even_if_out, handoff& owed) noexcept;
  /// Leaves the registry; pages and items stay as they are for ever.
  void orphan() noexcept;
  /// Whether items are out or somebody waits, and how many.
  bool in_use(std::size_t& out, std::size_t& n_waiters) noexcept;
  /// No thread has a magazine of this pool any more.
  void abandon_caches() noexcept POOL9_REQUIRES(registry::lock);

  // ---- walk.cpp ----
  void for_each_item(void (*f)(void* context, void* item), void* context);

  // ---- seeing.cpp ----
  void read(pool_stats& s) noexcept;
  bool owns(const void* p) noexcept;
  std::string_view check() noexcept;
  void print(void (*line)(void*, std::string_view), void* context, print_parts parts) noexcept;
  void print_pages(void (*line)(void*, std::string_view), void* context) noexcept;
  void print_log(void (*line)(void*, std::string_view), void* context) noexcept;

  // ---- telling.cpp ----
  /// Reports about this pool.  `function` is what the caller is called where it gave no name;
  /// `look_at` ends the report, if it is not null.  No lock.
  [[gnu::format(printf, 7, 8)]] void say(report_kind kind, const call_site& where,
                                         const char* function, const void* address,
                                         const char* look_at, const char* format, ...) noexcept;
  void tell(const telling& t) noexcept;
  void say_misput(page::give_result why, void* item, const call_site& where,
                  found when = found::at_once) noexcept;
  /// Looks at all free items that were ever got, and reports those that were written since.
  void say_spoiled(const call_site& where) noexcept;
  void say_found(const finding& f, const call_site& where, const char* function) noexcept;

  // ---- holding.cpp ----
  std::size_t report_held(void (*line)(void*, std::string_view), void* context,
                          std::uint64_t age_ns) noexcept;
  void say_busy(const call_site& where, std::size_t out, std::size_t n_waiters) noexcept;
  /// Reports what is held for too long, and was not reported yet; the lock is released meanwhile.
  void say_held_too_long(std::uint64_t now) noexcept POOL9_REQUIRES(mutex);
  /// Sees to it that the next item to be held for too long is reported.
  void watch_held(handoff& owed) noexcept POOL9_REQUIRES(mutex);

  // ---- steps of a get and a put ----
  bulk_outcome get_in_turn(const request& r) noexcept;
  bool is_at_limit(std::size_t n) const noexcept POOL9_REQUIRES(mutex);
  /// The lock is released meanwhile.
  void call_hook(shortage why, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// No item: fails, panics, waits or enqueues.
  bulk_outcome fall_short(const request& r, bool at_limit, bool nested, handoff& owed) noexcept
      POOL9_ANNOTATE(release_capability(mutex));
  [[noreturn]] void panic_for_memory(const call_site& where, std::size_t out) noexcept;
  page::give_result give(void* item, const caller& by) noexcept POOL9_REQUIRES(mutex);
  void note_put(void* item, const caller& by) noexcept POOL9_REQUIRES(mutex);
  /// A waiter has what was taken for it: its own call is the get.  No lock.
  void note_served(const request& r) noexcept;
  void note_got(std::span<void* const> items, const caller& by) noexcept POOL9_REQUIRES(mutex);
  /// Its record; nullptr: no memory for one.
  ledger::record* enter(const void* item) noexcept POOL9_REQUIRES(mutex);
  /// What diagnostics found in the operation in progress.
  finding take_finding() noexcept POOL9_REQUIRES(mutex) {
    return watch != nullptr ? std::exchange(watch->found, {}) : finding{};
  }
  /// Housekeeping knows of the idle pages, or need not.
  bool is_watched() const noexcept POOL9_REQUIRES(mutex);
  /// The whole of most puts that come to the pool.
  void put_under_lock(void* item, const caller& by) noexcept
      POOL9_ANNOTATE(release_capability(mutex));
  /// A put that has more to do than to give the item.
  void put_with_care(void* item, const caller& by) noexcept
      POOL9_ANNOTATE(release_capability(mutex));
  /// A quick put emptied a page, and housekeeping must be told.
  void emptied_a_page() noexcept POOL9_ANNOTATE(release_capability(mutex));
  /// A put that was misuse, and why.
  void refuse(page::give_result why, void* item, const caller& by) noexcept
      POOL9_ANNOTATE(release_capability(mutex));
  void after_put(handoff& owed) noexcept POOL9_REQUIRES(mutex);

  // ---- steps of a walk ----
  /// No magazine is open until as many walks have ended.
  void begin_walk() noexcept;
  void end_walk() noexcept;
  void* next_out(page::page_set::item_cursor& c) noexcept;
  bool is_walked() noexcept;

  // ---- steps of a visit ----
  /// The rest of a visit, with the thread's magazine if it has one.
  void* get_with(cache::magazine* m, void* popped, const void* from) noexcept;
  void put_with(cache::magazine* m, void* item, bool pushed, const caller& by) noexcept;
  /// Whether a thread without a magazine might be given one.
  bool may_open() noexcept POOL9_REQUIRES(mutex);
  /// Settles the thread's magazine if it is closed or of another pool; returns it if it is open.
  /// `popped`: becomes null if it is not the caller's.
  cache::magazine* settle(cache::magazine& m, void*& popped, handoff& owed) noexcept
      POOL9_REQUIRES(mutex);
  /// settle.3 and settle.4.
  void settle_pushed(cache::magazine& m, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// Settles what the calling thread has of this slot.  Requires: all is recalled.
  void settle_this_thread(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  void park_at_exit(cache::magazine& m) noexcept;
  /// A magazine for the calling thread, which has none; nullptr: no memory.  Requires: may_open().
  cache::magazine* open_magazine(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// How much one of that many magazines may hold.
  std::size_t depth_for(std::size_t n_open) const noexcept POOL9_REQUIRES(mutex);
  /// An item, and more for the magazine; nullptr: none is free.
  void* refill(cache::magazine& m, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// Puts an item into a magazine, which may have to be emptied by half.
  void stow(cache::magazine& m, void* item, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// "Null above the bottom is a fault": it looks like the bottom to the inlined path.
  void drop_nulls(cache::magazine& m, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// What was put into a magazine is checked when it comes to the pages.
  void give_from_magazine(void* item, handoff& owed) noexcept POOL9_REQUIRES(mutex);

  // ---- guarding.cpp: items that sit alone ----
  /// What stands in for an item, now and then; the item itself otherwise.
  void* guarded(void* item) noexcept POOL9_REQUIRES(mutex);
  page::give_result ask(const void* item) noexcept POOL9_REQUIRES(mutex);
  /// The pages' give(), for items that sit alone, too.
  page::give_result give_back_item(void* item) noexcept POOL9_REQUIRES(mutex);

  // ---- lending.cpp: blocks of malloc's that stand in for items ----
  bool lends() const noexcept { return watch != nullptr && watch->lends; }
  /// Puts blocks where take() will put items; nullptr where there is no memory.  No lock.
  void bring_blocks(const request& r) noexcept;
  /// What bring_blocks() brought, and take() did not take.  No lock.
  void drop_blocks(std::span<void* const> blocks) noexcept;
  /// The same of one, which may be null; returns what is to be freed.
  void* drop_block(void* block) noexcept POOL9_REQUIRES(mutex);
  /// What take() hands out for `item`.
  void* lend(void* block, void* item) noexcept POOL9_REQUIRES(mutex);
  /// What malloc() gave for it; nullptr for nullptr.
  void* start_of(void* block) const noexcept;
  void free_blocks() noexcept;
  /// An item was put: becomes what it stood in for, and is a `block` to be freed then; false: it
  /// was put before.
  bool unlend(void*& item, void*& block, const caller& by) noexcept POOL9_REQUIRES(mutex);
  void* next_lent(std::size_t& from) noexcept;

  // ---- helpers of several of these ----
  /// C1.  Misuse may have put more into magazines than was out.
  std::size_t n_issued() const noexcept POOL9_REQUIRES(mutex) {
    const std::size_t n = pages.n_items() - pages.n_free();
    return n - std::min(n, caches.n_recalled() + n_detained());
  }
  /// Items in quarantine, which are free to everybody but the pages.
  std::size_t n_detained() const noexcept POOL9_REQUIRES(mutex) {
    return watch != nullptr ? watch->n_detained : 0;
  }
  /// Exact while no magazine is open, or the owners of those that are do nothing.
  std::size_t n_out() noexcept POOL9_REQUIRES(mutex) {
    const std::size_t n = n_issued();
    return n - std::min(n, caches.count().n_held);
  }
  /// Items that a get may be given.  (What open magazines hold is at hand, too, but not seen.)
  std::size_t n_at_hand() const noexcept POOL9_REQUIRES(mutex) {
    return pages.n_free() + caches.n_recalled() + n_detained();
  }
  /// A magazine's part of `n`, so that the first to come leaves something for the others.
  std::size_t share_of(std::size_t n) const noexcept POOL9_REQUIRES(mutex) {
    return caches.n_open() == 0 ? n : std::min(n, n / (2 * caches.n_open() + 1) + 1);
  }
  /// How many more may be issued.
  std::size_t room() const noexcept POOL9_REQUIRES(mutex) {
    return bounds.hard - std::min(bounds.hard, n_issued());
  }
  bool admits(std::size_t n) const noexcept POOL9_REQUIRES(mutex) { return n <= room(); }
  /// May draw recalled items.
  bool can_serve(std::size_t n, handoff& owed) noexcept POOL9_REQUIRES(mutex) {
    return admits(n) && stock(n, owed) && admits(n);  // what was no item is recalled no more
  }
  /// Draws recalled items, and then those in quarantine, until `n` are free, and some in any case,
  /// since C6 counts those in pages only; false: there are not so many.
  bool stock(std::size_t n, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  void draw_all(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// The same; the lock is released meanwhile.
  void draw_in_steps(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  void let_others_in() noexcept POOL9_REQUIRES(mutex);
  /// Closes all magazines; their items can be drawn.
  void recall_open() noexcept POOL9_REQUIRES(mutex);
  /// The same, and what their owners pushed later; waits for nobody.
  void recall_all(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// The same for a get that found nothing; the pool is tight then.  Returns whether that helped.
  bool recall_for(scarcity why, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// A growth would leave the reserve to idle caches: less than it may be out.
  bool reserve_may_be_cached() const noexcept POOL9_REQUIRES(mutex) {
    return bounds.reserve != 0 && caches.n_open() != 0 &&
           n_issued() < bounds.reserve + caches.open_depth();
  }
  /// Recalls magazines that were not visited since the last call, and returns what lies in idle
  /// ones to the pages; the lock is released meanwhile.
  void age_caches(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// Bits POOL_TIGHT_*; 0: calm.
  std::uint64_t why_tight(std::size_t out) const noexcept POOL9_REQUIRES(mutex);
  bool is_calm() const noexcept POOL9_REQUIRES(mutex) { return calm_from == 0; }
  bool may_have_calm() const noexcept POOL9_REQUIRES(mutex);
  std::size_t calm_from_now() const noexcept POOL9_REQUIRES(mutex);
  bool is_queued(const waiter& w) const noexcept POOL9_REQUIRES(mutex);
  /// The oldest waiter is short of nothing but memory.
  bool is_hungry() const noexcept POOL9_REQUIRES(mutex);
  /// Takes that many free items.  Diagnostics may find that one was written while it was free:
  /// watch->found says where, and then, as told, the items are kept and false is returned, or not.
  /// Requires: can_serve().
  bool take(std::span<void*> items, const caller& by, if_spoiled then) noexcept
      POOL9_REQUIRES(mutex);
  /// Makes C6, C7, C9, C10 and C11 true; what they say changes with waiters, pages and settings.
  void retune() noexcept POOL9_REQUIRES(mutex);
  std::size_t quick_get_from() const noexcept POOL9_REQUIRES(mutex);
  std::size_t quick_put_from() const noexcept POOL9_REQUIRES(mutex);
  void note_peak(std::size_t out) noexcept POOL9_REQUIRES(mutex);
  void note_growth() noexcept POOL9_REQUIRES(mutex);
  void note_recall() noexcept POOL9_REQUIRES(mutex);
  void note_limit() noexcept POOL9_REQUIRES(mutex);
  /// Serves whoever can be served: makes C3 and C5 true, and then what retune() does.
  void serve_waiters(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  void enqueue(waiter& w, const request& r, bool at_limit, handoff& owed) noexcept
      POOL9_REQUIRES(mutex);
  /// `w` leaves the queue with that state, and is told.
  void finish(waiter& w, waiter_state state, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// Waits in line.
  bulk_outcome wait(const request& r, bool at_limit, handoff& owed) noexcept
      POOL9_ANNOTATE(release_capability(mutex));
  /// Asks the source for pages; the lock is released meanwhile.  Returns whether any came.
  bool grow(get_flags flags, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// Pages that prime has got but not added.
  struct page_list;
  /// Gives them back; a failed prime changes nothing.  Returns false.
  bool unprime(page_list& got, handoff& owed) noexcept POOL9_ANNOTATE(release_capability(mutex));
  void say_given_twice(void* page) noexcept;
  /// Asks the source, with no lock held; returns how many pages of those that came can be used.
  std::size_t ask_source(std::span<void*> into, get_flags flags, asking what_for) noexcept;
  void return_pages(std::span<void* const> some) noexcept;
  /// The same of pages that cannot be used.
  void hand_back(std::span<void* const> some) noexcept;
  /// Gives `most` empty pages back, fewer if floors or waiters say so; the lock is released
  /// meanwhile.  Returns the bytes.
  std::size_t give_back(std::size_t most, handoff& owed) noexcept POOL9_REQUIRES(mutex);
  /// A look at idle pages or at what is held, or a question to the source, is due at `when`.
  void make_due(std::uint64_t& which, std::uint64_t when, handoff& owed) noexcept
      POOL9_REQUIRES(mutex);
  bool has_pages_to_spare() const noexcept POOL9_REQUIRES(mutex);
  /// Some pages may go, or might if magazines were empty.
  bool has_idle_pages() const noexcept POOL9_REQUIRES(mutex);
  /// No page may go, and one might at a put that empties none, since then enough is at hand.
  bool has_pages_on_the_edge() const noexcept POOL9_REQUIRES(mutex);
  /// Sees to it that they go back when they stay unused: makes C8 true.
  void watch_idle_pages(handoff& owed) noexcept POOL9_REQUIRES(mutex);
  bool keeps_log(const call_site& where) const noexcept { return logs || where.file != nullptr; }
  /// Releases the lock and pays.
  void leave(handoff& owed) noexcept POOL9_ANNOTATE(release_capability(mutex));

  // Constant after construction.
  pool& owner;
  page_source& source;
  const on_live at_destroy;
  const bool in_storage;
  const bool diagnostic;
  const bool logs;
  const bool sanitized;  // a tool watches, and is told which items are free
  const std::size_t item_size;
  const std::uint32_t guard_one_in;  // refills; 0: none
  const struct { std::size_t to, offset; } alignment;
  const page::region_shape shape;
  const page::layout& layout;   // the same, of a page
  const std::uint64_t idle_ns;  // never: pages stay
  const std::uint64_t held_ns;  // never: no time is too long
  const std::uint64_t id;
  char name[32];

  // Has its own synchronisation.
  std::atomic<bool> starving{false};                // C5; written under mutex, a hint without
  registry::entry place;                            // registry::lock
  std::atomic<std::uint32_t> pins{0};               // see pin.hpp
  std::atomic<std::uint64_t> due{base::os::never};  // written under mutex; a hint for housekeeping

  // What every get and put under the lock touches: two cache lines.
  alignas(64) base::mutex mutex;
  std::size_t quick_get POOL9_GUARDED_BY(mutex) = unlimited;  // C6
  std::size_t quick_put POOL9_GUARDED_BY(mutex) = unlimited;  // C7
  std::uint64_t n_puts POOL9_GUARDED_BY(mutex) = 0;           // not those that magazines took
  page::page_set pages POOL9_GUARDED_BY(mutex);
  // The rest.
  cache::magazine_set caches POOL9_GUARDED_BY(mutex);
  /// Of the thread-local table; 0: no caches.  Changes in abandon_caches() only.
  std::uint32_t slot;
  wait_queue waiters POOL9_GUARDED_BY(mutex);
  limits bounds POOL9_GUARDED_BY(mutex);
  bool above_floor POOL9_GUARDED_BY(mutex) = true;    // C9
  std::uint32_t n_walks POOL9_GUARDED_BY(mutex) = 0;  // in progress, one in another
  scarcity scarce POOL9_GUARDED_BY(mutex) = scarcity::none;
  std::size_t calm_from POOL9_GUARDED_BY(mutex) = 0;                  // C11
  std::uint64_t idle_due POOL9_GUARDED_BY(mutex) = base::os::never;   // next look at idle pages
  std::uint64_t retry_due POOL9_GUARDED_BY(mutex) = base::os::never;  // next question to the source
  std::uint64_t held_due POOL9_GUARDED_BY(mutex) = base::os::never;   // next look at what is held
  std::uint64_t retry_pause POOL9_GUARDED_BY(mutex) = 0;
  counters counts POOL9_GUARDED_BY(mutex);
  shortage_hook hook POOL9_GUARDED_BY(mutex);
  paced_warning warning POOL9_GUARDED_BY(mutex);
  usage_log log POOL9_GUARDED_BY(mutex);
  finding guard_found POOL9_GUARDED_BY(mutex);  // when an item came back; reported by leave()
  /// nullptr: no diagnostics, or no memory for them.  What it points to is guarded by mutex.
  diagnosis* const watch;
  const tool_view tools;  // beside what comes and goes with pages, guarded by mutex
};

/// The statistics of a pool that has no engine yet.
void read_unborn(pool_stats& s, const pool_options& o, const char* name) noexcept;

}
