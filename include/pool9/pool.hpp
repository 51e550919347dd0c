// SPDX-License-Identifier: BSD-2-Clause
// The resource pool: fixed-size items with an exact hard limit, a reserve, waiting in order, and
// pages that go back.
//
// Every member may be called from any thread, before main and in destructors after it, except where
// it says otherwise; none may be called from a signal handler that interrupted one.  Foreign code -
// page sources, hooks, report handlers, waiters' callbacks - is called with no lock held and may
// use any pool.
#pragma once
#if __cplusplus < 202002L
#error "pool9 needs C++20: compile with -std=c++20"
#endif
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <version>
#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif
#include <pool9/detail/magazine.hpp>
#include <pool9/fault.hpp>
#include <pool9/page_source.hpp>
#include <pool9/stats.h>

namespace pool9 {
using ::pool_stats;
inline namespace [[gnu::visibility("default")]] v1 {
class pool;
inline constexpr std::size_t unlimited = SIZE_MAX;

enum class shortage { hard_limit, page_source, memory_pressure };
enum class on_live { report, destroy, leak };  ///< what ~pool does about items that are out
enum class bulk_outcome { served, short_of_items, beyond_limit };
enum class print_parts { counters = 0, log = 1, pages = 2, log_and_pages = 3 };

/// Asked to put items back before a get waits or fails, and, on a thread of the library, when the
/// system runs short of memory.  No lock held; may use any pool.  No call of it begins after its
/// pool has been destroyed, or is in progress then.
struct shortage_hook {
  void (*call)(void* context, pool&, shortage) noexcept = nullptr;
  void* context = nullptr;
};

/// Said when a get fails at the hard limit, at most once in `at_most_every`.  `text` is kept, not
/// copied.
struct limit_warning {
  const char* text = nullptr;
  std::chrono::seconds at_most_every{0};
};

/// The order of the fields is interface (designated initialisers); new ones go to the end.
struct pool_options {
  std::string_view name = "unnamed";  ///< copied, cut at 31 bytes; need not be unique
  std::size_t item_size = 0;          ///< bytes; must be given
  std::size_t align = 0;              ///< power of two; 0: natural for the size, at most 16
  std::size_t align_offset = 0;       ///< where in the item `align` applies; reduced modulo `align`
  /// Primed by the constructor, which throws a std::bad_alloc that names pool and reserve if it
  /// cannot.
  std::size_t reserve = 0;
  std::size_t low_watermark = 0;           ///< items to keep at hand; see set_low_watermark()
  std::size_t high_watermark = unlimited;  ///< items to keep at most; see set_high_watermark()
  std::size_t hard_limit = unlimited;  ///< items out at most; 0 means none at all, not "no limit"
  std::chrono::milliseconds idle_time{
      10'000};                    ///< unused pages go back within three of these; max(): never
  std::size_t page_size = 0;      ///< power of two; 0: chosen
  page_source* source = nullptr;  ///< nullptr: system_source(); must outlive the pool
  shortage_hook on_shortage = {};
  on_live at_destroy = on_live::report;
  bool thread_cache = true;  ///< false: every get and put goes to the pool itself
  bool diagnostic = false;   ///< every misuse is found at once, and by whom: docs/MISUSE.md
  bool usage_log = false;    ///< remember who got and put: printed by print() and in reports
  limit_warning at_limit = {};
  std::uint32_t quarantine = 0;  ///< with diagnostic: an item is reused after so many other puts
  /// With diagnostic: an item that is out for longer is reported, once, as a warning.  0: none is.
  std::chrono::duration<std::uint32_t> held_too_long{0};
  /// Where threads have caches and the pool has the default page source and page size: one item in
  /// so many refills of a cache sits between pages that nobody may touch.  0: none does.
  std::uint32_t guard_one_in = 10'000;
  /// In a program under a sanitizer or Valgrind: they know which items are free, and every get and
  /// put goes to the pool itself.  Without them, nothing.
  bool sanitize = true;
  /// With diagnostic; false: not in storage, and not where a given page size would hold no item.
  bool red_zones = true;
  /// Every item is a block of malloc's, for tools that watch those; limits, waiting and statistics
  /// are the pool's, and so are records of who got and put it, as with diagnostic.
  bool use_malloc = false;
};

namespace detail {
struct core;
struct layout_access;
class wait_queue;

constexpr bool power_of_two(std::size_t n) noexcept { return n != 0 && (n & (n - 1)) == 0; }

/// Bytes that diagnostics add behind every item, and before it.
inline constexpr std::size_t red_zone = 16, red_zone_before = 8;
/// Sizes beyond this cannot be laid out without overflow, and no machine has them.
inline constexpr std::size_t largest_size = SIZE_MAX >> 16;

/// The alignment of items for which none was asked: what a C type of that size can need, 8 at least
/// from 8 bytes up.
constexpr std::size_t natural_align(std::size_t size) noexcept {
  const std::size_t lowest_bit = size & (~size + 1);
  if (lowest_bit >= 16) return 16;
  if (size >= 8) return 8;
  return size > 4 ? 8 : size > 2 ? 4 : size;
}

/// Calls bad(field, value, name) for the first field of `o` that cannot be.
template <class Bad>
constexpr void check_options(const pool_options& o, Bad bad) {
  const std::size_t align = o.align != 0 ? o.align : natural_align(o.item_size);
  if (o.item_size == 0 || o.item_size > largest_size) return bad("item_size", o.item_size, o.name);
  if (!power_of_two(align) || align > largest_size) return bad("align", o.align, o.name);
  if (o.page_size != 0) {
    const bool zones = o.diagnostic && o.red_zones;
    const std::size_t before = zones ? red_zone_before : 0;
    const std::size_t lead = before + (2 * align - o.align_offset % align - before % align) % align;
    const std::size_t behind = zones ? red_zone : 0;
    if (!power_of_two(o.page_size) || o.page_size > largest_size)
      return bad("page_size", o.page_size, o.name);
    if (o.align > o.page_size) return bad("align", o.align, o.name);
    if (lead + o.item_size + behind > o.page_size) return bad("page_size", o.page_size, o.name);
  }
  if (o.reserve > o.hard_limit) return bad("reserve", o.reserve, o.name);
  if (o.idle_time.count() < 0)
    return bad("idle_time", static_cast<std::uint64_t>(o.idle_time.count()), o.name);
}
/// Throws std::invalid_argument that names pool, field and value, and says what the field must be;
/// without exceptions a panic.
[[noreturn, gnu::visibility("default")]] void bad_option(const char* field, std::uint64_t value,
                                                         std::string_view pool);
}  // namespace detail

/// One get that has not been answered yet, for those who must not block.  Neither movable nor
/// copyable; the pool links it, so it must live until its callback began or cancel() returned true.
/// One that is destroyed before is reported as misuse, and cancelled.
class waiter {
 public:
  /// Called once, with no lock held, on the thread whose put (or growth, or limit) served it.
  /// Callbacks of one thread run one after the other, never nested: one that puts an item does not
  /// run the next from inside.
  using callback = void (*)(waiter&, void* item) noexcept;
  constexpr explicit waiter(callback served) noexcept : served_(served) {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

 protected:
  ~waiter() {
    if (queue_ != nullptr) [[unlikely]]
      end_too_early();
  }

 private:
  void end_too_early() noexcept;

  friend class pool;
  friend struct detail::core;
  friend struct detail::layout_access;
  friend class detail::wait_queue;

  const callback served_;  // nullptr: a thread that sleeps on state_; the rest is the pool's
  waiter* next_ = nullptr;
  waiter* prev_ = nullptr;
  void* item_ = nullptr;
  void** items_ = nullptr;  // where its items go; &item_ unless it is a bulk get
  std::size_t wanted_ = 1;
  std::uint64_t since_ns_ = 0;
  get_flags flags_ = get_flags::waitok;
  bool must_be_told_ = false;  // it asks for memory only when told to
  std::uint16_t process_ = 0;  // that served it: a fork leaves the other threads' calls behind
  std::atomic<std::uint32_t> state_{0};
  detail::wait_queue* queue_ = nullptr;  // of the pool, or of the thread that is to call it
  detail::core* core_ = nullptr;         // where it waits, or did
};

class pool {
 public:
  using clock = std::chrono::steady_clock;

  /// Checks and stores the options.  Throws std::invalid_argument naming the field; in a constinit
  /// pool that is a compile-time error.  Memory is taken by the first get or prime - here if
  /// `reserve` asks for it.
  constexpr explicit pool(const pool_options& o) : options_(o) {
    detail::check_options(o, detail::bad_option);
    for (std::size_t i = 0; i < o.name.size() && i + 1 < sizeof name_; ++i) name_[i] = o.name[i];
    options_.name = {};
    if (o.reserve != 0) prime_at_birth();  // not constexpr: a constinit pool is primed by its owner
  }
  /// Gives everything back, as close() does.  If items are out, `at_destroy` says what becomes of
  /// them; if it is `report` and the handler returns, they stay valid for ever.
  ~pool();
  pool(const pool&) = delete;  // waiters and whoever holds an item hold its address
  pool& operator=(const pool&) = delete;

  // ---- one item ----
  /// Returns an item.  Never waits: nullptr if none is free anywhere and none may be made, or if
  /// somebody waits already.
  [[nodiscard]] void* try_get() noexcept {
    void* item = nullptr;
    if (pop(item)) [[likely]]
      return item;
    return try_get_slowly(item);
  }
  /// Returns an item.  Waits, without limit, for one or for memory; never nullptr.
  [[nodiscard, gnu::returns_nonnull]] void* get() noexcept {
    void* item = nullptr;
    if (pop(item)) [[likely]]
      return item;
    return get_slowly(item);
  }
  /// Returns an item, or nullptr if none came in time.
  template <class Rep, class Period>
  [[nodiscard]] void* try_get_for(const std::chrono::duration<Rep, Period>& d) noexcept {
    return get(get_flags::waitok, {}, deadline_in(d));
  }
  template <class Clock, class Duration>
  [[nodiscard]] void* try_get_until(const std::chrono::time_point<Clock, Duration>& t) noexcept {
    return get(get_flags::waitok, {}, deadline_at(t));
  }
#if defined(__cpp_lib_jthread)
  /// Returns an item, or nullptr if `stop` was requested first.
  [[nodiscard]] void* try_get_until(const std::stop_token& stop) noexcept {
    return get_until_stop(clock::time_point::max(), stop);
  }
  template <class Clock, class Duration>
  [[nodiscard]] void* try_get_until(const std::chrono::time_point<Clock, Duration>& t,
                                    const std::stop_token& stop) noexcept {
    return get_until_stop(deadline_at(t), stop);
  }
#endif
  /// The manual's pool_get(): every flag means what it means there.  With `deadline`, waits until
  /// then at the longest.
  [[nodiscard]] void* get(get_flags flags, const call_site& where = {},
                          clock::time_point deadline = clock::time_point::max()) noexcept {
    void* item = nullptr;
    if (where.file == nullptr && pop(item)) [[likely]]
      return item;
    return get_slowly(item, flags, where, deadline);
  }
  /// Returns `item` to the pool.  "A pointer to a pool item previously obtained by pool_get()":
  /// anything else is misuse, reported and without effect - at the latest when it passes from the
  /// thread's cache to the pool.  Never waits for memory, never fails.
  void put(void* item) noexcept {
    detail::magazine_top& m = magazine();
    if (!detail::push(m, item)) [[unlikely]]
      return put_slowly(item, false);
    if (detail::is_closed(m)) [[unlikely]]
      put_slowly(item, true);
  }
  /// The same; with `where.file`, as the manual's POOL_DIAGNOSTIC gives it, past the thread's
  /// cache.
  void put(void* item, const call_site& where) noexcept {
    detail::magazine_top& m = magazine();
    if (where.file != nullptr || !detail::push(m, item)) [[unlikely]]
      return put_slowly(item, false, where);
    if (detail::is_closed(m)) [[unlikely]]
      put_slowly(item, true, where);
  }

  // ---- many: all or nothing ----
  /// Fills `items` without waiting, or returns false and takes nothing.  More than the hard limit
  /// can never come: std::invalid_argument (here and below), not a wait for ever.
  [[nodiscard]] bool try_get_bulk(std::span<void*> items);
  /// Fills `items`, waiting for all of them at once: threads that hold nothing cannot deadlock one
  /// another.
  void get_bulk(std::span<void*> items);
  template <class Rep, class Period>
  [[nodiscard]] bool try_get_bulk_for(std::span<void*> items,
                                      const std::chrono::duration<Rep, Period>& d) {
    return must_fit(get_bulk(items, get_flags::waitok, {}, deadline_in(d)), items.size());
  }
  /// The same with the flags of pool_get(), and `beyond_limit` instead of the exception.
  [[nodiscard]] bulk_outcome get_bulk(
      std::span<void*> items, get_flags flags, const call_site& where = {},
      clock::time_point deadline = clock::time_point::max()) noexcept;
  void put_bulk(std::span<void* const> items, const call_site& where = {}) noexcept;

  // ---- without blocking: what coroutines, Asio and event loops are built from ----
  /// Returns an item at once; or nullptr, and then `w` is queued: touch it no more except by
  /// cancel().
  [[nodiscard]] void* get_or_enqueue(waiter& w) noexcept;
  /// Returns true if `w` will not be called: it was in the queue, or served and its callback had
  /// not begun, and then the item goes to the next in line.  false: the callback has begun, or `w`
  /// is not waiting; it is misuse if `w` waits for another pool, where it stays.  May be called as
  /// long as `w` lives, served or not.
  [[nodiscard]] bool cancel(waiter& w) noexcept;

  // ---- supply ----
  /// Adds pages for `n` more items, which the pool then owns for ever; false: no memory, and
  /// nothing changed.
  [[nodiscard]] bool prime(std::size_t n) noexcept;
  /// Adds the caller's memory, which must outlive the pool and is never released; returns how many
  /// items it holds, `at_most` at most.  Allocates nothing.
  std::size_t prime(std::span<std::byte> storage, std::size_t at_most = unlimited) noexcept;
  /// Keeps `n` items at hand: allocates nothing now, but below it a get tries to refill, and pages
  /// stay.
  void set_low_watermark(std::size_t n) noexcept;
  /// Keeps pages for `n` items at most: what is completely unused beyond goes back, now and at
  /// every put, down to reserve and low watermark.
  void set_high_watermark(std::size_t n) noexcept;
  /// Lets at most `n` items be out; false: more than `n` are, and nothing changed.
  [[nodiscard]] bool set_hard_limit(std::size_t n) noexcept;
  /// The same, with what to say when a get fails there.
  [[nodiscard]] bool set_hard_limit(std::size_t n, const limit_warning& warning) noexcept;
  void set_shortage_hook(shortage_hook hook) noexcept;
  /// Gives back every completely unused page, down to reserve and low watermark; returns the bytes.
  std::size_t reclaim() noexcept;
  /// Gives everything back, storage to the caller and pages to their source; the pool is as new
  /// then. false: items are out or somebody waits, which is misuse, and nothing changed.
  bool close(const call_site& where = {}) noexcept;
  /// The same with items out: nobody may use them any more.  Limit, watermarks and hook stay, the
  /// reserve goes.  No other call on the pool may be in progress.  false: somebody waits, which is
  /// misuse, and nothing changed.
  bool reset() noexcept;

  // ---- seeing ----
  /// Calls f(context, item), with no lock held, for every item that is out, in no order.  Requires:
  /// no other thread uses the pool meanwhile.  f may put items, which are not visited then and go
  /// past the thread's cache; whether those are that it gets is not said.
  void for_each_item(void (*f)(void* context, void* item), void* context);
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::size_t item_size() const noexcept { return options_.item_size; }
  [[nodiscard]] std::size_t align() const noexcept {
    return options_.align != 0 ? options_.align : detail::natural_align(options_.item_size);
  }
  [[nodiscard]] std::size_t hard_limit() const noexcept;
  /// Returns whether `p` lies in one of the pool's pages.
  [[nodiscard]] bool owns(const void* p) const noexcept;
  [[nodiscard]] pool_stats stats() const noexcept {
    pool_stats s{};
    read_stats(s, sizeof s);
    return s;
  }
  /// Checks every invariant; returns the name of the first that does not hold, or an empty string.
  /// Walks everything.
  [[nodiscard]] std::string_view check() const noexcept;
  /// Describes the pool, a line a call, with no lock held.
  void print(void (*line)(void* context, std::string_view text), void* context,
             print_parts parts = print_parts::counters) const noexcept;
  /// Describes the items that have been out for `age` or longer, a line a call, with no lock held:
  /// how many were got at which place, most first, and since when.  Returns how many there are.
  /// Needs diagnostics; without them, it says how many are out, whatever their age.
  std::size_t report_held(void (*line)(void* context, std::string_view text), void* context,
                          std::chrono::nanoseconds age = {}) const noexcept;

 private:
  friend struct detail::core;

  /// The steady deadline `d` from now.  What is further away than thirty years is for ever, which
  /// keeps the arithmetic within every clock's range; what is past is now.
  template <class Rep, class Period>
  static clock::time_point deadline_in(const std::chrono::duration<Rep, Period>& d) noexcept {
    if (d <= d.zero()) return clock::now();
    if (std::chrono::duration<double>(d) > for_ever) return clock::time_point::max();
    return clock::now() + std::chrono::ceil<clock::duration>(d);
  }
  template <class Clock, class Duration>
  static clock::time_point deadline_at(const std::chrono::time_point<Clock, Duration>& t) noexcept {
    using seconds = std::chrono::duration<double>;
    const auto now = Clock::now();
    const seconds left = seconds(t.time_since_epoch()) - seconds(now.time_since_epoch());
    if (left > for_ever) return clock::time_point::max();
    return left < seconds(-1) ? clock::now() : deadline_in(t - now);
  }
  static constexpr std::chrono::duration<double> for_ever{1e9};

  detail::magazine_top& magazine() const noexcept {
    return detail::magazine_at(slot_.load(std::memory_order_relaxed));  // relaxed: names no data
  }
  /// The whole of most gets.  false: `item`, if it is not null, was popped from a closed magazine.
  bool pop(void*& item) noexcept {
    detail::magazine_top& m = magazine();
    item = detail::pop(m);
    return item != nullptr && !detail::is_closed(m);
  }
  // What remains, with what pop() and push() came to.
  void* try_get_slowly(void* popped) noexcept;
  [[gnu::returns_nonnull]] void* get_slowly(void* popped) noexcept;
  void* get_slowly(void* popped, get_flags flags, const call_site& where,
                   clock::time_point deadline) noexcept;
  void put_slowly(void* item, bool pushed) noexcept;
  void put_slowly(void* item, bool pushed, const call_site& where) noexcept;
  // The same, called from there.
  void* get_from(const void* from, void* popped, get_flags flags, const call_site& where,
                 clock::time_point deadline) noexcept;
  void put_from(const void* from, void* item, bool pushed, const call_site& where) noexcept;

  bool must_fit(bulk_outcome outcome, std::size_t n) const;  // throws for beyond_limit
  void prime_at_birth();
  void be_unborn() noexcept;
  /// The engine, in `storage` if it is born by this; nullptr: no memory for the pool's own data.
  detail::core* born(std::span<std::byte>* storage = nullptr) noexcept;
  /// The same, waiting for memory as `flags` say.
  detail::core* born_in_time(get_flags flags, const call_site& where,
                             clock::time_point deadline) noexcept;
  /// Fills the first `size` bytes: the caller may know fewer fields than the library.
  void read_stats(pool_stats& s, std::size_t size) const noexcept;
  void read_all(pool_stats& s) const noexcept;
  void must_not_be_inside(const char* function) noexcept;  // or it would never return
#if defined(__cpp_lib_jthread)
  void* get_until_stop(clock::time_point t, const std::stop_token& stop) noexcept;
#endif

  // Used by inlined code: its place is ABI.
  std::atomic<std::uint32_t> slot_{0};        // of the thread-local table
  std::atomic<detail::core*> core_{nullptr};  // born by the first get or prime
  char name_[32] = {};
  pool_options options_;  // as given, until core_ is born and takes them over
};

/// Owns an item that is out and puts it back: what an asynchronous get delivers, because whoever is
/// told too late (a timer won, the coroutine died) drops its result.
struct item_deleter {
  pool* owner = nullptr;
  void operator()(void* item) const noexcept { owner->put(item); }
};
using pooled_item = std::unique_ptr<void, item_deleter>;

/// Calls f for every pool of the process that has been used, on copies: pools may come and go
/// meanwhile.
[[gnu::visibility("default")]] void for_each_pool(void (*f)(void* context, const pool_stats&),
                                                  void* context);
/// Reclaims from every pool; returns the bytes.
[[gnu::visibility("default")]] std::size_t reclaim_all() noexcept;
/// Does what memory pressure does, where the system does not tell: calls every pool's shortage hook
/// with shortage::memory_pressure, then reclaims from every pool; returns the bytes.  In such a
/// hook it only reclaims.
[[gnu::visibility("default")]] std::size_t relieve_memory_pressure() noexcept;

/// Who does what comes due later - idle pages that go back, page sources to be asked again for
/// those who wait without a thread - for all pools of the process.
enum class housekeeping {
  by_thread,  ///< a thread of the library, started when a pool first has something due
  by_hand     ///< the program, by calling keep_house() and relieve_memory_pressure()
};
/// From now on.  A thread that there is ends when it has done what it is doing; this does not wait
/// for it.
[[gnu::visibility("default")]] void set_housekeeping(housekeeping h) noexcept;
/// Does what is due in all pools, whoever keeps house; returns when the next is, by what is known
/// now: max() if there is nothing to do until some pool is used again.
[[gnu::visibility("default")]] pool::clock::time_point keep_house() noexcept;

}  // namespace v1
}  // namespace pool9
