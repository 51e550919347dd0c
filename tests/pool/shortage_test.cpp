// SPDX-License-Identifier: BSD-2-Clause
// The shortage hook with thread caches on: called only when nothing is free anywhere, before a get
// fails or waits, once for each get, with no lock held.
#include <functional>
#include <stdexcept>

#include "pools.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

struct hook_of_test {
  std::function<void(pool&, shortage)> act;
  std::vector<shortage> calls;
  shortage_hook hook() {
    return {[](void* self, pool& p, shortage why) noexcept {
              auto& h = *static_cast<hook_of_test*>(self);
              h.calls.push_back(why);
              if (h.act) h.act(p, why);
            },
            this};
  }
};

/// A limit that leaves room for caches.
constexpr std::size_t limit = 400;

pool_options cached(page_source& source, hook_of_test& h) {
  pool_options o = four_a_page(source);
  o.hard_limit = limit;
  o.on_shortage = h.hook();
  return o;
}

TEST(Shortage, HookIsNotAskedWhileOtherThreadsCachesHoldItems) {
  test_source source;
  hook_of_test h;
  pool p(cached(source, h));
  gate cached_some, end;
  std::thread other([&] {
    std::vector<void*> items = get_n(p, 50);
    put_all(p, items);
    cached_some.pass();
    end.pass();
  });
  cached_some.await(1);
  cached_some.open();
  ASSERT_GT(p.stats().cached, 0u);

  std::vector<void*> items = get_n(p, limit);

  EXPECT_TRUE(h.calls.empty());
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(h.calls, std::vector{shortage::hard_limit});
  end.open();
  other.join();
  put_all(p, items);
}

TEST(Shortage, WhatTheHookPutsServesTheGetThroughCachesToo) {
  test_source source;
  hook_of_test h;
  pool p(cached(source, h));
  std::vector<void*> items = get_n(p, limit);
  h.act = [&](pool& self, shortage) {
    for (int i = 0; i < 3; ++i) {
      self.put(items.back());
      items.pop_back();
    }
  };

  for (int i = 0; i < 3; ++i) {
    void* const item = p.try_get();
    ASSERT_NE(item, nullptr);
    items.push_back(item);
  }

  EXPECT_EQ(h.calls.size(), 1u) << "three were put at once";
  EXPECT_EQ(p.stats().fails, 0u);
  h.act = {};
  put_all(p, items);
  EXPECT_EQ(p.check(), "");
}

TEST(Shortage, EveryKindOfGetAsksOnce) {
  test_source source;
  hook_of_test h;
  pool p(cached(source, h));
  std::vector<void*> items = get_n(p, limit);
  void* some[2];
  noting_waiter w;

  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(p.try_get_for(1ms), nullptr);
  EXPECT_EQ(p.get(get_flags::nowait), nullptr);
  EXPECT_FALSE(p.try_get_bulk(some));
  EXPECT_FALSE(p.try_get_bulk_for(some, 1ms));
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_EQ(h.calls.size(), 6u);
  p.put(items.back());
  items.back() = w.wait_for_item();
  put_all(p, items);
}

TEST(Shortage, BeforeItWaitsAGetAsksOnceAndNeverAgain) {
  test_source source;
  hook_of_test h;
  pool p(cached(source, h));
  std::vector<void*> items = get_n(p, limit);
  task<void*> waiting([&] { return p.get(); });
  await_waiters(p, 1);
  EXPECT_EQ(h.calls.size(), 1u);

  p.put(items.back());

  items.back() = waiting.result();
  EXPECT_EQ(h.calls.size(), 1u);
  put_all(p, items);
}

TEST(Shortage, WantOfMemoryAsksToo) {
  test_source source;
  hook_of_test h;
  pool p(cached(source, h));
  std::vector<void*> items = get_n(p, 100);
  source.fail_now();
  h.act = [&](pool& self, shortage) {
    if (items.empty()) return;
    self.put(items.back());
    items.pop_back();
  };
  std::size_t n = 0;
  for (; n < 300; ++n)
    if (void* const item = p.try_get()) {
      items.insert(items.begin(), item);
    } else {
      break;
    }
  EXPECT_FALSE(h.calls.empty());
  for (const shortage why : h.calls) EXPECT_EQ(why, shortage::page_source);
  h.act = {};
  put_all(p, items);
}

// One pool's hook is short in another, whose hook is short in the first.
TEST(Shortage, HooksNestAcrossPoolsAndStopAtTheirOwn) {
  test_source source;
  hook_of_test of_a, of_b;
  pool a(cached(source, of_a)), b(cached(source, of_b));
  std::vector<void*> as = get_n(a, limit), bs = get_n(b, limit);
  of_a.act = [&](pool&, shortage) {
    EXPECT_EQ(b.try_get(), nullptr);
    a.put(as.back());
    as.pop_back();
  };
  of_b.act = [&](pool& self, shortage) {
    EXPECT_EQ(a.try_get(), nullptr) << "its hook is running, so it is not asked again";
    EXPECT_EQ(self.try_get(), nullptr);
  };

  void* const item = a.try_get();

  EXPECT_NE(item, nullptr);
  EXPECT_EQ(of_a.calls.size(), 1u);
  EXPECT_EQ(of_b.calls.size(), 1u);
  a.put(item);
  of_a.act = of_b.act = {};
  put_all(a, as);
  put_all(b, bs);
}

// "Never a null" cannot be kept there; "more than the limit" is an exception everywhere.
TEST(Shortage, PoolsOwnGetsInItsHookFailOrThrowAndChangeNothing) {
  test_source source;
  hook_of_test h;
  pool p(cached(source, h));
  std::vector<void*> items = get_n(p, limit);
  bool threw = false;
  h.act = [&](pool& self, shortage) {
    void* some[2];
    EXPECT_EQ(self.try_get(), nullptr);
    EXPECT_EQ(self.try_get_for(1h), nullptr) << "it would wait for itself";
    EXPECT_FALSE(self.try_get_bulk(some));
    std::vector<void*> too_many(limit + 1);
    try {
      static_cast<void>(self.try_get_bulk(too_many));
    } catch (const std::invalid_argument&) {
      threw = true;
    }
  };

  EXPECT_EQ(p.try_get(), nullptr);

  EXPECT_TRUE(threw);
  EXPECT_EQ(h.calls.size(), 1u);
  EXPECT_EQ(p.stats().out, limit);
  h.act = {};
  put_all(p, items);
  EXPECT_EQ(p.check(), "");
}

TEST(Shortage, HookMayTakeItselfAway) {
  test_source source;
  hook_of_test h;
  pool p(cached(source, h));
  std::vector<void*> items = get_n(p, limit);
  h.act = [](pool& self, shortage) { self.set_shortage_hook({}); };

  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(p.try_get(), nullptr);

  EXPECT_EQ(h.calls.size(), 1u);
  put_all(p, items);
}

}  // namespace
}  // namespace pool9::test
