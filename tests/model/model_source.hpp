// SPDX-License-Identifier: BSD-2-Clause
// A page source whose every answer the model can foretell: it gives one page at a time, as long as
// it is in the mood, and writes down what it was asked.
//
// It gives nothing to other threads.  The only one that comes is housekeeping, which asks again for
// waiters that lack memory; so it finds none, and only its questions have to be counted.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <pool9/page_source.hpp>
#include <thread>
#include <vector>

#include "model/reference_pool.hpp"

namespace pool9::test {

class model_source final : public page_source {
 public:
  model_source() = default;
  model_source(const model_source&) = delete;
  model_source& operator=(const model_source&) = delete;
  ~model_source() {
    for (const auto& [page, bytes] : live_) std::free(reinterpret_cast<void*>(page));
  }

  source_mood mood;
  std::vector<get_flags> asked;  // since the step began

  std::size_t n_live() const { return live_.size(); }
  std::size_t n_strangers() const { return n_strangers_.load(); }
  bool was_cheated() const { return was_cheated_; }
  /// Whether the bytes lie in one live page.
  bool holds(const void* item, std::size_t bytes) const {
    const auto a = reinterpret_cast<std::uintptr_t>(item);
    const auto next = live_.upper_bound(a);
    if (next == live_.begin()) return false;
    const auto& [page, page_bytes] = *std::prev(next);
    return a + bytes <= page + page_bytes;
  }

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags flags) noexcept override {
    if (std::this_thread::get_id() != owner_) return ++n_strangers_, nullptr;
    asked.push_back(flags);
    if (!mood.gives || live_.size() >= mood.most_live) return nullptr;
    void* const page =
        std::aligned_alloc(std::max(bytes, sizeof(void*)), std::max(bytes, sizeof(void*)));
    live_[reinterpret_cast<std::uintptr_t>(page)] = bytes;
    return page;
  }
  void release(void* page, std::size_t bytes) noexcept override {
    const auto found = live_.find(reinterpret_cast<std::uintptr_t>(page));
    if (found == live_.end() || found->second != bytes) {
      was_cheated_ = true;
      return;
    }
    std::free(page);
    live_.erase(found);
  }

 private:
  const std::thread::id owner_ = std::this_thread::get_id();
  std::map<std::uintptr_t, std::size_t> live_;
  std::atomic<std::size_t> n_strangers_{0};
  bool was_cheated_ = false;
};

}  // namespace pool9::test
