// SPDX-License-Identifier: BSD-2-Clause
// Every pair of settings, in every order, before a burst, in its midst and after it, with thread
// caches and without: floors always win, and each setting has its effect whatever the other is.
//
// What must hold follows from the settings that were made and not from their order; it is seen in
// the pages that live at the source and the items that can be had.
#include <algorithm>
#include <array>
#include <string>

#include "pools.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

enum class setting { low, high, hard, prime, storage, reclaim, idle };
constexpr std::array all_settings{setting::low,     setting::high,    setting::hard, setting::prime,
                                  setting::storage, setting::reclaim, setting::idle};
const char* name_of(setting s) {
  constexpr std::array names{"low",     "high", "hard", "prime(n)", "prime(storage)",
                             "reclaim", "idle"};
  return names[static_cast<std::size_t>(s)];
}
enum class stage { before, amid, after };
constexpr std::array all_stages{stage::before, stage::amid, stage::after};

struct values {
  std::size_t low, high, hard, prime;
};
/// Such as agree with one another, and such as contradict one another.
constexpr std::array all_values{values{10, 20, 30, 15}, values{20, 6, 5, 13}, values{1, 0, 70, 5}};
constexpr std::size_t burst = 24, most = 100, a_page = 4, in_storage = 8;

std::size_t pages_for(std::size_t items) { return (items + a_page - 1) / a_page; }

/// A pool, and what was asked of it.
class subject {
 public:
  subject(const values& v, bool cached, bool idle)
      : values_(v), idle_(idle), pool_([&] {
          pool_options o = four_a_page(source_);
          o.thread_cache = cached;
          if (idle) o.idle_time = std::chrono::milliseconds(1);
          return o;
        }()) {}

  void apply(setting s) {
    switch (s) {
      case setting::low:
        pool_.set_low_watermark(low_ = values_.low);
        break;
      case setting::high:
        pool_.set_high_watermark(high_ = values_.high);
        expect_ceiling();
        break;
      case setting::hard: {
        const bool possible = held_.size() <= values_.hard;
        EXPECT_EQ(pool_.set_hard_limit(values_.hard), possible);
        if (possible) hard_ = values_.hard;
        break;
      }
      case setting::prime:
        EXPECT_TRUE(pool_.prime(values_.prime));
        reserve_ += values_.prime;
        break;
      case setting::storage:
        EXPECT_EQ(pool_.prime(storage_[n_storages_], in_storage), in_storage);
        ++n_storages_;
        break;
      case setting::reclaim:
        static_cast<void>(pool_.reclaim());
        expect_floor();
        break;
      case setting::idle:
        if (held_.empty()) await_floor();
        break;
    }
    EXPECT_EQ(pool_.check(), "");
  }
  void get_burst() {
    while (held_.size() < burst)
      if (void* const item = pool_.try_get()) {
        held_.push_back(item);
      } else {
        break;
      }
  }
  void put_burst() {
    put_all(pool_, held_);
    expect_ceiling();
  }

  /// Everything that must hold now.
  void examine() {
    EXPECT_EQ(n_to_be_had(), std::min(hard_, most)) << "whatever else is set";
    expect_ceiling();
    if (idle_) await_floor();
    static_cast<void>(pool_.reclaim());
    EXPECT_EQ(source_.live_pages(), floor()) << "after a reclaim";
    source_.fail_now();
    EXPECT_EQ(n_to_be_had(), std::min(hard_, floor() * a_page + n_storages_ * in_storage))
        << "of what stayed, without memory";
    EXPECT_EQ(source_.live_pages(), floor());
    EXPECT_EQ(pool_.check(), "");
  }

 private:
  /// Pages that always stay, once there were as many.
  std::size_t floor() const {
    const std::size_t stored = n_storages_ * in_storage;
    return std::max(pages_for(reserve_), low_ > stored ? pages_for(low_ - stored) : 0);
  }
  void expect_floor() {
    EXPECT_GE(source_.live_pages(), pages_for(reserve_));
    const pool_stats s = pool_.stats();
    if (held_.empty() && s.pages_requested * a_page >= low_) {
      EXPECT_GE(s.total, low_);
    }
  }
  void expect_ceiling() {
    expect_floor();
    if (high_ == unlimited || !held_.empty()) return;
    EXPECT_LE(source_.live_pages(), std::max(pages_for(high_), floor()));
  }
  void await_floor() {
    EXPECT_TRUE(run_until([&] { return source_.live_pages() <= floor(); }))
        << source_.live_pages() << " pages are left, not " << floor();
    expect_floor();
  }
  /// Takes all that can be had, `most` at most, and puts it back.
  std::size_t n_to_be_had() {
    std::vector<void*> items;
    while (items.size() < most)
      if (void* const item = pool_.try_get()) {
        items.push_back(item);
      } else {
        break;
      }
    const std::size_t n = items.size();
    const pool_stats s = pool_.stats();
    EXPECT_LE(s.out, hard_);
    if (source_.n_failures() == 0) {
      EXPECT_GE(s.free + s.cached, low_) << "at hand";
    }
    put_all(pool_, items);
    return n;
  }

  const values values_;
  const bool idle_;
  test_source source_;
  alignas(16) std::byte storage_[2][16 * 1024];
  pool pool_;
  std::vector<void*> held_;
  std::size_t low_ = 0, high_ = unlimited, hard_ = unlimited, reserve_ = 0, n_storages_ = 0;
};

void try_pair(const values& v, setting first, setting second, stage when_first, stage when_second,
              bool cached) {
  SCOPED_TRACE(std::string(name_of(first)) + " in stage " +
               std::to_string(static_cast<int>(when_first)) + ", then " + name_of(second) +
               " in stage " + std::to_string(static_cast<int>(when_second)) +
               (cached ? ", cached" : ""));
  subject s(v, cached, first == setting::idle || second == setting::idle);
  for (const stage now : all_stages) {
    if (now == stage::amid) s.get_burst();
    if (now == stage::after) s.put_burst();
    if (now == when_first) s.apply(first);
    if (now == when_second) s.apply(second);
  }
  s.examine();
}

void try_all_pairs(const values& v, bool cached) {
  for (const setting first : all_settings)
    for (const setting second : all_settings)
      for (const stage when_first : all_stages)
        for (const stage when_second : all_stages)
          if (when_first <= when_second)
            try_pair(v, first, second, when_first, when_second, cached);
}

TEST(Settings, EveryPairInEveryOrderWhereTheyAgree) {
  for (const bool cached : {false, true}) try_all_pairs(all_values[0], cached);
}
TEST(Settings, EveryPairInEveryOrderWhereTheyContradictOneAnother) {
  for (const bool cached : {false, true}) try_all_pairs(all_values[1], cached);
}
TEST(Settings, EveryPairInEveryOrderAtTheEdges) {
  for (const bool cached : {false, true}) try_all_pairs(all_values[2], cached);
}

}  // namespace
}  // namespace pool9::test
