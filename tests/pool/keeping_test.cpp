// SPDX-License-Identifier: BSD-2-Clause
// Who keeps house, and when: a thread that sleeps while there is nothing to return, a later thread
// when none is to be had, or the program by hand.
#include <sys/resource.h>
#include <unistd.h>

#include <deque>

#include "pool/housekeeping.hpp"
#include "pools.hpp"
#include "support/child.hpp"
#include "support/news.hpp"
#include "support/page_ladder.hpp"
#include "support/threads.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;
namespace hk = detail::housekeeping;

constexpr auto idle_time = 20ms;

pool_options idling(page_source& source) {
  pool_options o = four_a_page(source);
  o.idle_time = idle_time;
  return o;
}

bool falls_to(const test_source& source, std::size_t n) {
  return run_until([&] { return source.live_pages() == n; }, 10s);
}

/// Sees that housekeeping comes to rest, and then that nothing wakes it up.
void expect_rest() {
  std::uint64_t before = 0;
  const bool rests = run_until([&] {
    before = hk::n_wakeups();
    std::this_thread::sleep_for(4 * idle_time);
    return hk::n_wakeups() == before;
  });
  EXPECT_TRUE(rests) << "housekeeping never rests";
  std::this_thread::sleep_for(4 * idle_time);
  EXPECT_EQ(hk::n_wakeups(), before);
}

// ---- Rest

TEST(HousekeepingRest, NothingWakesUpWhenEverythingWasReturned) {
  test_source source;
  pool p(idling(source));
  std::vector<void*> items = get_n(p, 40);
  put_all(p, items);
  ASSERT_TRUE(falls_to(source, 0));
  const news n;  // with descriptors, too

  expect_rest();
}

TEST(HousekeepingRest, NothingWakesUpWhileFloorsKeepWhatIsIdle) {
  test_source a, b, c;
  pool_options o = idling(c);
  o.low_watermark = 4;
  o.thread_cache = false;
  pool primed(idling(a)), low(idling(b)), at_hand(o);
  ASSERT_TRUE(primed.prime(8));
  low.set_low_watermark(8);
  for (pool* p : {&primed, &low}) {
    std::vector<void*> items = get_n(*p, 20);
    put_all(*p, items);
  }
  std::vector<void*> held = get_n(at_hand, 16);  // and an empty page at hand, which must stay
  ASSERT_TRUE(falls_to(a, 2) && falls_to(b, 2));

  expect_rest();

  EXPECT_EQ(at_hand.stats().idle_pages, 1u);
  EXPECT_EQ(at_hand.check(), "");
  put_all(at_hand, held);
  EXPECT_TRUE(falls_to(c, 1));
}

// What a pool at the edge of its low watermark must not miss.
TEST(HousekeepingRest, PutThatMakesAPageSuperfluousEndsIt) {
  for (const bool cached : {false, true}) {
    test_source source;
    pool_options o = idling(source);
    o.low_watermark = 4;
    o.thread_cache = cached;
    pool p(o);
    std::vector<void*> items = get_n(p, 16);
    for (int i = 0; i < 4; ++i) {  // a page is empty, and four are to be at hand
      p.put(items.back());
      items.pop_back();
    }
    expect_rest();
    const std::size_t before = source.live_pages();

    for (int i = 0; i < 6; ++i) {  // one of each page, which empties none
      p.put(items[static_cast<std::size_t>(i) * 2]);
      items[static_cast<std::size_t>(i) * 2] = nullptr;
    }

    EXPECT_TRUE(run_until([&] { return source.live_pages() < before; }, 10s));
    EXPECT_GE(p.stats().free + p.stats().cached, 4u);
    for (void* item : items)
      if (item != nullptr) p.put(item);
    EXPECT_EQ(p.check(), "");
  }
}

TEST(HousekeepingRest, NothingWakesUpWhileEverythingIsOut) {
  test_source source;
  pool p(idling(source));
  std::vector<void*> items = get_n(p, 40);

  expect_rest();

  put_all(p, items);
  EXPECT_TRUE(falls_to(source, 0));
}

TEST(HousekeepingRest, AFewWakeUpsReturnWhatOnePutLeft) {
  test_source source;
  pool p(idling(source));
  p.put(p.get());
  ASSERT_TRUE(falls_to(source, 0));
  expect_rest();
  const std::uint64_t before = hk::n_wakeups();

  p.put(p.get());
  ASSERT_TRUE(falls_to(source, 0));
  expect_rest();

  EXPECT_LE(hk::n_wakeups() - before, 8u) << "half an idle time each, and the rings";
}

