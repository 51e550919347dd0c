// SPDX-License-Identifier: BSD-2-Clause
// co_await async_get(pool): served in order, resumed without nesting, destroyed at any moment.
#include <malloc.h>
#include <pthread.h>

#include <cstdlib>
#include <memory>

#include "coroutines.hpp"

namespace pool9::test {
namespace {

detached keep(pool& p, pooled_item& where) { where = co_await async_get(p); }
owned keep_owned(pool& p, pooled_item& where) { where = co_await async_get(p); }

TEST(AsyncGet, TakesAnItemThatIsThereWithoutSuspending) {
  pool p(few(1));
  pooled_item item;

  keep(p, item);

  EXPECT_NE(item, nullptr);
  EXPECT_EQ(p.stats().waits, 0u);
  EXPECT_EQ(p.stats().fails, 0u);
}

TEST(AsyncGet, WaitsForAPutAndFailsAtNothing) {
  pool p(few(1));
  void* const first = p.get();
  pooled_item item;
  keep(p, item);
  EXPECT_EQ(item, nullptr);
  EXPECT_EQ(p.stats().waiters, 1u);

  p.put(first);

  EXPECT_EQ(item.get(), first);
  EXPECT_EQ(p.stats().waits, 1u);
  EXPECT_EQ(p.stats().fails, 0u) << "a get that waits has not failed";
}

struct line {
  pool p{few(1)};
  std::size_t n_served = 0;
  int depth = 0, deepest = 0;
  std::size_t wanted = sanitized ? 20'000 : 200'000;

  static detached take_turn(line& l) {
    pooled_item item = co_await async_get(l.p);
    l.deepest = std::max(l.deepest, ++l.depth);
    ++l.n_served;
    item.reset();  // serves the next, who must not run inside this
    --l.depth;
  }
  void run() {
    pooled_item first(p.get(), {&p});
    for (std::size_t i = 0; i < wanted; ++i) take_turn(*this);
    EXPECT_EQ(p.stats().waiters, wanted);
    first.reset();
  }
};

TEST(AsyncGet, ServesTwoHundredThousandOnASmallStackWithoutNesting) {
  line all;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (sanitized ? 512 : 64) * 1024);
  pthread_t thread{};
  const auto run = [](void* l) -> void* {
    static_cast<line*>(l)->run();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &all), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);

  EXPECT_EQ(all.n_served, all.wanted);
  EXPECT_EQ(all.deepest, 1);
  EXPECT_EQ(all.p.stats().out, 0u);
}

TEST(AsyncGet, DestroyedCoroutineLeavesTheQueue) {
  pool p(few(1));
  pooled_item held(p.get(), {&p}), never, later;
  owned dies = keep_owned(p, never);
  owned lives = keep_owned(p, later);

  dies.destroy();
  held.reset();

  EXPECT_EQ(never, nullptr);
  EXPECT_NE(later, nullptr);
  EXPECT_EQ(p.stats().cancels, 1u);
}

TEST(AsyncGet, CoroutineMayDestroyOneThatTheSameCallServed) {
  pool p(few(0));
  pooled_item never, third;
  std::unique_ptr<owned> second;
  const auto destroyer = [](pool& from, std::unique_ptr<owned>& other) -> detached {
    const pooled_item item = co_await async_get(from);
    other.reset();
  };
  destroyer(p, second);
  second = std::make_unique<owned>(keep_owned(p, never));
  keep(p, third);

  EXPECT_TRUE(p.set_hard_limit(2));

  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(never, nullptr);
  EXPECT_NE(third, nullptr);
  third.reset();
  EXPECT_EQ(p.stats().out, 0u);
}

/// Its frame lies in an array, so that what else is allocated shows.
struct framed {
  struct promise_type : detached::promise_type {
    framed get_return_object() noexcept { return {}; }
    static void* operator new(std::size_t n) {
      alignas(16) static std::byte frames[1 << 16];
      static std::size_t used = 0;
      void* const frame = frames + used;
      used += (n + 15) / 16 * 16;
      return used <= sizeof frames ? frame : throw std::bad_alloc();
    }
    static void operator delete(void*) noexcept {}
  };
};
framed get_and_put(pool& p) { const pooled_item item = co_await async_get(p); }

