// SPDX-License-Identifier: BSD-2-Clause
// G5 under memory pressure: hooks are asked, and everything idle goes back at once, down to reserve
// and low watermark.
#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>

#include "pools.hpp"
#include "stress/sanitized.hpp"
#include "support/child.hpp"
#include "support/housekeeping.hpp"
#include "support/news.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

/// Four items a page, and idle for so long that no test sees it.
pool_options keeping(page_source& source) {
  pool_options o = four_a_page(source);
  o.idle_time = 1h;
  return o;
}

bool falls_to(const test_source& source, std::size_t n) {
  return run_until([&] { return source.live_pages() == n; }, 10s);
}

/// A hook that counts its calls and runs a function of the test.
struct counting_hook {
  std::function<void(pool&)> act;
  std::atomic<int> n_calls{0};
  std::atomic<shortage> why{shortage::hard_limit};
  shortage_hook hook() {
    return {[](void* self, pool& p, shortage reason) noexcept {
              auto& h = *static_cast<counting_hook*>(self);
              h.why = reason;
              if (h.act) h.act(p);
              ++h.n_calls;
            },
            this};
  }
};

TEST(MemoryPressure, EverythingIdleGoesBackDownToReserveAndLowWatermark) {
  test_source a, b, c;
  pool plain(keeping(a)), primed(keeping(b)), low(keeping(c));
  ASSERT_TRUE(primed.prime(9));
  low.set_low_watermark(5);
  for (pool* p : {&plain, &primed, &low}) {
    std::vector<void*> items = get_n(*p, 40);
    put_all(*p, items);
  }
  const news n;

  n.tell();

  EXPECT_TRUE(falls_to(a, 0));
  EXPECT_TRUE(falls_to(b, 3)) << "pages for 9 items";
  EXPECT_TRUE(falls_to(c, 2)) << "pages for 5 items";
  b.fail_now();
  std::vector<void*> items = get_n(primed, 9);
  put_all(primed, items);
  for (pool* p : {&plain, &primed, &low}) EXPECT_EQ(p->check(), "");
}

TEST(MemoryPressure, WhatSleepingThreadsHaveCachedGoesBack) {
  test_source source;
  pool p(keeping(source));
  gate cached, end;
  std::deque<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      std::vector<void*> items = get_n(p, 200);
      put_all(p, items);
      cached.pass();
      end.pass();
    });
  cached.await(4);
  cached.open();
  ASSERT_GT(p.stats().cached, 0u);
  const news n;

  n.tell();

  EXPECT_TRUE(falls_to(source, 0));
  end.open();
  for (auto& t : threads) t.join();
  EXPECT_EQ(p.check(), "");
}

TEST(MemoryPressure, PoolsThatAreNeverIdleGiveBackToo) {
  test_source source;
  pool p(four_a_page(source));
  pool other({.name = "other", .item_size = 64});  // somebody has to listen
  other.put(other.get());
  p.put(p.get());
  const news n;

  n.tell();

  EXPECT_TRUE(falls_to(source, 0));
}

TEST(MemoryPressure, ItemsThatAreOutStayAndWaitersKeepTheirPlaces) {
  test_source source;
  pool_options o = keeping(source);
  o.hard_limit = 2;
  pool p(o);
  std::vector<void*> held = get_n(p, 2);
  task<void*> waiting([&] { return p.get(); });
  await_waiters(p, 1);
  const news n;

  n.tell();

  ASSERT_TRUE(run_until([&] { return n.is_heard(); }));
  EXPECT_EQ(source.live_pages(), 1u);
  p.put(held.back());
  EXPECT_EQ(waiting.result(), held.back());
  put_all(p, held);
}

TEST(MemoryPressure, HooksAreAskedBeforePagesGo) {
  test_source a, b;
  pool first(keeping(a)), second(keeping(b));
  std::vector<void*> of_first = get_n(first, 8), of_second = get_n(second, 8);
  counting_hook h;
  h.act = [&](pool& p) {
    EXPECT_EQ(&p, &second);
    EXPECT_EQ(p.check(), "") << "no lock is held";
    put_all(first, of_first);  // which stands before it in the registry
    put_all(second, of_second);
  };
  second.set_shortage_hook(h.hook());
  const news n;

  n.tell();

  EXPECT_TRUE(falls_to(a, 0) && falls_to(b, 0));
  EXPECT_EQ(h.n_calls, 1);
  EXPECT_EQ(h.why, shortage::memory_pressure);
}

