// SPDX-License-Identifier: BSD-2-Clause
// A callback is cancelled or called, whenever the other is tried: never both, never neither.
#include "edges/emulated.hpp"
#include "pools.hpp"
#include "stress/sanitized.hpp"
#include "support/child.hpp"

namespace pool9::test {
namespace {

pool_options one_out() {
  return {.name = "one", .item_size = 64, .hard_limit = 1, .idle_time = never_idle};
}

TEST(Cancel, CancelOrCallNeverBothNeverNeither) {
  pool p(one_out());
  for (int i = 0; i < 2000; ++i) {
    void* const item = p.get();
    noting_waiter w;
    ASSERT_EQ(p.get_or_enqueue(w), nullptr);
    std::atomic<bool> ready{false};
    std::thread putter([&] {
      ready = true;
      p.put(item);
    });
    while (!ready) std::this_thread::yield();

    const bool cancelled = p.cancel(w);

    putter.join();
    ASSERT_EQ(cancelled, w.item == nullptr);
    if (!cancelled) p.put(w.item);
    ASSERT_EQ(p.stats().out, 0u);
  }
  EXPECT_EQ(p.check(), "");
}

TEST(Cancel, ServedCallbackCanBeCancelledUntilItsCallBegins) {
  pool p({.name = "served", .item_size = 64, .hard_limit = 0, .idle_time = never_idle});
  noting_waiter second, third;
  bool cancelled = false;
  calling_waiter first([&](waiter&, void* item) {
    cancelled = p.cancel(second);  // served by the same call, and next to be called
    EXPECT_EQ(third.item, nullptr) << "callbacks do not nest";
    p.put(item);
  });
  EXPECT_EQ(p.get_or_enqueue(first), nullptr);
  EXPECT_EQ(p.get_or_enqueue(second), nullptr);
  EXPECT_EQ(p.get_or_enqueue(third), nullptr);

  EXPECT_TRUE(p.set_hard_limit(2));

  EXPECT_TRUE(cancelled);
  EXPECT_EQ(second.item, nullptr);
  EXPECT_FALSE(p.cancel(second));
  p.put(third.wait_for_item());
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().cancels, 1u);
  EXPECT_EQ(p.check(), "");
}

// The thread sanitizer starts a thread of its own, and allows no others, in such a child.
#if !defined(POOL9_TEST_THREAD_SANITIZED)
TEST(Cancel, ChildMayCancelTheCallsOfTheThreadThatForkedAndNoOthers) {
  if (emulated) GTEST_SKIP() << "the emulator does not live through the second child";
  pool p({.name = "fork", .item_size = 64, .hard_limit = 0, .idle_time = never_idle});
  noting_waiter second;
  gate called, go_on;
  calling_waiter first([&](waiter&, void* item) {
    EXPECT_TRUE(in_child([&] { return p.cancel(second); }));
    called.open();
    go_on.pass();
    p.put(item);
  });
  EXPECT_EQ(p.get_or_enqueue(first), nullptr);
  EXPECT_EQ(p.get_or_enqueue(second), nullptr);
  std::thread raiser([&] { EXPECT_TRUE(p.set_hard_limit(2)); });
  called.pass();

  EXPECT_TRUE(in_child([&] { return !p.cancel(second); })) << "its caller is gone";

  go_on.open();
  raiser.join();
  p.put(second.wait_for_item());
}
#endif

TEST(Cancel, OtherThreadMayCancelWhatIsServedButNotCalled) {
  pool p({.name = "served", .item_size = 64, .hard_limit = 0, .idle_time = never_idle});
  noting_waiter second;
  gate called, go_on;
  calling_waiter first([&](waiter&, void* item) {
    called.open();
    go_on.pass();
    p.put(item);
  });
  EXPECT_EQ(p.get_or_enqueue(first), nullptr);
  EXPECT_EQ(p.get_or_enqueue(second), nullptr);
  std::thread raiser([&] { EXPECT_TRUE(p.set_hard_limit(2)); });
  called.pass();

  EXPECT_TRUE(p.cancel(second));
  void* const item = p.try_get();
  EXPECT_NE(item, nullptr) << "what it was served with is free";

  p.put(item);
  go_on.open();
  raiser.join();
  EXPECT_EQ(second.item, nullptr);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(Cancel, WaiterMayWaitAgain) {
  pool p(one_out());
  void* item = p.get();
  noting_waiter w;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(p.get_or_enqueue(w), nullptr);
    EXPECT_TRUE(p.cancel(w));
    EXPECT_FALSE(p.cancel(w));
    EXPECT_EQ(p.get_or_enqueue(w), nullptr);
    p.put(item);
    EXPECT_EQ(w.item, item);
    EXPECT_FALSE(p.cancel(w));
  }
  p.put(item);
}

}  // namespace
}  // namespace pool9::test
