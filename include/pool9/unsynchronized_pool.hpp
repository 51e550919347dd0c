// SPDX-License-Identifier: BSD-2-Clause
// The pool for one thread: the same items, limits, reserve and checks without a lock, without
// thread-local storage, and therefore without anything that waits or comes back by itself.
//
// No two calls on one pool may run at the same time; which thread makes them does not matter.  Page
// sources and report handlers may call the pool that called them: a get then does not grow.
#pragma once
#include <cstddef>
#include <cstdint>
#include <pool9/pool.hpp>
#include <span>
#include <string_view>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {
namespace detail {
struct unsynchronized_core;

/// The free items that gets and puts find without a visit to the pages: the one that was put last,
/// and a stack of those before it.
struct private_magazine {
  constexpr private_magazine() noexcept = default;
  private_magazine(const private_magazine&) = delete;  // it points to itself
  private_magazine& operator=(const private_magazine&) = delete;

  /// Puts of addresses up to this visit the pool: null's, or, while nothing may be kept here, all.
  std::uintptr_t barred = UINTPTR_MAX;
  void* newest = nullptr;
  void** top = nothing + 1;  // behind the item put before it; below the first lies a null
  void** limit = nothing + 1;
  std::uint64_t n_puts = 0;
  void* nothing[1] = {nullptr};
};
}  // namespace detail

/// A pool that is used by one thread at a time.  Its magazine is its own, so what is out is known
/// at any moment and the hard limit needs no recall.  It is not seen by for_each_pool(),
/// reclaim_all() and memory pressure, which would need a lock: idle pages go back at the put above
/// the high watermark, and by reclaim().
class unsynchronized_pool {
 public:
  /// Checks and stores the options, as pool does; `idle_time` means nothing here, and `on_shortage`
  /// must not be given.  Throws std::invalid_argument naming the field; in a constinit pool that is
  /// a compile-time error.
  constexpr explicit unsynchronized_pool(const pool_options& o) : options_(o) {
    detail::check_options(o, detail::bad_option);
    if (o.on_shortage.call != nullptr) detail::bad_option("on_shortage", 1, o.name);
    for (std::size_t i = 0; i < o.name.size() && i + 1 < sizeof name_; ++i) name_[i] = o.name[i];
    options_.name = {};
    if (o.reserve != 0) prime_at_birth();  // not constexpr: a constinit pool is primed by its owner
  }
  /// As ~pool().
  ~unsynchronized_pool();
  unsynchronized_pool(const unsynchronized_pool&) = delete;
  unsynchronized_pool& operator=(const unsynchronized_pool&) = delete;

  // ---- items ----
  /// Returns an item; nullptr: none is free, and none may be made.
  [[nodiscard]] void* try_get() noexcept {
    void* item = magazine_.newest;
    if (item != nullptr) [[unlikely]] {  // so that runs of gets go straight
      magazine_.newest = nullptr;
      return item;
    }
    void** const t = magazine_.top;
    item = t[-1];
    if (item == nullptr) [[unlikely]]
      return try_get_slowly();
    magazine_.top = t - 1;
    return item;
  }
  /// Returns `item` to the pool.  Misuse is reported and without effect: at once where the item
  /// goes to its page, otherwise at the latest when it passes from the magazine to its page.
  void put(void* item) noexcept {
    if (reinterpret_cast<std::uintptr_t>(item) <= magazine_.barred) [[unlikely]]
      return put_slowly(item);
    void* const before = magazine_.newest;
    magazine_.newest = item;
    ++magazine_.n_puts;
    if (before != nullptr) [[likely]] {
      void** const t = magazine_.top;
      if (t == magazine_.limit) [[unlikely]]
        return stow(before);
      *t = before;
      magazine_.top = t + 1;
    }
  }
  /// Fills `items`, or returns false and takes nothing.  More than the hard limit can never come:
  /// std::invalid_argument.
  [[nodiscard]] bool try_get_bulk(std::span<void*> items);
  void put_bulk(std::span<void* const> items) noexcept {
    for (void* item : items) put(item);
  }

  // ---- supply: as in pool ----
  [[nodiscard]] bool prime(std::size_t n) noexcept;
  std::size_t prime(std::span<std::byte> storage, std::size_t at_most = unlimited) noexcept;
  void set_low_watermark(std::size_t n) noexcept;
  void set_high_watermark(std::size_t n) noexcept;
  [[nodiscard]] bool set_hard_limit(std::size_t n) noexcept;
  /// Gives back every completely unused page, down to reserve and low watermark; returns the bytes.
  std::size_t reclaim() noexcept;
  /// Gives everything back, storage to the caller and pages to their source; the pool is as new
  /// then. false: items are out, which is misuse, and nothing changed.
  bool close(const call_site& where = {}) noexcept;
  /// The same with items out, which may not be used any more.  Limit and watermarks stay, the
  /// reserve goes.  false: called from the pool's own source, which is misuse.
  bool reset() noexcept;

  // ---- seeing ----
  /// Calls f(context, item) for every item that is out, in no order.  f may put items, which are
  /// not visited then; whether those are that it gets is not said.
  void for_each_item(void (*f)(void* context, void* item), void* context);
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::size_t item_size() const noexcept { return options_.item_size; }
  [[nodiscard]] std::size_t align() const noexcept {
    return options_.align != 0 ? options_.align : detail::natural_align(options_.item_size);
  }
  [[nodiscard]] std::size_t hard_limit() const noexcept;
  /// Returns whether `p` lies in one of the pool's pages.
  [[nodiscard]] bool owns(const void* p) const noexcept;
  /// Exact.  `id` is 0: such a pool is in no list of the process.
  [[nodiscard]] pool_stats stats() const noexcept {
    pool_stats s{};
    read_stats(s, sizeof s);
    return s;
  }
  /// As pool::report_held().
  std::size_t report_held(void (*line)(void* context, std::string_view text), void* context,
                          std::chrono::nanoseconds age = {}) const noexcept;
  /// Checks every invariant; returns the name of the first that does not hold, or an empty string.
  /// Walks everything.
  [[nodiscard]] std::string_view check() const noexcept;

 private:
  void* try_get_slowly() noexcept;
  void put_slowly(void* item) noexcept;
  void stow(void* item) noexcept;  // the magazine is full

  void prime_at_birth();
  /// The engine, in `storage` if it is born by this; nullptr: no memory for the pool's own data.
  detail::unsynchronized_core* born(std::span<std::byte>* storage = nullptr) noexcept;
  /// Ends the engine, with its pages.
  void end() noexcept;
  /// Fills the first `size` bytes: the caller may know fewer fields than the library.
  void read_stats(pool_stats& s, std::size_t size) const noexcept;

  // Used by inlined code: its place is ABI.
  detail::private_magazine magazine_;
  detail::unsynchronized_core* core_ = nullptr;  // born by the first get or prime
  char name_[32] = {};
  pool_options options_;  // as given; limits are the engine's from its birth on
};

}  // namespace v1
}  // namespace pool9
