// SPDX-License-Identifier: BSD-2-Clause
// What is no pool, but tells what the others' figures contain: `nothing` hands out the same items
// in turn; `two locks` locks and unlocks a mutex that nobody else wants, once in each operation.
#include <memory>
#include <mutex>

#include "serve.hpp"

namespace {

using namespace peers;

/// 1024 items for every thread, used in turn and never taken back.
class nothing {
 public:
  static constexpr bool thread_safe = true;
  static std::string version() { return "-"; }

  /// Tells threads apart.
  struct in_thread {
    in_thread() noexcept { first = ++n_threads % most_threads * n_items; }
  };

  explicit nothing(const setting& s)
      : stride_(s.item_size), items_(new std::byte[s.item_size * n_items * most_threads]) {}
  void* get() noexcept { return items_.get() + (first + next++ % n_items) * stride_; }
  void put(void* item) noexcept { keep(item); }

 private:
  static constexpr std::size_t n_items = 1024, most_threads = 64;

  inline static thread_local std::size_t first = 0, next = 0;
  inline static std::atomic<std::size_t> n_threads{0};

  const std::size_t stride_;
  const std::unique_ptr<std::byte[]> items_;
};

class two_locks {
 public:
  static constexpr bool thread_safe = false;  // nothing is shared, so that nobody waits
  using in_thread = nothing_in_thread;
  static std::string version() { return "-"; }

  explicit two_locks(const setting&) {}
  void* get() noexcept {
    const std::lock_guard lock(mutex_);
    keep(this);
    return this;
  }
  void put(void* item) noexcept {
    const std::lock_guard lock(mutex_);
    keep(item);
  }

 private:
  std::mutex mutex_;
};

const enrolled all{{"nothing", serve<nothing>}, {"two locks", serve<two_locks>}};

}
