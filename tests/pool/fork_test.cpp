// SPDX-License-Identifier: BSD-2-Clause
// G8: fork.  The child goes on with every pool as it stood; the other threads' waits are over
// there, and what they held stays out.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <deque>
#include <latch>

#include "edges/emulated.hpp"
#include "pools.hpp"
#include "stress/sanitized.hpp"
#include "support/child.hpp"
#include "support/housekeeping.hpp"
#include "support/page_ladder.hpp"
#include "support/threads.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

/// Takes everything that can be had from the pool and gives it back.
bool can_be_used(pool& p, std::size_t at_most) {
  std::vector<void*> items;
  while (items.size() < at_most)
    if (void* const item = p.try_get()) {
      items.push_back(item);
    } else {
      break;
    }
  const bool some = !items.empty();
  for (void* item : items) p.put(item);
  return POOL9_HOLDS(some) && POOL9_HOLDS(p.check() == "");
}

TEST(Fork, ChildHasThePoolAsItStood) {
  pool p({.name = "fork", .item_size = 64, .hard_limit = 3, .idle_time = never_idle});
  std::vector<void*> held = get_n(p, 2);

  EXPECT_TRUE(in_child([&] {
    const bool same = POOL9_HOLDS(p.stats().out == 2) && can_be_used(p, 9);
    for (void* item : held) p.put(item);
    return same && POOL9_HOLDS(p.stats().out == 0) && POOL9_HOLDS(p.close());
  }));

  EXPECT_EQ(p.stats().out, 2u);
  put_all(p, held);
}

TEST(Fork, WaitsOfOtherThreadsAreDroppedInTheChild) {
  pool p({.name = "fork", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  void* const item = p.get();
  task<void*> thread([&] { return p.get(); });
  await_waiters(p, 1);

  EXPECT_TRUE(in_child([&] {
    bool good = POOL9_HOLDS(p.stats().waiters == 0) && POOL9_HOLDS(p.check() == "");
    good = good && POOL9_HOLDS(p.try_get() == nullptr);
    p.put(item);
    return good && POOL9_HOLDS(p.try_get() == item) && POOL9_HOLDS(p.stats().out == 1);
  }));

  EXPECT_EQ(p.stats().waiters, 1u);
  p.put(item);
  EXPECT_EQ(thread.result(), item);
  p.put(item);
}

TEST(Fork, CallbackBehindADroppedThreadIsServedInTheChild) {
  pool p({.name = "fork", .item_size = 64, .hard_limit = 3, .idle_time = never_idle});
  std::vector<void*> held = get_n(p, 2);
  task<bool> bulk([&] {
    std::vector<void*> items(2);
    p.get_bulk(items);
    p.put_bulk(items);
    return true;
  });
  await_waiters(p, 1);
  noting_waiter behind;
  EXPECT_EQ(p.get_or_enqueue(behind), nullptr) << "one item is free, and belongs to the bulk get";

  EXPECT_TRUE(in_child([&] {
    return POOL9_HOLDS(p.check() == "") && POOL9_HOLDS(p.stats().waiters == 0) &&
           POOL9_HOLDS(behind.item != nullptr);
  }));

  EXPECT_EQ(behind.item, nullptr);
  put_all(p, held);
  EXPECT_TRUE(bulk.result());
  p.put(behind.wait_for_item());
}

// The fork falls into the midst of what one call owes to several waiters.
TEST(Fork, CallbackMayForkAndBothMayDestroyThePool) {
  test_source source;
  pool_options o = four_a_page(source);
  o.item_size = 4096;  // one a page, so that every waiter has to be fed
  o.hard_limit = 1;
  pool p(o);
  void* const item = p.get();
  pid_t child = -1;
  calling_waiter forks([&](waiter&, void* served) {
    child = fork();
    if (child == 0) alarm(30);
    p.put(served);
  });
  noting_waiter last;
  EXPECT_EQ(p.get_or_enqueue(forks), nullptr);
  EXPECT_EQ(p.get_or_enqueue(last), nullptr);

  EXPECT_TRUE(p.set_hard_limit(3));

  p.put(last.wait_for_item());
  p.put(item);
  const bool closed = p.close();  // waits until nobody works on the pool
  if (child == 0) _exit(POOL9_HOLDS(closed) ? 0 : 1);
  EXPECT_TRUE(closed);
  EXPECT_TRUE(ended_well(child));
}

/// Pages of its own, without a lock or another allocator, so that the fork may fall anywhere into
/// it.
class own_pages final : public page_source {
 public:
  [[nodiscard]] void* allocate(std::size_t, get_flags) noexcept override {
    for (std::size_t i = 0; i < std::size(pages_); ++i)
      if (!taken_[i].exchange(true)) return pages_[i];
    return nullptr;
  }
  void release(void* page, std::size_t) noexcept override {
    taken_[(static_cast<std::byte*>(page) - pages_[0]) / 4096] = false;
  }

 private:
  alignas(4096) std::byte pages_[8][4096];
  std::atomic<bool> taken_[8] = {};
};

TEST(Fork, UnderLoadParentAndChildGoOn) {
  const auto source = std::make_unique<own_pages>();
  pool busy(four_a_page(*source));
  pool p({.name = "fork", .item_size = 64, .hard_limit = 8, .idle_time = never_idle});
  pool other({.name = "other", .item_size = 5000, .idle_time = never_idle});
  busy.put(busy.get());
  await_housekeeping();
  std::atomic<bool> stop{false};
  std::latch running(3);
  std::deque<std::thread> threads;
  // They use no malloc: it has to be whole in the child, and the address sanitizer's is only if
  // nobody was in it at the fork.
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      running.count_down();
      while (!stop) {
        void* items[20];
        const std::span<void*> four(items, 4);
        if (p.try_get_bulk_for(four, 1ms)) p.put_bulk(four);
        if (void* const item = p.try_get_for(1ms)) p.put(item);
        other.get_bulk(items);
        other.put_bulk(items);
        static_cast<void>(other.reclaim());
        busy.put(busy.get());
        static_cast<void>(busy.reclaim());
      }
    });
  running.wait();

  for (int i = 0; i < (sanitized ? 10 : 40); ++i) {
    // What the other threads hold at that moment stays out: at most 4 each, so somebody's is free
    // or all 8 are out.
    ASSERT_TRUE(in_child([&] {
      const bool full = p.stats().out == 8;
      return POOL9_HOLDS(p.check() == "") && POOL9_HOLDS(p.stats().waiters == 0) &&
             (full || can_be_used(p, 8)) && can_be_used(other, 300) && can_be_used(busy, 1) &&
             POOL9_HOLDS(other.reclaim() != 0) &&
             POOL9_HOLDS(p.try_get_for(1ms) != nullptr || full);
    })) << "fork "
        << i;
  }
  stop = true;
  for (auto& t : threads) t.join();

  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
  EXPECT_EQ(other.check(), "");
}

