// SPDX-License-Identifier: BSD-2-Clause
// A free list behind a mutex: what programs write who write it themselves.
#include <mutex>

#include "carver.hpp"
#include "serve.hpp"

namespace {

using namespace peers;

class mutex_list {
 public:
  static constexpr bool thread_safe = true;
  using in_thread = nothing_in_thread;
  static std::string version() { return "-"; }

  explicit mutex_list(const setting& s) : carver_(s.item_size) {}
  void* get() noexcept {
    const std::lock_guard lock(mutex_);
    if (first_ == nullptr) return carver_.carve();
    link* const item = first_;
    first_ = item->next;
    return item;
  }
  void put(void* item) noexcept {
    const std::lock_guard lock(mutex_);
    first_ = new (item) link{first_};
  }

 private:
  struct link {
    link* next;
  };

  std::mutex mutex_;
  link* first_ = nullptr;
  carver carver_;
};

const enrolled all{{"mutex list", serve<mutex_list>}};

}