TEST(AsyncGet, AllocatesNothing) {
  pool p(few(1));
  pooled_item held(p.get(), {&p});
  const auto before = mallinfo2().uordblks;  // zero under sanitizers

  for (int i = 0; i < 10; ++i) get_and_put(p);
  EXPECT_EQ(p.stats().waiters, 10u);

  EXPECT_EQ(mallinfo2().uordblks, before);
  held.reset();
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(AsyncGet, IsResumedWhereTheCallableSays) {
  pool p(few(1));
  pooled_item held(p.get(), {&p}), item;
  std::coroutine_handle<> ready;
  const auto wait = [&](std::coroutine_handle<>& where) -> detached {
    item = co_await async_get(p, [&](std::coroutine_handle<> h) { where = h; });
  };
  wait(ready);

  held.reset();

  EXPECT_NE(ready, nullptr);
  EXPECT_EQ(item, nullptr);
  EXPECT_EQ(p.stats().out, 1u);
  ready.resume();
  EXPECT_NE(item, nullptr);
}

TEST(AsyncGet, DestroyedBetweenServiceAndResumptionPutsItsItem) {
  pool p(few(1));
  pooled_item held(p.get(), {&p}), item;
  const auto wait = [&]() -> owned {
    item = co_await async_get(p, [](std::coroutine_handle<>) {});
  };
  owned waits = wait();
  held.reset();
  EXPECT_EQ(p.stats().out, 1u);

  waits.destroy();

  EXPECT_EQ(item, nullptr);
  EXPECT_EQ(p.stats().out, 0u);
}

/// Decides between the thread that serves a coroutine and the one that destroys it.
struct contest {
  std::atomic<bool> taken{false};
  bool win() noexcept { return !taken.exchange(true); }
};

TEST(AsyncGet, DestroyingAgainstServingLosesNothing) {
  pool p(few(1));
  int n_resumed = 0;
  for (int i = 0; i < (sanitized ? 2000 : 5000); ++i) {
    pooled_item held(p.get(), {&p});
    contest whose;
    const auto wait = [&]() -> owned {
      const pooled_item item = co_await async_get(p, [&](std::coroutine_handle<> h) {
        if (whose.win()) h.resume();
      });
      ++n_resumed;
    };
    owned waits = wait();
    meeting both(2);
    std::thread putter([&] {
      both.meet();
      held.reset();
    });
    both.meet();
    for (int spin = i % 64 * 16; spin != 0; --spin) whose.taken.load();
    if (whose.win()) waits.destroy();
    putter.join();
    ASSERT_EQ(p.stats().out, 0u);
    ASSERT_EQ(p.stats().waiters, 0u);
  }
  EXPECT_EQ(p.check(), "");
  RecordProperty("resumed", n_resumed);
}

/// Leaves the coroutine to its owner, but does not leave its frame at once.
struct slow_leaver {
  struct state {
    std::thread::id home = std::this_thread::get_id();
    gate leaving;
    std::atomic<bool> has_left{false};
  };
  explicit slow_leaver(state& s) noexcept : shared(s) {}
  slow_leaver(slow_leaver&& other) noexcept : shared(other.shared) {
    if (std::this_thread::get_id() == shared.home) return;
    shared.leaving.open();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // lets the destroyer go wrong
    shared.has_left = true;
  }
  void operator()(std::coroutine_handle<>) const noexcept {}
  state& shared;
};

TEST(AsyncGet, DestroyingWaitsForWhoeverHasYetToLeaveTheFrame) {
  pool p(few(1));
  pooled_item held(p.get(), {&p}), item;
  slow_leaver::state s;
  const auto wait = [&]() -> owned { item = co_await async_get(p, slow_leaver(s)); };
  owned waits = wait();
  std::thread putter([&] { held.reset(); });
  s.leaving.pass();

  waits.destroy();

  EXPECT_TRUE(s.has_left);
  EXPECT_EQ(p.stats().out, 0u);
  putter.join();
}

TEST(AsyncGet, ThreadsThatAllGetAndPutLoseNothing) {
  pool p(few(3));
  constexpr int n_threads = 4, rounds = sanitized ? 2000 : 20'000;
  std::atomic<int> n_done{0}, n_held{0}, most_held{0};
  const auto work = [&]() -> detached {
    for (int i = 0; i < rounds; ++i) {
      const pooled_item item = co_await async_get(p);
      const int held = ++n_held;
      int seen = most_held.load();
      while (seen < held && !most_held.compare_exchange_weak(seen, held)) continue;
      --n_held;
    }
    ++n_done;
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < n_threads; ++i)
      threads.emplace_back([&] {
        work();
        work();
      });
  }
  EXPECT_EQ(n_done, 2 * n_threads);
  EXPECT_LE(most_held, 3);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

}  // namespace
}  // namespace pool9::test
