// SPDX-License-Identifier: BSD-2-Clause
// Items that are blocks of malloc's: what a pool promises holds, and the blocks are malloc's.
#include <malloc.h>

#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "misuse.hpp"

namespace pool9::test {
namespace {

pool_options lending(std::size_t size = 100) {
  return {.name = "lent", .item_size = size, .idle_time = never_idle, .use_malloc = true};
}

TEST(Lent, ItemsAreMallocsAndTheirOwn) {
  pool p(lending());
  std::vector<void*> items = get_n(p, 1000);
  for (void* item : items) {
    EXPECT_GE(malloc_usable_size(item), 100u);
    EXPECT_LT(malloc_usable_size(item), 160u);
    EXPECT_TRUE(p.owns(item));
    std::memset(item, 1, 100);
  }
  EXPECT_EQ(std::set<void*>(items.begin(), items.end()).size(), items.size());
  EXPECT_EQ(p.stats().out, 1000u);
  EXPECT_EQ(p.stats().tight, std::uint64_t{POOL_TIGHT_DIAGNOSTIC});
  p.put_bulk(items);
  EXPECT_FALSE(p.owns(items[0]));
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().gets, 1000u);
  EXPECT_EQ(p.stats().puts, 1000u);
  EXPECT_EQ(p.check(), "");
}

TEST(Lent, AlignmentIsKept) {
  for (const std::size_t align : {1u, 8u, 64u, 1024u}) {
    pool_options o = lending();
    o.align = align;
    o.align_offset = 4 % align;
    pool p(o);
    for (void* item : get_n(p, 20)) {
      EXPECT_EQ((reinterpret_cast<std::uintptr_t>(item) + o.align_offset) % align, 0u);
      std::memset(item, 1, 100);
      p.put(item);
    }
  }
}

// What another pool's engine takes over at once is what the put has to free the block by.
TEST(Lent, CallbackMayEndThePoolInsideThePutThatServedIt) {
  pool_options shifted = lending(), straight = lending();
  shifted.align = straight.align = 64;
  shifted.align_offset = 16;
  shifted.hard_limit = 1;
  pool p(shifted), next(straight);
  void* of_next = nullptr;
  calling_waiter ends([&](waiter&, void* item) {
    p.put(item);
    EXPECT_TRUE(p.close());
    of_next = next.get();
  });
  void* const item = p.get();
  EXPECT_EQ(p.get_or_enqueue(ends), nullptr);

  p.put(item);

  next.put(of_next);
  EXPECT_EQ(next.check(), "");
}

TEST(Lent, LimitAndOrderAreThePools) {
  pool_options o = lending();
  o.hard_limit = 2;
  pool p(o);
  void* const first = p.get();
  void* const second = p.get();
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(p.try_get_for(std::chrono::milliseconds(1)), nullptr);
  std::atomic<void*> got = nullptr;
  std::thread waits([&] { got = p.get(); });
  await_waiters(p, 1);
  p.put(first);
  waits.join();
  EXPECT_GE(malloc_usable_size(got), 100u);
  EXPECT_EQ(p.stats().out, 2u);
  std::vector<void*> both(2);
  std::thread wants_both([&] { p.get_bulk(both); });
  await_waiters(p, 1);
  p.put(got);
  p.put(second);
  wants_both.join();
  p.put_bulk(both);
  EXPECT_EQ(p.stats().out, 0u);
}

struct callback final : waiter {
  callback() noexcept
      : waiter([](waiter& w, void* i) noexcept { static_cast<callback&>(w).item = i; }) {}
  void* item = nullptr;
};

TEST(Lent, CallbacksAreServedOrCancelled) {
  report_catcher catcher;
  pool_options o = lending();
  o.hard_limit = 1;
  pool p(o);
  callback served, cancelled;
  void* const only = p.get();
  EXPECT_EQ(p.get_or_enqueue(served), nullptr);
  EXPECT_EQ(p.get_or_enqueue(served), nullptr) << "misuse";
  EXPECT_EQ(catcher.n_reports(), 1u);
  EXPECT_EQ(p.get_or_enqueue(cancelled), nullptr);
  EXPECT_TRUE(p.cancel(cancelled));
  p.put(only);
  ASSERT_NE(served.item, nullptr);
  std::memset(served.item, 1, 100);
  p.put(served.item);
  EXPECT_EQ(cancelled.item, nullptr);
  void* const at_once = p.get_or_enqueue(cancelled);
  std::memset(at_once, 1, 100);
  p.put(at_once);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(catcher.n_reports(), 1u);
}

TEST(Lent, SecondPutIsNamedWithWhoDidTheFirst) {
  report_catcher catcher;
  pool p(lending()), other(lending());
  void* const item = p.get();
  p.put(item);
  p.put(hidden(item));
  EXPECT_EQ(catcher.only().misuse, misuse_kind::put_twice);
  EXPECT_TRUE(catcher.only().knows_get && catcher.only().knows_put);
  catcher.clear();
  void* const others = other.get();
  p.put(hidden(others));
  EXPECT_EQ(catcher.only().misuse, misuse_kind::wrong_pool);
  other.put(others);
  EXPECT_EQ(p.check(), "");
}

TEST(Lent, WhoHoldsThemIsKnown) {
  pool p(lending());
  std::vector<void*> items = get_n(p, 3);
  EXPECT_NE(held_by(p).find("3 of 3 items are out"), std::string::npos) << held_by(p);
  put_all(p, items);
}

TEST(Lent, VisitsSeeWhatCallersHave) {
  pool p(lending());
  std::vector<void*> items = get_n(p, 100);
  for (int i = 0; i < 50; ++i) {
    p.put(items.back());
    items.pop_back();
  }
  std::set<void*> seen;
  p.for_each_item([](void* into, void* item) { static_cast<std::set<void*>*>(into)->insert(item); },
                  &seen);
  EXPECT_EQ(seen, std::set<void*>(items.begin(), items.end()));
  put_all(p, items);
}

// The leak checker would say otherwise.
TEST(Lent, PoolThatIsResetFreesThem) {
  pool p(lending());
  for (int i = 0; i < 10; ++i) static_cast<void>(p.get());
  EXPECT_TRUE(p.reset());
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(Lent, EnvironmentAsksForItWhereItemsMayLieAnywhere) {
  const environment e("sanitize=0;malloc:lent;quarantine=4");
  test_source source;
  pool_options o = lending();
  o.use_malloc = false;
  pool p(o);
  o.source = &source;
  pool own(o);
  void* const item = p.get();
  EXPECT_EQ(malloc_usable_size(item) / 64, 1u);
  p.put(item);
  EXPECT_EQ(p.stats().tight, std::uint64_t{POOL_TIGHT_DIAGNOSTIC});
  own.put(own.get());
  EXPECT_EQ(own.stats().tight, 0u);
}

TEST(Lent, ThreadsComeAndGo) {
  pool_options o = lending();
  o.hard_limit = 50;
  pool p(o);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        std::vector<void*> items(static_cast<std::size_t>(1 + i % 20));
        p.get_bulk(items);
        for (void* item : items) std::memset(item, i, 100);
        p.put_bulk(items);
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

}  // namespace
}  // namespace pool9::test
