// SPDX-License-Identifier: BSD-2-Clause
// One page source for all tests: it counts, and fails, starves or misaligns on demand.  C++ pools
// take it as a page_source, C pools through palloc() and prelease() with its tag().
//
//   test_source s;                      // gives memory and counts
//   s.fail_from(3);                     // the 3rd call from now on and all later ones fail
//   s.fail_at(2);                       // only the 2nd call from now on does
//   s.bound(4);                         // at most 4 pages live at once; released ones come back
//   s.misalign(true);                   // returns pages that are not aligned to their size
//
// Thread-safe; its hooks run with no lock of the source held.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <pool9/page_source.hpp>
#include <utility>
#include <vector>

namespace pool9::test {

/// What one call of palloc looked like.
struct source_call {
  std::size_t bytes;
  int flags;
  int tag;  ///< 0 for calls through page_source::allocate()
};

class test_source final : public page_source {
 public:
  test_source() : tag_(enlist(this)) {}

  /// Fails the test if a page is still live, or a release fitted no allocation.
  ~test_source() {
    EXPECT_EQ(live_.size(), 0u) << "pages were never released";
    EXPECT_EQ(n_bad_releases_, 0u) << "something was released that had not been allocated so";
    for (const auto& [page, live] : live_) std::free(live.memory);
    slot(tag_).store(nullptr);
  }
  test_source(const test_source&) = delete;
  test_source& operator=(const test_source&) = delete;

  // ---- how it behaves: may be changed while pools use it

  void fail_from(std::size_t nth_call) {
    const std::scoped_lock lock(mutex_);
    fail_from_ = calls_.size() + nth_call;
  }
  void fail_now() { fail_from(1); }
  void fail_at(std::size_t nth_call) {
    const std::scoped_lock lock(mutex_);
    fail_at_ = calls_.size() + nth_call;
  }
  void bound(std::size_t pages) {
    const std::scoped_lock lock(mutex_);
    bound_ = pages;
  }
  void misalign(bool on) {
    const std::scoped_lock lock(mutex_);
    misalign_ = on;
  }
  /// Takes back what the four above have set.
  void succeed() {
    const std::scoped_lock lock(mutex_);
    fail_from_ = fail_at_ = bound_ = SIZE_MAX;
    misalign_ = false;
  }
  /// Run at the start of every allocation, on the thread that asks.
  void before_allocate(std::function<void()> f) {
    const std::scoped_lock lock(mutex_);
    before_allocate_ = std::move(f);
  }
  void before_release(std::function<void()> f) {
    const std::scoped_lock lock(mutex_);
    before_release_ = std::move(f);
  }

  // ---- the C face: pass tag() as mtag

  static void* palloc(unsigned long sz, int flags, int tag) {
    test_source* source = slot(tag).load();
    if (source != nullptr) return source->give(sz, flags, tag);
    ADD_FAILURE() << "palloc was called with tag " << tag << ", which no source has";
    return nullptr;
  }
  static void prelease(void* v, unsigned long sz, int tag) {
    test_source* source = slot(tag).load();
    if (source != nullptr) return source->take_back(v, sz);
    ADD_FAILURE() << "prelease was called with tag " << tag << ", which no source has";
  }
  int tag() const { return tag_; }

  // ---- what it saw

  std::size_t live_pages() const { return locked(&test_source::live_).size(); }
  std::size_t n_releases() const { return locked(&test_source::n_releases_); }
  std::size_t n_failures() const { return locked(&test_source::n_failures_); }
  std::size_t n_calls() const { return locked(&test_source::calls_).size(); }
  std::vector<source_call> calls() const { return locked(&test_source::calls_); }
  /// Requires: it was called.
  source_call last_call() const { return calls().back(); }

  /// Whether all of [p, p + bytes) lies in one live page.
  bool holds(const void* p, std::size_t bytes) const {
    const std::scoped_lock lock(mutex_);
    const auto* first = static_cast<const std::byte*>(p);
    auto page = live_.upper_bound(first);
    if (page == live_.begin()) return false;
    --page;
    return first + bytes <= page->first + page->second.bytes;
  }

  // ---- the C++ face

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags flags) noexcept override {
    return give(bytes, static_cast<int>(flags), 0);
  }
  void release(void* page, std::size_t bytes) noexcept override { take_back(page, bytes); }

 private:
  struct live_page {
    std::size_t bytes;
    void* memory;  // what the system gave: starts before the page if that is misaligned
  };

  static constexpr int first_tag = 7000;  // far from what a lost or forgotten tag would be
  static std::atomic<test_source*>& slot(int tag) {
    static std::array<std::atomic<test_source*>, 64> slots{};
    static std::atomic<test_source*> none{nullptr};
    const int i = tag - first_tag;
    return i >= 0 && i < 64 ? slots[static_cast<std::size_t>(i)] : none;
  }
  static int enlist(test_source* source) {
    for (int tag = first_tag; tag < first_tag + 64; ++tag) {
      test_source* expected = nullptr;
      if (slot(tag).compare_exchange_strong(expected, source)) return tag;
    }
    std::abort();  // more sources at once than any test needs
  }

  template <class T>
  T locked(T test_source::*field) const {
    const std::scoped_lock lock(mutex_);
    return this->*field;
  }

  void* give(std::size_t bytes, int flags, int tag) {
    if (const auto hook = locked(&test_source::before_allocate_)) hook();
    const std::scoped_lock lock(mutex_);
    calls_.push_back({bytes, flags, tag});
    if (calls_.size() >= fail_from_ || calls_.size() == fail_at_ || live_.size() >= bound_) {
      ++n_failures_;
      return nullptr;
    }
    const std::size_t align = bytes < sizeof(void*) ? sizeof(void*) : bytes;
    void* memory = std::aligned_alloc(align, misalign_ ? 2 * align : align);
    if (memory == nullptr) std::abort();
    auto* page = static_cast<std::byte*>(memory) + (misalign_ ? bytes / 2 : 0);
    live_[page] = {bytes, memory};
    return page;
  }

  void take_back(void* page, std::size_t bytes) {
    if (const auto hook = locked(&test_source::before_release_)) hook();
    const std::scoped_lock lock(mutex_);
    ++n_releases_;
    const auto found = live_.find(static_cast<std::byte*>(page));
    if (found == live_.end() || found->second.bytes != bytes) {
      ++n_bad_releases_;
      return;
    }
    std::free(found->second.memory);
    live_.erase(found);
  }

  mutable std::mutex mutex_;
  std::map<const std::byte*, live_page> live_;
  std::vector<source_call> calls_;
  std::size_t n_failures_ = 0;
  std::size_t n_releases_ = 0;
  std::size_t n_bad_releases_ = 0;
  std::size_t fail_from_ = SIZE_MAX;
  std::size_t fail_at_ = SIZE_MAX;
  std::size_t bound_ = SIZE_MAX;
  bool misalign_ = false;
  std::function<void()> before_allocate_;
  std::function<void()> before_release_;
  const int tag_;
};

}  // namespace pool9::test
