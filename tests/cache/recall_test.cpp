// SPDX-License-Identifier: BSD-2-Clause
// Publish, then look: an owner's get and put, step by step, and a recall before, between and after.
// The rules of settling (cache/magazine.hpp) say whose the item is.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "cache/barrier.hpp"
#include "sets.hpp"
#include "support/processor.hpp"

namespace pool9::test {
namespace {

class Recall : public testing::Test, public set_with_slot {
 protected:
  Recall() { put_some(*m, 0, n_before); }
  /// settle.2: "a popped item is the owner's if top >= taken, and the recaller's otherwise".
  bool is_popped() const { return m->top.load() >= m->taken; }
  /// Every item but `mine` can be drawn, and no other.
  void expect_all_but(const void* mine, std::size_t n) {
    std::vector<void*> drawn = draw_all();
    while (void* const pushed = take_pushed()) drawn.push_back(pushed);
    std::sort(drawn.begin(), drawn.end());
    EXPECT_EQ(std::unique(drawn.begin(), drawn.end()), drawn.end());
    EXPECT_EQ(std::count(drawn.begin(), drawn.end(), mine), 0);
    EXPECT_EQ(drawn.size(), n);
  }
  static constexpr std::size_t n_before = 10;
  magazine* const m = open();
};

TEST_F(Recall, BeforeAGetIsSeenByItsLook) {
  recall_all();
  void* const popped = detail::pop(*m);
  EXPECT_TRUE(detail::is_closed(*m));
  EXPECT_NE(popped, nullptr);

  EXPECT_FALSE(is_popped()) << "it was the recaller's already";
  expect_all_but(nullptr, n_before);
}

TEST_F(Recall, BetweenReadingAndPublishingOfAGetTakesTheItem) {
  void** const t = m->top.load(std::memory_order_relaxed);  // get.1
  void* const popped = t[-1];                               // get.2
  recall_all();
  m->top.store(t - 1, std::memory_order_release);  // get.3
  EXPECT_TRUE(detail::is_closed(*m));              // get.4
  EXPECT_EQ(popped, item(n_before - 1));

  EXPECT_FALSE(is_popped());
  expect_all_but(nullptr, n_before);
}

TEST_F(Recall, BetweenPublishingAndLookOfAGetLeavesTheItem) {
  void* const popped = detail::pop(*m);  // get.1 to get.3
  recall_all();
  EXPECT_TRUE(detail::is_closed(*m));  // get.4

  EXPECT_TRUE(is_popped());
  expect_all_but(popped, n_before - 1);
}

TEST_F(Recall, AfterTheLookOfAGetLeavesTheItem) {
  void* const popped = detail::pop(*m);
  EXPECT_FALSE(detail::is_closed(*m));
  recall_all();

  expect_all_but(popped, n_before - 1);
}

// However often it is recalled meanwhile, and whatever is drawn: taken stays what it was.
TEST_F(Recall, RepeatedDoesNotChangeWhoseAPoppedItemIs) {
  void* const popped = detail::pop(*m);
  recall_all();
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(draw(), nullptr);
    recall_all();
    EXPECT_EQ(take_pushed(), nullptr);
    EXPECT_TRUE(is_popped());
  }
  expect_all_but(popped, n_before - 1 - 3);
}

TEST_F(Recall, OfTheLastItemIsToldFromOneThatWasPopped) {
  while (m->n_held() != 1) m->take_newest();
  void** const t = m->top.load(std::memory_order_relaxed);
  recall_all();
  m->top.store(t - 1, std::memory_order_release);
  EXPECT_FALSE(is_popped());
  expect_all_but(nullptr, 1);
}

TEST_F(Recall, OfTheLastItemIsNoneOnceItWasPopped) {
  while (m->n_held() != 1) m->take_newest();
  EXPECT_NE(detail::pop(*m), nullptr);
  recall_all();
  EXPECT_TRUE(is_popped());
  EXPECT_EQ(set.n_recalled(), 0u);
}

// "A put that published there and was stopped before its look must not stay invisible."
TEST_F(Recall, BeforeAPutLeavesItToBeTakenByAnother) {
  recall_all();
  EXPECT_FALSE(put(*m, item(99)));
  EXPECT_EQ(set.n_recalled(), n_before);
  EXPECT_EQ(set.count().n_held, 1u) << "seen, and nobody's yet";

  EXPECT_EQ(take_pushed(), item(99));

  EXPECT_EQ(take_pushed(), nullptr) << "once";
  EXPECT_EQ(set.count().n_held, 0u);
  void* mine = nullptr;
  EXPECT_FALSE(magazine_set::take_pushed(*m, mine)) << "settle.3 finds nothing";
  expect_all_but(item(99), n_before);
}

TEST_F(Recall, BeforeAPutLeavesItToBeTakenByItsOwner) {
  recall_all();
  EXPECT_FALSE(put(*m, item(99)));

  void* mine = nullptr;
  EXPECT_TRUE(magazine_set::take_pushed(*m, mine));

  EXPECT_EQ(mine, item(99));
  EXPECT_EQ(take_pushed(), nullptr);
  expect_all_but(item(99), n_before);
}

TEST_F(Recall, BetweenWritingAndPublishingOfAPutDoesNotSeeIt) {
  void** const t = m->top.load(std::memory_order_relaxed);  // put.1
  *t = item(99);                                            // put.2
  recall_all();
  EXPECT_EQ(set.n_recalled(), n_before);
  EXPECT_EQ(take_pushed(), nullptr);
  m->top.store(t + 1, std::memory_order_release);  // put.3
  EXPECT_TRUE(detail::is_closed(*m));              // put.4

  EXPECT_EQ(take_pushed(), item(99));
}

TEST_F(Recall, BetweenPublishingAndLookOfAPutTakesTheItem) {
  EXPECT_TRUE(detail::push(*m, item(99)));
  recall_all();
  EXPECT_TRUE(detail::is_closed(*m));

  void* mine = nullptr;
  EXPECT_FALSE(magazine_set::take_pushed(*m, mine)) << "settle.3 finds nothing: it was recalled";
  EXPECT_EQ(draw(), item(99));
}

// "taken rises, and never falls": what an owner pops after it was closed is not its own.
TEST_F(Recall, GetAfterAPutThatWasTakenFindsNothingOfItsOwn) {
  recall_all();
  EXPECT_FALSE(put(*m, item(99)));
  EXPECT_EQ(take_pushed(), item(99));
  EXPECT_NE(detail::pop(*m), nullptr);
  EXPECT_FALSE(is_popped());
}

TEST_F(Recall, DrawsWhileAPutIsHalfDoneMixNothingUp) {
  void** const t = m->top.load(std::memory_order_relaxed);
  recall_all();
  const std::vector<void*> drawn = draw_all();
  EXPECT_EQ(drawn.size(), n_before);
  *t = item(99);
  m->top.store(t + 1, std::memory_order_release);
  EXPECT_EQ(take_pushed(), item(99));
  EXPECT_EQ(draw(), nullptr);
}

// Parked and opened again it holds what is left, and the next recall takes no more.
TEST_F(Recall, OfAMagazineThatWasParkedBetweenTakesWhatWasLeft) {
  recall_all();
  EXPECT_EQ(draw(), item(9));
  EXPECT_EQ(draw(), item(8));
  park();
  EXPECT_EQ(open(), m);
  EXPECT_EQ(detail::pop(*m), item(7));
  recall_all();
  expect_all_but(item(7), 7);
}

void spin_until(auto reached) {
  for (int n = 1; !reached(); ++n)
    if (n % 1000 == 0) std::this_thread::yield();
}

// recall.2: what another thread published before its last look is visible, and what it looks at
// later is closed.  Without the barrier each may miss the other.
TEST(Barrier, LetsNoneOfTwoMissTheOther) {
  if (!cache::barrier::works()) GTEST_SKIP() << "there is none here";
  alignas(64) std::atomic<int> published{0};
  alignas(64) std::atomic<int> closed{0};
  alignas(64) std::atomic<int> begun{0}, done{0};
  int seen_by_owner = 0;
  constexpr int enough = -1;
  std::thread owner([&] {
    run_on(1);
    for (int i = 1;; ++i) {
      int round = 0;
      spin_until([&] { return (round = begun) == i || round == enough; });
      if (round == enough) return;
      published.store(i, std::memory_order_release);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      seen_by_owner = closed.load(std::memory_order_relaxed);
      done = i;
    }
  });
  std::size_t n_missed = 0;
  std::thread recaller([&] {
    run_on(0);
    const auto start = std::chrono::steady_clock::now();
    // Some hundred of 5000 would miss; a busy machine, where each takes long, may end it earlier.
    const auto goes_on = [&](int i) {
      return std::chrono::steady_clock::now() - start <
             std::chrono::milliseconds(i <= 5000 ? 5000 : 300);
    };
    for (int i = 1; goes_on(i); ++i) {
      begun = i;
      // As long as it takes the owner to hear of it, which nobody knows.
      for (int n = i % 512; n != 0; --n) std::atomic_signal_fence(std::memory_order_seq_cst);
      closed.store(i, std::memory_order_relaxed);
      cache::barrier::pass();
      const int seen = published.load(std::memory_order_acquire);
      spin_until([&] { return done == i; });
      n_missed += seen != i && seen_by_owner != i ? 1 : 0;
    }
    begun = enough;
  });
  owner.join();
  recaller.join();

  EXPECT_EQ(n_missed, 0u);
  EXPECT_TRUE(cache::barrier::works());
}

}  // namespace
}  // namespace pool9::test