// "Also what was put into magazines unseen."
TEST(HousekeepingMagazines, WhatSleepingThreadsPutUnseenGoesBackWithinThreeIdleTimes) {
  test_source source;
  pool_options o = idling(source);
  o.idle_time = 200ms;
  pool p(o);
  gate got, put, asleep, end;
  std::deque<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      std::vector<void*> items = get_n(p, 60);
      got.pass();
      put.pass();
      put_all(p, items);
      asleep.pass();
      end.pass();
    });
  got.await(8);
  got.open();
  std::this_thread::sleep_for(300ms);  // the magazines are idle, or recalled already
  put.open();
  asleep.await(8);
  const auto start = std::chrono::steady_clock::now();
  asleep.open();

  EXPECT_TRUE(falls_to(source, 0)) << source.live_pages();

  EXPECT_LT(std::chrono::steady_clock::now() - start, 600ms + 5s) << "5 s for a busy machine";
  end.open();
  for (auto& t : threads) t.join();
}

// ---- By hand

/// The program keeps house while this lives.
struct by_hand {
  by_hand() {
    set_housekeeping(housekeeping::by_hand);
    EXPECT_TRUE(run_until([] { return n_threads_named("pool9") == 0; })) << "its thread ends";
  }
  ~by_hand() { set_housekeeping(housekeeping::by_thread); }
};

