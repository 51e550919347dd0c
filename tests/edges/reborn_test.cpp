// SPDX-License-Identifier: BSD-2-Clause
// G8: pools that come and go while threads that used them live on, with what they cached; and more
// pools than the threads' tables have slots for.
//
// A thread finds its magazine by the slot of the pool, and a new pool may have the slot, and the
// address, of one that is gone.  What tells them apart is a number that is never used again.
#include <barrier>
#include <memory>
#include <optional>

#include "exactness.hpp"

namespace pool9::test {
namespace {

/// Threads that do a round of work whenever all of them are asked.
class crew {
 public:
  explicit crew(unsigned n, std::function<void(unsigned who, int round)> work)
      : line_(n + 1), work_(std::move(work)) {
    for (unsigned t = 0; t < n; ++t)
      threads_.emplace_back([this, t] {
        for (int round = 0;; ++round) {
          line_.arrive_and_wait();
          if (stop_) return;
          work_(t, round);
          line_.arrive_and_wait();
        }
      });
  }
  ~crew() {
    stop_ = true;
    line_.arrive_and_wait();
    for (auto& t : threads_) t.join();
  }
  void do_round() {
    line_.arrive_and_wait();
    line_.arrive_and_wait();
  }

 private:
  std::barrier<> line_;
  std::function<void(unsigned, int)> work_;
  std::atomic<bool> stop_{false};
  std::deque<std::thread> threads_;
};

/// Whether `items` are the pool's, and aligned as its are.
bool are_of(const pool& p, const std::vector<void*>& items) {
  return std::all_of(items.begin(), items.end(), [&](void* item) {
    return p.owns(item) && reinterpret_cast<std::uintptr_t>(item) % p.align() == 0;
  });
}

constexpr int n_lives = slow ? 100 : 400;
constexpr std::size_t sizes[] = {64, 192, 64, 1000, 48};

TEST(Reborn, ItemsOfAPoolThatIsGoneNeverComeOutOfTheNextAtItsAddress) {
  std::optional<pool> p;
  std::vector<void*> gifts;
  // One thread works in every life, one in every second, one in every third; and each begins with
  // another operation.
  crew threads(3, [&](unsigned who, int round) {
    if (round % static_cast<int>(who + 1) != 0) return;
    if (round / static_cast<int>(who + 1) % 2 == 0) p->put(gifts[who]);
    std::vector<void*> items = get_n(*p, 40);
    EXPECT_TRUE(are_of(*p, items));
    put_all(*p, items);
    if (round / static_cast<int>(who + 1) % 2 != 0) p->put(gifts[who]);
  });
  for (int life = 0; life < n_lives && !testing::Test::HasFailure(); ++life) {
    SCOPED_TRACE("life " + std::to_string(life));
    p.emplace(limited(sizes[static_cast<std::size_t>(life) % std::size(sizes)]));
    gifts = get_n(*p, 3);
    threads.do_round();
    for (unsigned who = 0; who < 3; ++who)
      if (life % static_cast<int>(who + 1) != 0) p->put(gifts[who]);
    EXPECT_EQ(p->stats().out, 0u);
    EXPECT_TRUE(has_exactly(*p, a_limit));
    EXPECT_EQ(p->check(), "");
    EXPECT_TRUE(life % 2 == 0 || p->close());
  }
}

TEST(Reborn, PoolsChangeSlotsAndAddresses) {
  std::optional<pool> pools[4];
  crew threads(3, [&](unsigned, int) {
    for (auto& p : pools) {
      if (!p.has_value()) continue;
      std::vector<void*> items = get_n(*p, 20);
      EXPECT_TRUE(are_of(*p, items));
      put_all(*p, items);
    }
  });
  std::mt19937 random(3);
  for (int life = 0; life < n_lives && !testing::Test::HasFailure(); ++life) {
    for (auto& p : pools) {
      const unsigned what = static_cast<unsigned>(random()) % 3;
      if (what == 0) p.reset();
      if (what == 1) p.emplace(limited(sizes[random() % std::size(sizes)]));
    }
    threads.do_round();
    for (auto& p : pools) EXPECT_TRUE(!p.has_value() || has_exactly(*p, a_limit));
  }
}

TEST(Reborn, ThreadsEndAfterThePoolsTheyUsed) {
  for (int life = 0; life < n_lives / 4; ++life) {
    auto p = std::make_unique<pool>(limited());
    gate end;
    std::deque<std::thread> threads;
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&] {
        std::vector<void*> items = get_n(*p, 30);
        put_all(*p, items);
        end.pass();
      });
    end.await(3);
    p.reset();
    const auto next = std::make_unique<pool>(limited(192));
    ASSERT_TRUE(has_exactly(*next, a_limit));
    const std::uint64_t n_puts = next->stats().puts;
    end.open();
    for (auto& t : threads) t.join();
    ASSERT_EQ(next->stats().puts, n_puts) << "what they left is not the next pool's";
    ASSERT_TRUE(has_exactly(*next, a_limit));
    ASSERT_EQ(next->check(), "");
  }
}

TEST(Reborn, TenThousandPoolsServeExactlyWithASlotOrWithout) {
  constexpr std::size_t n = slow ? 1000 : 10'000;
  constexpr std::size_t limit = 64;
  std::deque<pool> pools;
  for (std::size_t i = 0; i < n; ++i)
    pools.emplace_back(pool_options{
        .name = "many", .item_size = 64, .hard_limit = limit, .idle_time = never_idle});
  const auto all_serve = [&pools] {
    bool good = true;
    for (pool& p : pools) {
      std::vector<void*> items = get_n(p, 20);
      put_all(p, items);
      good = good && has_exactly(p, limit);
      items = get_n(p, 20);  // and they stay in the cache, if there is one
      put_all(p, items);
    }
    return good;
  };
  task<bool> one(all_serve);
  EXPECT_TRUE(one.result());
  EXPECT_TRUE(all_serve());
  EXPECT_GT(pools.front().stats().recalls, 0u) << "with a slot";
  EXPECT_EQ(pools.back().stats().recalls, 0u) << "without";

  for (std::size_t i = 0; i < 200; ++i) pools.pop_front();  // slots come free
  pools.emplace_back(limited());
  EXPECT_TRUE(has_exactly(pools.back(), a_limit));
  std::vector<void*> items = get_n(pools.back(), 40);
  put_all(pools.back(), items);
  EXPECT_GT(pools.back().stats().cached, 0u);
}

}  // namespace
}  // namespace pool9::test