TEST(Fork, ChildOfTheChildWorksToo) {
  pool p({.name = "fork", .item_size = 64, .idle_time = never_idle});
  p.put(p.get());
  EXPECT_TRUE(in_child([&] {
    return can_be_used(p, 100) && in_child([&] { return can_be_used(p, 100); }) &&
           can_be_used(p, 100);
  }));
}

TEST(Fork, ForEachPoolMayForkFromInside) {
  pool p({.name = "fork", .item_size = 64, .idle_time = never_idle});
  p.put(p.get());
  bool good = false;
  for_each_pool(
      [](void* context, const pool_stats&) {
        *static_cast<bool*>(context) = in_child([] {
          std::size_t n = 0;
          for_each_pool([](void* c, const pool_stats&) { ++*static_cast<std::size_t*>(c); }, &n);
          return POOL9_HOLDS(n != 0);
        });
      },
      &good);
  EXPECT_TRUE(good);
  EXPECT_TRUE(p.close());
}

// The thread sanitizer starts a thread of its own, and allows no others, in such a child.
#if !defined(POOL9_TEST_THREAD_SANITIZED)
TEST(Fork, NoThreadStartsInAChildWithNothingDue) {
  pool p({.name = "fork", .item_size = 64, .idle_time = never_idle});
  p.put(p.get());
  EXPECT_TRUE(in_child([&] { return can_be_used(p, 10) && POOL9_HOLDS(n_threads() == 1); }));
}

TEST(Fork, HousekeepingGoesOnInTheChild) {
  pool due({.name = "due", .item_size = 64, .idle_time = 60ms});
  pool later({.name = "later", .item_size = 64, .idle_time = 10ms});
  due.put(due.get());  // watched in the parent already
  await_housekeeping();
  EXPECT_TRUE(in_child([&] {
    later.put(later.get());
    return POOL9_HOLDS(run_until([&] { return due.stats().pages == 0; }, 10s)) &&
           POOL9_HOLDS(run_until([&] { return later.stats().pages == 0; }, 10s));
  }));
  EXPECT_TRUE(run_until([&] { return due.stats().pages == 0; }, 10s));
}

// The stacks where they wait are free there, and what is due in another pool starts a thread.
TEST(Fork, WaitsAreDroppedBeforeAThreadStartsInTheChild) {
  if (emulated) GTEST_SKIP() << "the emulator lets no thread start there";
  pool due({.name = "due", .item_size = 64, .idle_time = 2s});
  due.put(due.get());
  await_housekeeping();
  pool p({.name = "fork", .item_size = 64, .hard_limit = 3, .idle_time = never_idle});
  std::vector<void*> held = get_n(p, 2);
  std::deque<std::thread> bulk;
  for (std::size_t i = 1; i <= 3; ++i) {
    bulk.emplace_back([&] {
      std::vector<void*> items(2);
      p.get_bulk(items);
      p.put_bulk(items);
    });
    await_waiters(p, i);
  }
  noting_waiter behind;
  EXPECT_EQ(p.get_or_enqueue(behind), nullptr);

  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(in_child([&] {
      return POOL9_HOLDS(p.check() == "") && POOL9_HOLDS(p.stats().waiters == 0) &&
             POOL9_HOLDS(behind.item != nullptr);
    }));

  put_all(p, held);
  for (std::thread& t : bulk) t.join();
  p.put(behind.wait_for_item());
}

TEST(Fork, StarvingCallbackIsFedInTheChild) {
  test_source source;
  pool p(four_a_page(source));
  source.fail_now();
  noting_waiter w;
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  // Whoever forks must see to its own source: here, that housekeeping is not asking it just now.
  ASSERT_TRUE(run_until([&] { return p.stats().source_fails >= 8; }));

  EXPECT_TRUE(in_child([&] {
    source.succeed();
    return POOL9_HOLDS(run_until([&] { return w.item != nullptr; }, 10s));
  }));

  EXPECT_TRUE(p.cancel(w));
}
#endif

}  // namespace
}  // namespace pool9::test
