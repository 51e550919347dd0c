// SPDX-License-Identifier: BSD-2-Clause
// A page source for pools that several threads use in turn: it gives as it is in the mood, to those
// threads that were named to it.
//
// Housekeeping, which asks again for waiters that lack memory, is none of them, so that nothing
// happens between the steps of a test.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <map>
#include <mutex>
#include <pool9/page_source.hpp>
#include <set>
#include <thread>

#include "model/reference_pool.hpp"

namespace pool9::test {

class cached_source final : public page_source {
 public:
  cached_source() = default;
  ~cached_source() {
    for (const auto& [page, bytes] : live_) std::free(page);
  }
  cached_source(const cached_source&) = delete;
  cached_source& operator=(const cached_source&) = delete;

  void serve(std::thread::id who) {
    const std::scoped_lock hold(mutex_);
    served_.insert(who);
  }
  void set_mood(source_mood m) {
    const std::scoped_lock hold(mutex_);
    mood_ = m;
  }
  /// Pages that it would give now.
  std::size_t n_left() const {
    const std::scoped_lock hold(mutex_);
    if (!mood_.gives || live_.size() >= mood_.most_live) return 0;
    return mood_.most_live == SIZE_MAX ? SIZE_MAX / (1u << 20) : mood_.most_live - live_.size();
  }
  std::size_t n_live() const {
    const std::scoped_lock hold(mutex_);
    return live_.size();
  }
  std::size_t n_asked() const {
    const std::scoped_lock hold(mutex_);
    return n_asked_;
  }
  bool was_cheated() const {
    const std::scoped_lock hold(mutex_);
    return was_cheated_;
  }

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags) noexcept override {
    const std::scoped_lock hold(mutex_);
    if (!served_.contains(std::this_thread::get_id())) return nullptr;
    ++n_asked_;
    if (!mood_.gives || live_.size() >= mood_.most_live) return nullptr;
    void* const page = std::aligned_alloc(bytes, bytes);
    live_[page] = bytes;
    return page;
  }
  void release(void* page, std::size_t bytes) noexcept override {
    const std::scoped_lock hold(mutex_);
    const auto found = live_.find(page);
    if (found == live_.end() || found->second != bytes) {
      was_cheated_ = true;
      return;
    }
    std::free(page);
    live_.erase(found);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::thread::id> served_;
  source_mood mood_;
  std::map<void*, std::size_t> live_;
  std::size_t n_asked_ = 0;
  bool was_cheated_ = false;
};

}  // namespace pool9::test
