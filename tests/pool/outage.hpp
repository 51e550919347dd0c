// SPDX-License-Identifier: BSD-2-Clause
// Fault injection: the n-th call for memory fails, once or from then on, for every n of a scenario.
//
// A scenario is a function of a `trial`: it makes its calls through trial::call(), which says that
// a call that failed has changed nothing and succeeds when there is memory again.
#pragma once
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <pool9/pool.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"

namespace pool9::test {

/// When memory is refused.
class outage {
 public:
  void begin(std::size_t nth, bool and_all_later) {
    n_calls_ = 0;
    nth_ = nth;
    and_all_later_ = and_all_later;
    n_refused_ = 0;
    is_on_ = true;
  }
  void pause() { is_on_ = false; }
  void resume() { is_on_ = true; }
  std::size_t n_refused() const { return n_refused_; }
  bool refuses() noexcept {
    if (!is_on_) return false;
    const std::size_t n = ++n_calls_;
    if (n != nth_ && !(and_all_later_ && n > nth_)) return false;
    ++n_refused_;
    return true;
  }

 private:
  std::atomic<bool> is_on_{false};
  std::atomic<std::size_t> n_calls_{0}, n_refused_{0};
  std::size_t nth_ = 0;
  bool and_all_later_ = false;
};

/// Where the outage strikes.
enum class victim { source, arena };

/// Refusals of base::arena, while it lives.
class arena_outage {
 public:
  explicit arena_outage(outage& o) {
    current() = &o;
    base::arena::set_refusal([]() noexcept { return current()->refuses(); });
  }
  ~arena_outage() { base::arena::set_refusal(nullptr); }
  arena_outage(const arena_outage&) = delete;
  arena_outage& operator=(const arena_outage&) = delete;

 private:
  static outage*& current() {
    static outage* o = nullptr;
    return o;
  }
};

/// Pages far apart, each in a region of its own, in address space without memory: the pool never
/// touches a page, and whoever does ends the test.
class far_source final : public page_source {
 public:
  explicit far_source(outage& o) : outage_(o) {
    space_ = mmap(nullptr, (most_pages + 1) * distance, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space_ == MAP_FAILED) std::abort();
    first_ = (reinterpret_cast<std::uintptr_t>(space_) + distance - 1) & ~(distance - 1);
  }
  ~far_source() {
    EXPECT_EQ(n_live(), 0u) << "pages were never released";
    EXPECT_EQ(n_cheated_, 0u) << "something was released that is no page";
    munmap(space_, (most_pages + 1) * distance);
  }
  far_source(const far_source&) = delete;
  far_source& operator=(const far_source&) = delete;

  std::size_t n_live() const {
    const std::scoped_lock hold(mutex_);
    return static_cast<std::size_t>(std::count(is_live_.begin(), is_live_.end(), true));
  }
  [[nodiscard]] void* allocate(std::size_t, get_flags) noexcept override {
    if (outage_.refuses()) return nullptr;
    const std::scoped_lock hold(mutex_);
    const auto slot = std::find(is_live_.begin(), is_live_.end(), false);
    if (slot == is_live_.end()) return nullptr;
    *slot = true;
    const auto i = static_cast<std::uintptr_t>(slot - is_live_.begin());
    return reinterpret_cast<void*>(first_ + i * distance);
  }
  void release(void* page, std::size_t) noexcept override {
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(page) - first_;
    const std::size_t i = offset / distance;
    const std::scoped_lock hold(mutex_);
    if (offset % distance != 0 || i >= most_pages || !is_live_[i]) {
      ++n_cheated_;
      return;
    }
    is_live_[i] = false;
  }

  static constexpr std::size_t most_pages = 64;

 private:
  static constexpr std::size_t distance = 2u << 20;
  outage& outage_;
  mutable std::mutex mutex_;
  void* space_;
  std::uintptr_t first_;
  std::array<bool, most_pages> is_live_{};
  std::size_t n_cheated_ = 0;
};

/// One run of a scenario.
class trial {
 public:
  trial(outage& o, page_source& s) : source(s), outage_(o) {}

  page_source& source;

  /// Makes a call that returns whether it succeeded.  A failed one leaves the pool as it was and
  /// succeeds with memory.  `keeps_pages`: it may have got pages for the next call.
  template <class F>
  void call(pool& p, F f, bool keeps_pages = false) {
    const pool_stats before = p.stats();
    if (f()) return check(p);
    EXPECT_GT(outage_.n_refused(), 0u) << "a call failed though it had memory";
    const pool_stats after = p.stats();
    EXPECT_EQ(after.out, before.out);
    EXPECT_EQ(after.gets, before.gets);
    EXPECT_EQ(after.puts, before.puts);
    EXPECT_EQ(after.reserve, before.reserve);
    EXPECT_EQ(after.waiters, before.waiters);
    EXPECT_EQ(after.low_watermark, before.low_watermark);
    EXPECT_EQ(after.high_watermark, before.high_watermark);
    EXPECT_EQ(after.hard_limit, before.hard_limit);
    if (!keeps_pages) {
      EXPECT_EQ(after.pages, before.pages);
      EXPECT_EQ(after.free, before.free);
      EXPECT_EQ(after.total, before.total);
      EXPECT_EQ(after.idle_pages, before.idle_pages);
    }
    check(p);
    outage_.pause();
    EXPECT_TRUE(f()) << "the same call, with memory";
    outage_.resume();
    check(p);
  }
  /// Gets an item with call().
  void* get(pool& p, get_flags flags = get_flags::nowait) {
    void* item = nullptr;
    call(p, [&] { return (item = p.get(flags)) != nullptr; });
    return item;
  }

 private:
  static void check(pool& p) {
    EXPECT_EQ(p.check(), std::string_view());
    const pool_stats s = p.stats();
    EXPECT_EQ(s.pages_requested - s.pages_released, s.pages);
  }
  outage& outage_;
};

/// Runs the scenario with an outage at the first call for memory, the second and so on, until it
/// meets none; nothing may be left behind.
template <class Scenario>
void survives_every_outage(Scenario scenario) {
  for (const victim v : {victim::source, victim::arena}) {
    for (const bool and_all_later : {false, true}) {
      bool met_one = true;
      for (std::size_t n = 1; met_one && !::testing::Test::HasFailure(); ++n) {
        SCOPED_TRACE((v == victim::source ? "source" : "arena") + std::string(" refuses call ") +
                     std::to_string(n) + (and_all_later ? " and all later" : ""));
        const std::size_t bytes_before = base::arena::bytes_out();
        {
          outage none, some;
          far_source source(v == victim::source ? some : none);
          const arena_outage in_arena(v == victim::arena ? some : none);
          trial t(some, source);
          some.begin(n, and_all_later);
          scenario(t);
          met_one = some.n_refused() != 0;
        }
        EXPECT_EQ(base::arena::bytes_out(), bytes_before);
      }
    }
  }
}

}  // namespace pool9::test
