// SPDX-License-Identifier: BSD-2-Clause
// A bare magazine: what a thread-local cache costs if nobody can ever ask for what is in it - the
// least that pool9 could cost, were it not for its guarantees.  It counts its puts.
//
//     slots (thread-local) [index of the pool] --> magazine { top, n_puts, rounds }
//
//     rounds:  | null | item | item | item |  ...  |      |   2048 bytes, aligned to 2048
//                                     ^ top
//
// The null below the items is what a get finds in an empty magazine; a put that would be the 256th
// sees it from the address, whose low bits are zero.  A thread's first get or put finds a shared
// magazine, which is both empty and full and thus needs no check of its own.  Magazines are filled
// by half from a list behind a mutex, which takes half of a full one.
#include <algorithm>
#include <mutex>

#include "carver.hpp"
#include "serve.hpp"

namespace {

using namespace peers;

constexpr std::size_t n_rounds = 256;

struct alignas(n_rounds * sizeof(void*)) magazine {
  void* rounds[n_rounds] = {};
  void** top = rounds;
  std::uint64_t n_puts = 0;

  [[nodiscard]] static bool is_beyond(void** round) {
    return reinterpret_cast<std::uintptr_t>(round) % alignof(magazine) == 0;
  }
};

/// What a slot refers to until the thread has a magazine: neither get nor put finds anything to do.
struct empty_and_full : magazine {
  constexpr empty_and_full() { top = rounds + n_rounds - 1; }
};
constinit empty_and_full nobodys{};

class bare_magazine {
 public:
  static constexpr bool thread_safe = true;
  using in_thread = nothing_in_thread;
  static std::string version() { return "-"; }

  explicit bare_magazine(const setting& s) : index_(n_pools++ % n_slots), carver_(s.item_size) {}

  void* get() noexcept {
    magazine& m = *slots[index_];
    void* const item = *m.top;
    if (item == nullptr) [[unlikely]]
      return refill();
    --m.top;
    return item;
  }

  void put(void* item) noexcept {
    magazine& m = *slots[index_];
    void** const round = m.top + 1;
    if (magazine::is_beyond(round)) [[unlikely]]
      return flush(item);
    *round = item;
    m.top = round;
    ++m.n_puts;
  }

 private:
  static constexpr std::size_t n_slots = 16;
  [[gnu::noinline]] void* refill() {
    magazine& m = own();
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < n_rounds / 2; ++i) {
      if (free_.empty()) free_.push_back(carver_.carve());
      *++m.top = free_.back();
      free_.pop_back();
    }
    return *m.top--;
  }

  [[gnu::noinline]] void flush(void* item) {
    magazine& m = own();
    if (!magazine::is_beyond(m.top + 1)) return put(item);
    const std::lock_guard lock(mutex_);
    void** const from = m.top - n_rounds / 2;
    free_.insert(free_.end(), from + 1, m.top + 1);
    m.top = from;
    *++m.top = item;
    ++m.n_puts;
  }

  /// The thread's own magazine, which lives as long as the process.
  magazine& own() {
    magazine*& slot = slots[index_];
    if (slot == &nobodys) slot = new magazine;
    return *slot;
  }

  inline static thread_local constinit magazine* slots[n_slots] = {
      &nobodys, &nobodys, &nobodys, &nobodys, &nobodys, &nobodys, &nobodys, &nobodys,
      &nobodys, &nobodys, &nobodys, &nobodys, &nobodys, &nobodys, &nobodys, &nobodys};
  inline static std::atomic<std::size_t> n_pools{0};

  const std::size_t index_;
  std::mutex mutex_;
  std::vector<void*> free_;
  carver carver_;
};

const enrolled all{{"magazine", serve<bare_magazine>}};

}
