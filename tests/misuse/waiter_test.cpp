// SPDX-License-Identifier: BSD-2-Clause
// "It must live until its callback began or cancel() returned true": what a program does wrong with
// a waiter is said, and neither the pool nor who waits beside it comes to harm.
#include <optional>
#include <thread>

#include "edges/emulated.hpp"
#include "misuse.hpp"
#include "stress/sanitized.hpp"
#include "support/child.hpp"

namespace pool9::test {
namespace {

class Waiter : public testing::Test {
 protected:
  static pool_options one_out(const char* name) {
    return {.name = name, .item_size = 64, .hard_limit = 1, .idle_time = never_idle};
  }
  /// Calls `f` when `second` was served and is not called yet.  Nobody has `item` then.
  template <class F>
  void while_served(waiter& second, F f) {
    calling_waiter first([&](waiter&, void* one) {
      f();
      p.put(one);
    });
    EXPECT_EQ(p.get_or_enqueue(first), nullptr);
    EXPECT_EQ(p.get_or_enqueue(second), nullptr);
    EXPECT_TRUE(p.set_hard_limit(3));
    p.put(item);
  }
  void expect_sound() {
    EXPECT_EQ(p.check(), "");
    EXPECT_EQ(other.check(), "");
  }

  report_catcher catcher;
  pool p{one_out("first")};
  pool other{one_out("second")};
  void* const item = p.get();
  void* const others = other.get();
  noting_waiter w, beside, of_other;
};

TEST_F(Waiter, IsCancelledInItsOwnPoolOnly) {
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  EXPECT_EQ(other.get_or_enqueue(of_other), nullptr);

  EXPECT_FALSE(other.cancel(w));

  EXPECT_EQ(plain(catcher.only().text),
            "cancel: pool 'second': waiter @: waits for another pool\n"
            "  look at where it was queued: a waiter is cancelled in the pool that it waits for");
  EXPECT_EQ(catcher.only().kind, report_kind::misuse);
  EXPECT_EQ(p.stats().waiters, 1u);
  EXPECT_EQ(other.stats().waiters, 1u);
  expect_sound();
  p.put(item);
  EXPECT_EQ(w.item, item);
  catcher.clear();
  EXPECT_FALSE(other.cancel(w)) << "it waits no more";
  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 0u);
  p.put(w.item);
  other.put(others);
  other.put(of_other.item);
}

TEST_F(Waiter, IsCancelledInItsOwnPoolOnlyWhenServed) {
  while_served(w, [&] { EXPECT_FALSE(other.cancel(w)); });
  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 1u);
  EXPECT_NE(w.item, nullptr) << "it is called";
  p.put(w.item);
  EXPECT_EQ(p.stats().out, 0u);
  expect_sound();
  other.put(others);
}

TEST_F(Waiter, WaitsForOneGetAtATime) {
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  EXPECT_EQ(plain(catcher.only().text),
            "get_or_enqueue: pool 'first': waiter @: is queued already\n"
            "  look at who queues it again: it waits for one get until it was called, or "
            "cancelled");
  catcher.clear();
  EXPECT_EQ(other.get_or_enqueue(w), nullptr);
  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 1u);
  EXPECT_EQ(p.stats().waiters, 1u);
  EXPECT_EQ(other.stats().waiters, 0u);
  expect_sound();
  EXPECT_TRUE(p.cancel(w));
  p.put(item);
  other.put(others);
}

TEST_F(Waiter, WaitsForOneGetAtATimeUntilItsCallBegins) {
  while_served(w, [&] {
    EXPECT_EQ(other.get_or_enqueue(w), nullptr);
    EXPECT_EQ(other.stats().waiters, 0u);
  });
  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 1u);
  EXPECT_NE(w.item, nullptr);
  p.put(w.item);
  EXPECT_EQ(p.stats().out, 0u);
  expect_sound();
  other.put(others);
}

TEST_F(Waiter, IsCancelledAndNamedWhenItIsDestroyed) {
  {
    noting_waiter gone;
    EXPECT_EQ(p.get_or_enqueue(gone), nullptr);
    EXPECT_EQ(p.get_or_enqueue(beside), nullptr);
  }
  EXPECT_EQ(plain(catcher.only().text),
            "~waiter: pool 'first': waiter @: was destroyed while it waited\n"
            "  look at who destroys it: a waiter lives until its call begins, or it is cancelled");
  EXPECT_EQ(p.stats().waiters, 1u);
  EXPECT_EQ(p.stats().cancels, 1u);
  expect_sound();
  p.put(item);
  EXPECT_EQ(beside.item, item);
  p.put(item);
  other.put(others);
}

TEST_F(Waiter, IsCancelledAndNamedWhenItIsDestroyedBeforeItsCall) {
  std::optional<noting_waiter> gone(std::in_place);
  while_served(*gone, [&] { gone.reset(); });
  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 1u);
  EXPECT_EQ(p.stats().out, 0u) << "its item came back";
  expect_sound();
  other.put(others);
}

TEST_F(Waiter, MayBeDestroyedByItsCallback) {
  struct suicide final : waiter {
    explicit suicide(pool& of)
        : waiter([](waiter& me, void* one) noexcept {
            pool& back_to = static_cast<suicide&>(me).from;
            delete static_cast<suicide*>(&me);
            back_to.put(one);
          }),
          from(of) {}
    pool& from;
  };
  EXPECT_EQ(p.get_or_enqueue(*new suicide(p)), nullptr);
  p.put(item);
  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 0u);
  EXPECT_EQ(p.stats().out, 0u);
  other.put(others);
}

// The thread sanitizer allows such a child no threads.
#if !defined(POOL9_TEST_THREAD_SANITIZED)
TEST_F(Waiter, WhoseCallerAForkLeftBehindMayGoAndWaitAgain) {
  if (emulated) GTEST_SKIP() << "the emulator does not live through the child";
  gate called, go_on;
  std::optional<noting_waiter> second(std::in_place);
  calling_waiter first([&](waiter&, void* one) {
    called.open();
    go_on.pass();
    p.put(one);
  });
  EXPECT_EQ(p.get_or_enqueue(first), nullptr);
  EXPECT_EQ(p.get_or_enqueue(*second), nullptr);
  std::thread raiser([&] { EXPECT_TRUE(p.set_hard_limit(3)); });
  called.pass();

  EXPECT_TRUE(in_child([&] {
    const bool again = other.get_or_enqueue(*second) == nullptr && other.cancel(*second);
    second.reset();
    return again && catcher.n_reports(report_kind::misuse) == 0;
  }));

  go_on.open();
  raiser.join();
  p.put(item);
  p.put(second->wait_for_item());
  other.put(others);
}
#endif

}  // namespace
}  // namespace pool9::test
