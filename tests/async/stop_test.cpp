// SPDX-License-Identifier: BSD-2-Clause
// co_await async_get(pool, stop_token): an item or none, once, whoever comes first.
#include "coroutines.hpp"

#if defined(__cpp_lib_jthread)
namespace pool9::test {
namespace {

struct outcome {
  pooled_item item;
  bool is_there = false;
};

detached get_unless(pool& p, std::stop_token stop, outcome& o) {
  o.item = co_await async_get(p, std::move(stop));
  o.is_there = true;
}
owned get_unless_owned(pool& p, std::stop_token stop, outcome& o) {
  o.item = co_await async_get(p, std::move(stop));
  o.is_there = true;
}

TEST(StoppableGet, ResumesWithoutAnItemWhenStopped) {
  pool p(few(1));
  pooled_item held(p.get(), {&p});
  std::stop_source stop;
  outcome first, second;
  get_unless(p, stop.get_token(), first);
  get_unless(p, {}, second);
  EXPECT_FALSE(first.is_there);

  stop.request_stop();

  EXPECT_TRUE(first.is_there);
  EXPECT_EQ(first.item, nullptr);
  held.reset();
  EXPECT_NE(second.item, nullptr) << "a stopped get swallows nothing";
}

TEST(StoppableGet, DoesNotWaitWhenStoppedBefore) {
  pool p(few(1));
  std::stop_source stop;
  stop.request_stop();
  outcome there, not_there;

  get_unless(p, stop.get_token(), there);
  get_unless(p, stop.get_token(), not_there);

  EXPECT_NE(there.item, nullptr);
  EXPECT_TRUE(not_there.is_there);
  EXPECT_EQ(not_there.item, nullptr);
}

TEST(StoppableGet, IsDeafToAStopAfterItWasServed) {
  pool p(few(1));
  pooled_item held(p.get(), {&p});
  std::stop_source stop;
  outcome o;
  get_unless(p, stop.get_token(), o);
  held.reset();

  stop.request_stop();

  EXPECT_NE(o.item, nullptr);
  EXPECT_EQ(p.stats().cancels, 0u);
}

TEST(StoppableGet, MayBeDestroyedWhileItWaits) {
  pool p(few(1));
  pooled_item held(p.get(), {&p});
  std::stop_source stop;
  outcome o;
  owned waits = get_unless_owned(p, stop.get_token(), o);

  waits.destroy();
  stop.request_stop();
  held.reset();

  EXPECT_FALSE(o.is_there);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(StoppableGet, StopThatServesAnotherMayHaveItsOwnCoroutineDestroyed) {
  pool p(few(0));
  std::stop_source stop;
  outcome o;
  std::unique_ptr<owned> stopped;
  // Both are served by one call; the first stops the second, whose item serves the third, which
  // destroys the second while its stop is still being made.
  std::thread stopper;
  gate in_first, go_on;
  const auto first = [&]() -> detached {
    const pooled_item item = co_await async_get(p);
    in_first.open();
    go_on.pass();
  };
  const auto third = [&]() -> detached {
    const pooled_item item = co_await async_get(p);
    stopped.reset();
  };
  first();
  stopped = std::make_unique<owned>(get_unless_owned(p, stop.get_token(), o));
  third();
  std::thread raiser([&] { EXPECT_TRUE(p.set_hard_limit(2)); });
  in_first.pass();

  stop.request_stop();

  EXPECT_EQ(stopped, nullptr);
  EXPECT_FALSE(o.is_there);
  go_on.open();
  raiser.join();
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(StoppableGet, StopAgainstPutResumesOnceAndLosesNothing) {
  pool p(few(1));
  int n_served = 0, n_stopped = 0;
  for (int i = 0; i < (sanitized ? 1500 : 4000); ++i) {
    pooled_item held(p.get(), {&p});
    std::stop_source stop;
    std::atomic<int> n_resumed{0};
    const auto wait = [&]() -> detached {
      const pooled_item item = co_await async_get(p, stop.get_token());
      ++(item != nullptr ? n_served : n_stopped);
      ++n_resumed;
    };
    meeting all(2);
    wait();
    std::thread putter([&] {
      all.meet();
      held.reset();
    });
    all.meet();
    stop.request_stop();
    putter.join();
    ASSERT_EQ(n_resumed, 1);
    ASSERT_EQ(p.stats().out, 0u);
  }
  EXPECT_EQ(p.check(), "");
  RecordProperty("served", n_served);
  RecordProperty("stopped", n_stopped);
}

TEST(StoppableGet, BeginsWhileItIsBeingServedAndStopped) {
  pool p(few(1));
  for (int i = 0; i < (sanitized ? 1000 : 3000); ++i) {
    pooled_item held(p.get(), {&p});
    std::stop_source stop;
    std::atomic<int> n_resumed{0};
    const auto wait = [&]() -> detached {
      const pooled_item item = co_await async_get(p, stop.get_token());
      ++n_resumed;
    };
    meeting all(3);
    std::thread putter([&] {
      all.meet();
      held.reset();
    });
    std::thread stopper([&] {
      all.meet();
      stop.request_stop();
    });
    all.meet();
    wait();
    putter.join();
    stopper.join();
    ASSERT_EQ(n_resumed, 1);
    ASSERT_EQ(p.stats().out, 0u);
  }
}

}  // namespace
}  // namespace pool9::test
#endif
