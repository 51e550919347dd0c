// SPDX-License-Identifier: BSD-2-Clause
// G4: first come, first served.  Threads and callbacks wait in one line; nobody overtakes, nothing
// is swallowed by one who gives up, and callbacks never nest.
#include <pthread.h>

#include <cerrno>
#include <deque>
#include <memory>

#include "cores.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

pool_options one_out(const char* name = "one") {
  return {.name = name, .item_size = 64, .hard_limit = 1, .idle_time = never_idle};
}

/// Runs `f` in a thread with the smallest stack that makes sense.
void on_a_small_stack(void (*f)(void*), void* context) {
  struct start {
    void (*f)(void*);
    void* context;
  } s{f, context};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread{};
  const auto run = [](void* p) -> void* {
    const start& it = *static_cast<start*>(p);
    it.f(it.context);
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &s), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

struct chain {
  static constexpr int length = 100'000;
  pool p{one_out("chain")};
  int n_called = 0, depth = 0, most_deep = 0;

  struct link final : waiter {
    explicit link(chain& c) noexcept
        : waiter([](waiter& w, void* item) noexcept {
            chain& all = static_cast<link&>(w).all_;
            all.most_deep = std::max(all.most_deep, ++all.depth);
            ++all.n_called;
            all.p.put(item);
            --all.depth;
          }),
          all_(c) {}

   private:
    chain& all_;
  };
  void run() {
    std::deque<link> links;
    void* const item = p.get();
    for (int i = 0; i < length; ++i)
      EXPECT_EQ(p.get_or_enqueue(links.emplace_back(*this)), nullptr);
    p.put(item);
  }
};

TEST(Waiting, ChainOfCallbacksThatPutNestsNoDeeper) {
  chain c;

  on_a_small_stack([](void* context) { static_cast<chain*>(context)->run(); }, &c);

  EXPECT_EQ(c.n_called, chain::length);
  EXPECT_EQ(c.most_deep, 1);
  EXPECT_EQ(c.p.stats().out, 0u);
}

TEST(Waiting, ThreadsAndCallbacksAreServedInOneOrder) {
  pool p(one_out());
  void* const first = p.get();
  std::vector<int> order;  // whoever holds the item may write
  const auto take_turn = [&](int who, void* item) {
    order.push_back(who);
    p.put(item);
  };
  const auto callback = [&](int who) {
    return [&take_turn, who](waiter&, void* item) { take_turn(who, item); };
  };
  std::deque<calling_waiter<decltype(callback(0))>> callbacks;
  std::deque<std::thread> threads;

  for (int who = 0; who < 24; ++who) {
    if (who % 3 == 0) {
      threads.emplace_back([&, who] { take_turn(who, p.get()); });
    } else {
      EXPECT_EQ(p.get_or_enqueue(callbacks.emplace_back(callback(who))), nullptr);
    }
    await_waiters(p, static_cast<std::size_t>(who) + 1);
  }
  p.put(first);
  for (std::thread& t : threads) t.join();

  ASSERT_TRUE(run_until([&] { return p.stats().puts == 25; }));
  ASSERT_EQ(order.size(), 24u);
  for (int who = 0; who < 24; ++who) EXPECT_EQ(order[static_cast<std::size_t>(who)], who);
}

TEST(Waiting, ItemsGatherForTheBulkWaiterAtTheHead) {
  pool p({.name = "bulk", .item_size = 64, .hard_limit = 4, .idle_time = never_idle});
  std::vector<void*> held = get_n(p, 4);
  task<bool> bulk([&] {
    std::vector<void*> items(3);
    p.get_bulk(items);
    p.put_bulk(items);
    return true;
  });
  await_waiters(p, 1);

  p.put(held[0]);
  p.put(held[1]);

  EXPECT_EQ(p.try_get(), nullptr) << "free items belong to the queue";
  EXPECT_EQ(p.stats().free, p.stats().total - 2);
  noting_waiter behind;
  EXPECT_EQ(p.get_or_enqueue(behind), nullptr);
  EXPECT_EQ(behind.item, nullptr);
  p.put(held[2]);
  EXPECT_TRUE(bulk.result());
  p.put(behind.wait_for_item());
  p.put(held[3]);
  EXPECT_EQ(p.check(), "");
}

/// One item is free, a bulk get waits for two until its time is up, a callback comes behind it.
/// Returns false if the callback came too late to queue.
bool gives_way_in_time(std::chrono::milliseconds patience_of_bulk) {
  pool p({.name = "bulk", .item_size = 64, .hard_limit = 4, .idle_time = never_idle});
  std::vector<void*> held = get_n(p, 3);
  task<bool> bulk([&] {
    std::vector<void*> items(2);
    return p.try_get_bulk_for(items, patience_of_bulk);
  });
  if (!run_until([&] { return p.stats().waits == 1; })) give_up("a bulk get does not wait");
  noting_waiter behind;
  void* const at_once = p.get_or_enqueue(behind);

  EXPECT_FALSE(bulk.result());
  p.put(at_once != nullptr ? at_once : behind.wait_for_item());
  EXPECT_EQ(p.stats().timeouts, 1u);
  put_all(p, held);
  return at_once == nullptr;
}

TEST(Waiting, BulkWaiterThatGivesUpLetsTheOthersThrough) {
  std::chrono::milliseconds patience_of_bulk = 30ms;
  while (!gives_way_in_time(patience_of_bulk)) patience_of_bulk *= 4;
}

#if defined(__cpp_lib_jthread)
TEST(Waiting, StopRequestEndsTheWaitAndSwallowsNothing) {
  pool p(one_out());
  void* const item = p.get();
  std::stop_source stop;
  task<void*> waiting([&] { return p.try_get_until(stop.get_token()); });
  await_waiters(p, 1);
  noting_waiter behind;
  EXPECT_EQ(p.get_or_enqueue(behind), nullptr);

  stop.request_stop();

  EXPECT_EQ(waiting.result(), nullptr);
  EXPECT_EQ(p.stats().cancels, 1u);
  p.put(item);
  EXPECT_EQ(behind.item, item);
  EXPECT_EQ(p.try_get_until(stop.get_token()), nullptr) << "stopped before it began to wait";
  EXPECT_EQ(p.check(), "") << "nobody waits any more";
  EXPECT_EQ(p.try_get_until(pool::clock::now() + 10ms, std::stop_token()), nullptr);
  p.put(item);
}

TEST(Waiting, StopAgainstPutLosesNothing) {
  pool p(one_out());
  for (int i = 0; i < 500; ++i) {
    void* const item = p.get();
    std::stop_source stop;
    std::thread waiting([&] {
      if (void* const got = p.try_get_until(stop.get_token())) p.put(got);
    });
    await_waiters(p, 1);
    std::thread stopper([&] { stop.request_stop(); });
    p.put(item);
    stopper.join();
    waiting.join();
    ASSERT_EQ(p.stats().out, 0u);
    ASSERT_EQ(p.stats().waiters, 0u);
  }
}
#endif

TEST(Waiting, LimitBelowABulkWaitEndsItBeyondTheLimit) {
  pool p({.name = "bulk", .item_size = 64, .hard_limit = 4, .idle_time = never_idle});
  std::vector<void*> held = get_n(p, 2);
  task<bulk_outcome> tried([&] {
    std::vector<void*> items(3);
    return p.get_bulk(items, get_flags::waitok);
  });
  await_waiters(p, 1);
  task<bool> thrown([&] {
    std::vector<void*> items(3);
    try {
      p.get_bulk(items);  // promises to fill them
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  });
  await_waiters(p, 2);

  EXPECT_TRUE(p.set_hard_limit(2));

  EXPECT_EQ(tried.result(), bulk_outcome::beyond_limit);
  EXPECT_TRUE(thrown.result());
  put_all(p, held);
}

TEST(Waiting, RaisedLimitServesEverybodyItAdmits) {
  pool p({.name = "raise", .item_size = 64, .hard_limit = 0, .idle_time = never_idle});
  EXPECT_TRUE(p.prime(64));
  std::deque<task<void*>> threads;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&] { return p.get(); });
  await_waiters(p, 20);
  std::deque<noting_waiter> callbacks(20);
  for (auto& w : callbacks) EXPECT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_TRUE(p.set_hard_limit(39));

  for (auto& t : threads) p.put(t.result());
  for (auto& w : callbacks) p.put(w.wait_for_item());
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(Waiting, RaisedLimitMakesThoseWhoWaitedForItAskForMemory) {
  test_source source;
  pool_options o = four_a_page(source);
  o.hard_limit = 4;
  pool p(o);
  std::vector<void*> held = get_n(p, 4);
  task<void*> thread([&] { return p.get(); });
  await_waiters(p, 1);
  noting_waiter callback;
  EXPECT_EQ(p.get_or_enqueue(callback), nullptr);

  EXPECT_TRUE(p.set_hard_limit(6));  // no put ever comes

  held.push_back(thread.result());
  held.push_back(callback.wait_for_item());
  EXPECT_EQ(source.live_pages(), 2u);
  put_all(p, held);
}

TEST(Waiting, SourceThatRecoversServesThreadsAndCallbacksWithoutAnyCall) {
  test_source source;
  pool p(four_a_page(source));
  source.fail_now();
  noting_waiter callback;
  EXPECT_EQ(p.get_or_enqueue(callback), nullptr);
  task<void*> thread([&] { return p.get(); });
  await_waiters(p, 2);
  ASSERT_TRUE(run_until([&] { return p.stats().source_fails > 4; }));

  source.succeed();

  void* const item = callback.wait_for_item();
  p.put(thread.result());
  p.put(item);
}

TEST(Waiting, PageThatReturnsAnywhereWakesWhoLacksMemory) {
  test_source source;
  source.bound(1);
  pool rich(four_a_page(source)), poor(four_a_page(source));
  rich.put(rich.get());
  noting_waiter callback;
  EXPECT_EQ(poor.get_or_enqueue(callback), nullptr);

  EXPECT_NE(rich.reclaim(), 0u);

  EXPECT_NE(callback.item, nullptr) << "asked on the thread that gave the page back";
  poor.put(callback.wait_for_item());
}

TEST(Waiting, LimitfailWaitsForMemoryButNotForTheLimit) {
  test_source source;
  pool_options o = four_a_page(source);
  o.hard_limit = 1;
  pool p(o);
  source.fail_now();
  noting_waiter first;
  EXPECT_EQ(p.get_or_enqueue(first), nullptr);
  task<void*> second([&] { return p.get(get_flags::waitok | get_flags::limitfail); });
  await_waiters(p, 2);

  source.succeed();

  void* const item = first.wait_for_item();
  EXPECT_EQ(second.result(), nullptr) << "its turn has come, and the limit is reached";
  p.put(item);
}

TEST(Waiting, PrimeServesWhoWaits) {
  no_source source;
  pool p({.name = "prime", .item_size = 64, .source = &source});
  alignas(16) static std::byte storage[8192];
  noting_waiter w;
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_NE(p.prime(std::span(storage)), 0u);

  EXPECT_NE(w.item, nullptr);
  p.put(w.item);
}

// "A waiter that times out never swallows an item": one that comes when its time is over, but
// before it has left the line, is its own.
TEST(Waiting, ItemThatComesBetweenTheDeadlineAndGivingUpIsKept) {
  pool p(one_out());
  void* const item = p.get();
  detail::core& c = core_of(p);
  task<void*> late([&] { return p.try_get_for(1s); });
  await_waiters(p, 1);

  c.mutex.lock();  // without which it cannot leave
  std::this_thread::sleep_for(1100ms);
  c.put_under_lock(item, {});

  EXPECT_EQ(late.result(), item);
  p.put(item);
}

TEST(Waiting, IsNoCancellationPointOfPthreads) {
  pool p(one_out());
  void* const item = p.get();
  struct context {
    pool& p;
    std::atomic<void*> got{nullptr};
  } c{p};
  pthread_t thread{};
  const auto wait = [](void* a) -> void* {
    auto& it = *static_cast<context*>(a);
    it.got = it.p.get();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    it.p.put(it.got);
    return a;
  };
  ASSERT_EQ(pthread_create(&thread, nullptr, wait, &c), 0);
  await_waiters(p, 1);

  pthread_cancel(thread);
  p.put(item);
  void* result = nullptr;
  pthread_join(thread, &result);

  EXPECT_EQ(c.got, item);
  EXPECT_EQ(result, &c) << "the cancellation found no point to act at";
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(Waiting, LeavesErrnoAlone) {
  pool p(one_out());
  errno = 77;
  void* const item = p.get();
  EXPECT_EQ(p.try_get_for(1ms), nullptr);
  p.put(item);
  static_cast<void>(p.reclaim());
  EXPECT_EQ(errno, 77);
}

TEST(Waiting, DeadlineFarInThePastEndsAtOnce) {
  pool p(one_out());
  void* const item = p.get();

  task<void*> tried([&] { return p.try_get_until(pool::clock::time_point::min()); });
  const bool ended = run_until([&] { return tried.is_done(); }, 5s);

  EXPECT_TRUE(ended);
  if (!ended) await_waiters(p, 1);
  p.put(item);
  if (!ended) p.put(tried.result());
}

}  // namespace
}  // namespace pool9::test