TEST(HousekeepingByHand, NothingHappensUntilItIsCalled) {
  test_source source;
  pool p(idling(source));
  const by_hand hand;
  std::vector<void*> items = get_n(p, 40);
  put_all(p, items);

  std::this_thread::sleep_for(4 * idle_time);

  EXPECT_EQ(source.live_pages(), 10u);
  EXPECT_EQ(n_threads_named("pool9"), 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(HousekeepingByHand, CallsReturnWhenTheNextIsDue) {
  test_source source;
  pool p(idling(source));
  const by_hand hand;
  EXPECT_EQ(keep_house(), pool::clock::time_point::max());
  std::vector<void*> items = get_n(p, 40);
  put_all(p, items);
  const auto emptied = pool::clock::now();

  int n = 0;
  for (auto next = keep_house(); next != pool::clock::time_point::max(); next = keep_house()) {
    EXPECT_LE(next, pool::clock::now() + idle_time);
    std::this_thread::sleep_until(next);
    ASSERT_LT(++n, 10);
  }

  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_LT(pool::clock::now() - emptied, 3 * idle_time + 5s);
  EXPECT_EQ(p.check(), "");
}

// "Each tick gives back the smallest number of empty pages that the pool had since the last one."
TEST(HousekeepingByHand, WhatWasNeededSinceTheLastLookStays) {
  test_source source;
  pool_options o = idling(source);
  o.thread_cache = false;
  pool p(o);
  const by_hand hand;
  const auto use = [&p](std::size_t n) {
    std::vector<void*> items = get_n(p, n);
    put_all(p, items);
  };
  const auto look = [] {
    std::this_thread::sleep_for(idle_time);
    static_cast<void>(keep_house());
  };
  use(40);
  look();  // hardly any was empty when the interval began
  ASSERT_GT(source.live_pages(), 6u);
  use(24);

  look();

  EXPECT_EQ(source.live_pages(), 6u);
  look();
  EXPECT_EQ(source.live_pages(), 0u);
}

TEST(HousekeepingByHand, WhoComesWhileAnotherReturnsPagesReturnsNoMore) {
  constexpr auto long_time = 2s;
  test_source source;
  pool_options o = idling(source);
  o.idle_time = long_time;
  o.thread_cache = false;
  pool p(o);
  const by_hand hand;
  std::atomic<bool> comes{true};
  source.before_release([&] {
    if (comes.exchange(false)) std::thread([] { static_cast<void>(keep_house()); }).join();
  });
  std::vector<void*> items = get_n(p, 40);
  put_all(p, items);  // one page was empty when the interval began
  std::this_thread::sleep_until(keep_house());
  const auto due = pool::clock::now();

  static_cast<void>(keep_house());

  if (pool::clock::now() < due + long_time / 2) {
    EXPECT_EQ(source.live_pages(), 9u);
  }
  EXPECT_FALSE(comes);
}

TEST(HousekeepingByHand, ThreadsMayCallItAtOnce) {
  test_source source;
  pool p(idling(source));
  const by_hand hand;
  std::deque<std::thread> threads;
  std::atomic<bool> stop{false};
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      while (!stop) static_cast<void>(keep_house());
    });
  for (int i = 0; i < 20; ++i) {
    std::vector<void*> items = get_n(p, 40);
    put_all(p, items);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(falls_to(source, 0));
  stop = true;
  for (auto& t : threads) t.join();
}

TEST(HousekeepingByHand, HungryCallbacksAreFed) {
  test_source source;
  pool p(idling(source));
  const by_hand hand;
  source.fail_now();
  noting_waiter w;
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  source.succeed();

  EXPECT_TRUE(run_until([&] {
    static_cast<void>(keep_house());
    return w.item != nullptr;
  }));
  p.put(w.item);
}

// "Asks the source again, with a growing pause": 1, 2, 4 milliseconds...
TEST(HousekeepingByHand, HungryCallbacksAskLessAndLess) {
  test_source source;
  pool p(idling(source));
  const by_hand hand;
  source.fail_now();
  noting_waiter w;
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  const std::size_t n_before = source.n_calls();

  const auto end = pool::clock::now() + 500ms;
  while (pool::clock::now() < end) std::this_thread::sleep_until(std::min(keep_house(), end));

  EXPECT_LE(source.n_calls() - n_before, 12u);
  EXPECT_TRUE(p.cancel(w));
}

TEST(HousekeepingByHand, MayBeCalledFromASourceAndAHook) {
  test_source source;
  pool p(idling(source));
  const by_hand hand;
  source.before_release([] { static_cast<void>(keep_house()); });
  std::vector<void*> items = get_n(p, 40);
  put_all(p, items);
  EXPECT_TRUE(run_until([&] { return keep_house() == pool::clock::time_point::max(); }));
  EXPECT_EQ(source.live_pages(), 0u);
  source.before_release({});
}

TEST(HousekeepingByHand, ThreadTakesUpWhatIsDue) {
  test_source source;
  pool p(idling(source));
  {
    const by_hand hand;
    std::vector<void*> items = get_n(p, 40);
    put_all(p, items);
  }
  EXPECT_TRUE(falls_to(source, 0));
  EXPECT_TRUE(run_until([&] { return n_threads_named("pool9") == 1; }));
}

TEST(HousekeepingByHand, EachTurnOfTheSwitchLeavesOneThread) {
  test_source source;
  pool p(idling(source));
  for (int i = 0; i < 50; ++i) {
    set_housekeeping(housekeeping::by_hand);
    p.put(p.get());
    set_housekeeping(housekeeping::by_thread);
    p.put(p.get());
  }
  EXPECT_TRUE(falls_to(source, 0));
  EXPECT_TRUE(run_until([&] { return n_threads_named("pool9") <= 1; }));
}

// ---- No thread to be had, and forks

// The thread sanitizer starts a thread of its own, and allows no others, in such a child.
#if !defined(POOL9_TEST_THREAD_SANITIZED)
bool set_threads(rlim_t n) {
  rlimit r{};
  if (getrlimit(RLIMIT_NPROC, &r) != 0) return false;
  r.rlim_cur = std::min(n, r.rlim_max);
  return setrlimit(RLIMIT_NPROC, &r) == 0;
}

TEST(HousekeepingWithoutAThread, IsTriedAgainLater) {
  test_source source;
  pool p(idling(source));
  EXPECT_TRUE(in_child([&] {
    constexpr uid_t nobody = 65534;  // the limit is none for root
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) return false;
    if (!set_threads(0)) return false;
    std::vector<void*> items = get_n(p, 40);
    put_all(p, items);
    p.put(p.get());
    if (hk::is_kept() || n_threads_named("pool9") != 0) return false;
    std::this_thread::sleep_for(2ms);
    if (!set_threads(RLIM_INFINITY)) return false;
    items = get_n(p, 400);  // more than a magazine holds, so that the pool is visited
    put_all(p, items);
    return p.check().empty() && falls_to(source, 0);
  }));
}

TEST(HousekeepingByHand, StaysSoInTheChildOfAFork) {
  test_source source;
  pool p(idling(source));
  const by_hand hand;
  EXPECT_TRUE(in_child([&] {
    p.put(p.get());
    std::this_thread::sleep_for(4 * idle_time);
    if (source.live_pages() != 1 || n_threads_named("pool9") != 0) return false;
    return run_until([] { return keep_house() == pool::clock::time_point::max(); }) &&
           source.live_pages() == 0;
  }));
}
#endif

}  // namespace
}  // namespace pool9::test
