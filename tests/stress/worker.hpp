// SPDX-License-Identifier: BSD-2-Clause
// Threads that do with one pool whatever can be done, and notice at once if an item is handed out
// twice, lost, or one too many.
//
// Every item bears its owner's mark while it is out and none while it is free: memory comes zeroed,
// and a pool writes nothing into free items.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <new>
#include <pool9/pool.hpp>
#include <random>
#include <vector>

#include "support/gate.hpp"

namespace pool9::test {

/// Pages of the system, so many at most.
class bounded_source final : public page_source {
 public:
  explicit bounded_source(std::size_t most) : n_left_(static_cast<std::ptrdiff_t>(most)) {}
  [[nodiscard]] void* allocate(std::size_t bytes, get_flags flags) noexcept override {
    if (--n_left_ < 0) return ++n_left_, nullptr;
    return system_source().allocate(bytes, flags);
  }
  void release(void* page, std::size_t bytes) noexcept override {
    system_source().release(page, bytes);
    ++n_left_;
  }
  std::ptrdiff_t n_left() const { return n_left_; }

 private:
  std::atomic<std::ptrdiff_t> n_left_;
};

/// What all threads of a run know.
class field {
 public:
  field(pool& pool_under_stress, std::size_t most_out)
      : p(pool_under_stress), most_out_(most_out) {}

  pool& p;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> n_gets{0};

  void claim(void* item, std::uint64_t me) {
    if (mark_of(item).exchange(me) != 0) complain("an item has two owners");
    // Counted after the get and before the put: never more than are out.
    if (n_out_.fetch_add(1) >= most_out_) complain("more items are out than the limit allows");
    n_gets.fetch_add(1, std::memory_order_relaxed);
  }
  void disclaim(void* item, std::uint64_t me) {
    n_out_.fetch_sub(1);
    if (mark_of(item).exchange(0) != me) complain("an item was written by somebody else");
  }
  void complain(const char* what) {
    const char* none = nullptr;
    complaint_.compare_exchange_strong(none, what);
    stop = true;
  }
  const char* complaint() const { return complaint_; }

 private:
  static std::atomic<std::uint64_t>& mark_of(void* item) {
    return *static_cast<std::atomic<std::uint64_t>*>(item);
  }
  const std::size_t most_out_;
  std::atomic<std::size_t> n_out_{0};
  std::atomic<const char*> complaint_{nullptr};
};

/// One thread's work, a step at a time, so that it can also be done by one thread alone.
class worker {
 public:
  worker(field& f, unsigned seed, std::uint64_t name) : f_(f), random_(seed), name_(name) {
    for (auto& w : waiters_) w.owner = this;
  }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  void step() {
    if (held_.size() > 6 || (!held_.empty() && below(2) == 0)) return put_some();
    switch (below(7)) {
      case 0:
        return keep(f_.p.try_get());
      case 1:
        return keep(f_.p.try_get_for(std::chrono::microseconds(below(200))));
      case 2:
        return keep(f_.p.get(get_flags::waitok | get_flags::limitfail, {}, soon()));
      case 3:
        return get_several();
      case 4:
        return get_until_stopped();
      default:
        return use_callback(waiters_[below(waiters_.size())]);
    }
  }
  /// Lets go of everything.
  void finish() {
    for (callback& w : waiters_)
      if (w.is_out) settle(w);
    while (!held_.empty()) put_some();
  }

 private:
  struct callback final : waiter {
    callback() noexcept
        : waiter([](waiter& w, void* got) noexcept {
            auto& self = static_cast<callback&>(w);
            self.owner->f_.claim(got, self.owner->name_);
            self.item = got;  // the last touch: the owner may go on
          }) {}
    worker* owner = nullptr;
    bool is_out = false;
    std::atomic<void*> item{nullptr};
  };

  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  pool::clock::time_point soon() {
    return pool::clock::now() + std::chrono::microseconds(below(300));
  }

  void keep(void* item) {
    if (item == nullptr) return;
    f_.claim(item, name_);
    held_.push_back(item);
  }
  void put_some() {
    const std::size_t n = 1 + below(held_.size());
    const std::vector<void*> some(held_.end() - static_cast<std::ptrdiff_t>(n), held_.end());
    held_.resize(held_.size() - n);
    for (void* item : some) f_.disclaim(item, name_);
    if (below(3) == 0) return f_.p.put_bulk(some);
    for (void* item : some) f_.p.put(item);
  }
  void get_several() {
    std::vector<void*> items(1 + below(4));
    if (f_.p.get_bulk(items, get_flags::waitok, {}, soon()) != bulk_outcome::served) return;
    for (void* item : items) keep(item);
  }
  void get_until_stopped() {
#if defined(__cpp_lib_jthread)
    std::stop_source stop;
    if (below(2) == 0) stop.request_stop();
    keep(f_.p.try_get_until(soon(), stop.get_token()));
#endif
  }
  void use_callback(callback& w) {
    if (w.is_out) return settle(w);
    w.item = nullptr;
    void* const item = f_.p.get_or_enqueue(w);
    keep(item);
    w.is_out = item == nullptr;
  }
  /// Cancels it, or takes what it was given.
  void settle(callback& w) {
    w.is_out = false;
    if (f_.p.cancel(w)) return;
    if (!run_until([&] { return w.item != nullptr; })) give_up("a waiter is never called");
    held_.push_back(w.item);
  }

  field& f_;
  std::mt19937 random_;
  const std::uint64_t name_;
  std::vector<void*> held_;
  std::array<callback, 4> waiters_;
};

}  // namespace pool9::test