TEST(MemoryPressure, HookAloneIsReasonEnoughToListen) {
  test_source source;
  counting_hook h;
  pool_options o = keeping(source);
  o.on_shortage = h.hook();
  pool p(o);
  void* const item = p.get();
  const news n;

  n.tell();

  EXPECT_TRUE(run_until([&] { return h.n_calls == 1; }));
  EXPECT_NE(detail::housekeeping::keeper, detail::housekeeping::nobody);
  p.put(item);
}

TEST(MemoryPressure, HookMayDestroyAnotherPool) {
  test_source source;
  auto before = std::make_unique<pool>(keeping(source));
  pool p(keeping(source));
  auto behind = std::make_unique<pool>(keeping(source));
  for (pool* each : {before.get(), &p, behind.get()}) each->put(each->get());
  counting_hook h;
  h.act = [&](pool&) {
    before.reset();
    behind.reset();
  };
  p.set_shortage_hook(h.hook());

  static_cast<void>(relieve_memory_pressure());

  EXPECT_EQ(h.n_calls, 1);
  EXPECT_EQ(before, nullptr);
  EXPECT_EQ(source.live_pages(), 0u);
}

TEST(MemoryPressure, NoHookRunsOnceItsPoolIsDestroyed) {
  test_source source;
  const news n;
  for (int i = 0; i < 20; ++i) {
    counting_hook h;
    pool_options o = keeping(source);
    o.on_shortage = h.hook();
    std::atomic<bool> lives{true};
    h.act = [&](pool&) { EXPECT_TRUE(lives); };
    {
      pool p(o);
      p.put(p.get());
      task<bool> presser([] { return relieve_memory_pressure() != 0; });
      if (i % 2 == 0) static_cast<void>(presser.result());
      static_cast<void>(p.close());
      lives = false;
    }
  }
}

// "Where PSI is missing, the same by a call."
TEST(MemoryPressure, CallDoesTheSame) {
  test_source source;
  pool p(four_a_page(source));
  std::vector<void*> held = get_n(p, 8);
  counting_hook h;
  h.act = [&](pool& self) {
    put_all(p, held);
    EXPECT_EQ(relieve_memory_pressure(), 0u) << "asks no hooks here, and leaves its own pool alone";
    EXPECT_EQ(self.reclaim(), 0u);
  };
  p.set_shortage_hook(h.hook());

  EXPECT_EQ(relieve_memory_pressure(), 8192u);

  EXPECT_EQ(h.n_calls, 1);
  EXPECT_EQ(source.live_pages(), 0u);
  p.put(p.get());
  EXPECT_EQ(reclaim_all(), 4096u);
  EXPECT_EQ(h.n_calls, 1) << "a reclaim asks nobody";
}

// The kernel may speak a hundred times a second.
TEST(MemoryPressure, StormIsAnsweredTenTimesASecond) {
  test_source source;
  counting_hook h;
  pool_options o = keeping(source);
  o.on_shortage = h.hook();
  pool p(o);
  p.put(p.get());
  const news n;
  const auto start = std::chrono::steady_clock::now();

  while (std::chrono::steady_clock::now() - start < 250ms) {
    n.tell();
    std::this_thread::sleep_for(1ms);
  }

  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(h.n_calls, 1);
  EXPECT_LE(h.n_calls, took / 100ms + 1);
  EXPECT_TRUE(run_until([&] { return n.is_heard(); })) << "the last news, too";
}

// As a daemon does: a thread that slept there can be woken no more, and another has to take over.
TEST(MemoryPressure, HousekeepingSurvivesThatAllDescriptorsAreClosed) {
  test_source source;
  pool_options o = four_a_page(source);
  o.idle_time = 10ms;
  pool p(o);
  const news n;
  p.put(p.get());
  ASSERT_TRUE(falls_to(source, 0));
  for (int fd = 3; fd < 1024; ++fd)
    if (fd != n.descriptor() && fcntl(fd, F_GETFD) != -1) close(fd);

  p.put(p.get());

  EXPECT_TRUE(falls_to(source, 0));
  n.tell();
  EXPECT_TRUE(run_until([&] { return n.is_heard(); }));
}

#if !defined(POOL9_TEST_THREAD_SANITIZED)
TEST(MemoryPressure, ChildOfAForkListensToo) {
  test_source source;
  pool p(keeping(source));
  p.put(p.get());
  await_housekeeping();
  EXPECT_TRUE(in_child([&] {
    const news n;
    std::vector<void*> items = get_n(p, 8);
    put_all(p, items);
    n.tell();
    return POOL9_HOLDS(falls_to(source, 0));
  }));
}
#endif

}  // namespace
}  // namespace pool9::test
