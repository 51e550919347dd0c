// SPDX-License-Identifier: BSD-2-Clause
#include "cache/magazine_set.hpp"

#include <algorithm>
#include <deque>
#include <set>

#include "base/arena.hpp"
#include "cache/barrier.hpp"
#include "pool/actor.hpp"
#include "sets.hpp"

namespace pool9::test {
namespace {

class MagazineSet : public testing::Test, public set_with_slot {
 protected:
  /// A thread that has `n` items from `first` on in its magazine.
  actor& owner_of(std::size_t first, std::size_t n) {
    actor& a = owners_.emplace_back();
    a([&] {
      magazine* const m = open(std::max(n, magazine::smallest));
      ASSERT_NE(m, nullptr);
      set.deepen(*m, n);
      put_some(*m, first, n);
    });
    EXPECT_TRUE(set.check());
    return a;
  }
  ~MagazineSet() override {
    recall_all();
    for (actor& a : owners_) a([this] { forget(); });
  }

 private:
  std::deque<actor> owners_;
};

// ---- opening

TEST_F(MagazineSet, OpensANewMagazineInTheCallersSlot) {
  magazine* const m = open();

  ASSERT_NE(m, nullptr);
  EXPECT_TRUE(m->is_open());
  EXPECT_EQ(this_thread::find(slot), m);
  EXPECT_EQ(&detail::magazine_at(slot), m);
  EXPECT_EQ(m->owner, this_thread::id());
  EXPECT_EQ(set.n_open(), 1u);
  EXPECT_EQ(set.open_depth(), magazine::smallest);
  EXPECT_EQ(set.count().n_held, 0u);
}

TEST_F(MagazineSet, IsFoundByItsOwnerAlone) {
  open();
  actor other;
  other([&] { EXPECT_EQ(this_thread::find(slot), nullptr); });
}

TEST_F(MagazineSet, GivesAParkedMagazineAsItIs) {
  magazine* const m = open();
  put_some(*m, 0, 10);
  recall_all();
  park();
  EXPECT_EQ(set.n_recalled(), 10u);
  EXPECT_EQ(set.n_in_next(), 10u);
  actor other;

  other([&] {
    EXPECT_EQ(open(), m) << "the next thread that needs one takes it over as it is";
    EXPECT_EQ(m->n_held(), 10u);
    EXPECT_EQ(m->owner, this_thread::id());
    EXPECT_EQ(set.n_recalled(), 0u);
    EXPECT_EQ(detail::pop(*m), item(9));
    recall_all();
    park();
  });
}

// "It has room for `depth` at most."
TEST_F(MagazineSet, OpensNoDeeperThanItMay) {
  open();
  recall_all();
  park();
  EXPECT_EQ(open(20)->depth(), 20u);
  EXPECT_EQ(set.open_depth(), 20u);
  recall_all();
  park();
  EXPECT_EQ(open(100)->depth(), 20u) << "what it learned";
}

TEST_F(MagazineSet, DeepensWhatIsOpen) {
  magazine* const m = open();
  set.deepen(*m, 1000);
  EXPECT_EQ(m->depth(), 2 * magazine::smallest + 1);
  EXPECT_EQ(set.open_depth(), m->depth());
  EXPECT_TRUE(set.check());
}

TEST_F(MagazineSet, OpensNoneWithoutMemory) {
  base::arena::set_refusal([]() noexcept { return true; });
  EXPECT_EQ(open(), nullptr);
  EXPECT_EQ(this_thread::find(slot), nullptr);
  base::arena::set_refusal(nullptr);
  EXPECT_EQ(set.n_open(), 0u);
  EXPECT_NE(open(), nullptr);
}

// ---- recalling

TEST_F(MagazineSet, RecallTakesWhatAllThreadsHave) {
  owner_of(0, 10);
  owner_of(100, 20);
  put_some(*open(), 200, 5);
  EXPECT_EQ(set.count().n_held, 35u);

  recall_all();

  EXPECT_EQ(set.n_recalled(), 35u);
  EXPECT_EQ(set.count().n_held, 0u);
  EXPECT_EQ(set.open_depth(), 0u);
  const std::vector<void*> drawn = draw_all();
  EXPECT_EQ(std::set<void*>(drawn.begin(), drawn.end()).size(), 35u);
  EXPECT_EQ(set.n_recalled(), 0u);
}

TEST_F(MagazineSet, RecallTwiceTakesNothingTwice) {
  owner_of(0, 10);
  recall_all();
  EXPECT_EQ(draw(), item(9));
  recall_all();
  EXPECT_EQ(set.n_recalled(), 9u);
  recall_all();
  EXPECT_EQ(draw_all().size(), 9u);
  EXPECT_EQ(draw(), nullptr);
}

TEST_F(MagazineSet, RecallsThoseForWhichItIsAsked) {
  owner_of(0, 10);
  magazine* const m = open();
  put_some(*m, 100, 3);
  set.age();
  m->idle = false;

  set.recall([](const magazine& one) { return one.idle; });

  EXPECT_TRUE(set.check());
  EXPECT_TRUE(m->is_open());
  EXPECT_EQ(set.n_open(), 1u);
  EXPECT_EQ(set.n_recalled(), 10u);
  EXPECT_EQ(set.count().n_held, 3u);
}

TEST_F(MagazineSet, ClosesTheCallersOwn) {
  magazine* const m = open();
  put_some(*m, 0, 4);
  set.recall_own(*m);
  EXPECT_TRUE(set.check());
  EXPECT_FALSE(m->is_open());
  EXPECT_EQ(set.n_recalled(), 4u);
}

// ---- drawing

TEST_F(MagazineSet, DrawsFromParkedMagazinesFirst) {
  owner_of(0, 3);
  magazine* const m = open();
  put_some(*m, 100, 2);
  recall_all();
  park();

  EXPECT_EQ(draw(), item(101));
  EXPECT_EQ(draw(), item(100));
  EXPECT_EQ(draw(), item(2));
  EXPECT_EQ(draw_all().size(), 2u);
}

TEST_F(MagazineSet, MovesParkedItemsIntoAnOpenMagazine) {
  actor &a = owner_of(0, 10), &b = owner_of(100, 20);
  recall_all();
  a([this] { park(); });
  b([this] { park(); });
  magazine* const m = open();
  EXPECT_EQ(m->n_held(), 20u) << "the one that was parked last";

  EXPECT_EQ(set.move_to(*m, 4), 4u);
  EXPECT_TRUE(set.check());
  EXPECT_EQ(set.n_recalled(), 6u);
  EXPECT_EQ(set.move_to(*m, 30), 6u);
  EXPECT_TRUE(set.check());
  EXPECT_EQ(set.move_to(*m, 30), 0u);

  std::set<void*> all;
  while (void* const popped = detail::pop(*m)) all.insert(popped);
  EXPECT_EQ(all.size(), 30u);
}

TEST_F(MagazineSet, MovesNothingOutOfAMagazineThatHasAnOwner) {
  owner_of(0, 10);
  recall_all();
  EXPECT_EQ(set.move_to(*open(), 5), 0u);
  EXPECT_EQ(set.n_recalled(), 10u);
}

TEST_F(MagazineSet, CountsAllPutsOfPresentAndPast) {
  const std::size_t before = base::arena::bytes_out();
  {
    actor a;
    a([&] {
      put_some(*open(), 0, 7);
      recall_all();
      park();
    });
  }
  draw_all();
  set.age();
  set.age();
  EXPECT_EQ(base::arena::bytes_out(), before) << "an idle one without items is freed";
  magazine* const m = open();
  put_some(*m, 0, 3);
  EXPECT_EQ(set.count().n_puts, 10u);
  recall_all();
  EXPECT_EQ(set.count().n_puts, 10u);
}

// ---- ageing

TEST_F(MagazineSet, DrawsIdleItemsFromIdleMagazinesOnly) {
  owner_of(0, 3);
  recall_all();
  EXPECT_EQ(draw_idle(), nullptr);
  set.age();
  magazine* const m = open();
  put_some(*m, 100, 2);
  recall_all();

  EXPECT_EQ(draw_idle(), item(2));
  EXPECT_EQ(draw_idle(), item(1));
  EXPECT_EQ(draw_idle(), item(0));
  EXPECT_EQ(draw_idle(), nullptr);
  EXPECT_EQ(set.n_recalled(), 2u);
}

// "It shrinks only when housekeeping recalls it for having made no visit during a tick."
TEST_F(MagazineSet, ShrinksWhenItWasIdle) {
  magazine* const m = open(1000);
  set.deepen(*m, 1000);
  const std::size_t deep = m->depth();
  recall_all();
  park();
  EXPECT_EQ(m->depth(), deep) << "not for having been recalled";
  EXPECT_EQ(open(1000), m);
  set.age();

  recall_all();
  park();

  EXPECT_EQ(m->depth(), magazine::smallest);
  EXPECT_FALSE(m->idle);
}

TEST_F(MagazineSet, FreesParkedMagazinesThatWereIdleAndEmpty) {
  const std::size_t before = base::arena::bytes_out();
  open();
  recall_all();
  park();
  set.age();
  EXPECT_NE(base::arena::bytes_out(), before);
  set.age();
  EXPECT_EQ(base::arena::bytes_out(), before);
}

// ---- the end

TEST_F(MagazineSet, AbandonFreesWhatIsParkedAndForgetsTheRest) {
  const std::size_t before = base::arena::bytes_out();
  magazine* const m = open();
  put_some(*m, 0, 4);
  m->pool = this;
  recall_all();

  set.abandon();

  EXPECT_TRUE(set.check());
  EXPECT_EQ(set.n_recalled(), 0u);
  EXPECT_EQ(set.count().n_puts, 4u);
  EXPECT_EQ(m->pool, nullptr) << "its owner sees that when it comes";
  EXPECT_FALSE(m->is_open());
  EXPECT_EQ(this_thread::find(slot), m);
  this_thread::remove(slot);
  magazine::release(m);
  EXPECT_EQ(base::arena::bytes_out(), before);
}

// "In the child of a fork: every thread but the calling one has gone."
TEST_F(MagazineSet, ParksTheMagazinesOfStrangers) {
  actor& stranger = owner_of(0, 3);
  magazine* const m = open();
  put_some(*m, 100, 2);
  recall_all();
  EXPECT_EQ(set.n_in_next(), 0u);

  set.park_strangers();

  EXPECT_TRUE(set.check());
  EXPECT_EQ(set.n_in_next(), 3u);
  EXPECT_EQ(m->owner, this_thread::id());
  stranger([this] { this_thread::remove(slot); });
  park();
  EXPECT_EQ(draw_all().size(), 5u);
}

}  // namespace
}  // namespace pool9::test
