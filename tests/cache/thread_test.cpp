// SPDX-License-Identifier: BSD-2-Clause
#include "cache/thread.hpp"

#include <pthread.h>

#include <set>
#include <thread>

#include "base/arena.hpp"
#include "pool/actor.hpp"
#include "sets.hpp"

namespace pool9::test {
namespace {

// ---- slots

/// All that are left.
std::vector<std::uint32_t> claim_all() {
  std::vector<std::uint32_t> all;
  while (const std::uint32_t slot = cache::claim_slot()) all.push_back(slot);
  return all;
}
void release_all(const std::vector<std::uint32_t>& slots) {
  for (const std::uint32_t slot : slots) cache::release_slot(slot);
}

// "Claims a slot for a pool; 0: all are taken, and the pool goes without caches."
TEST(Slots, AreClaimedOnceEachUntilNoneIsLeft) {
  const std::vector<std::uint32_t> all = claim_all();

  EXPECT_GE(all.size(), 100u);
  EXPECT_LT(all.size(), detail::n_slots);
  EXPECT_EQ(std::set<std::uint32_t>(all.begin(), all.end()).size(), all.size());
  for (const std::uint32_t slot : all) EXPECT_LT(slot, detail::n_slots);
  EXPECT_EQ(cache::claim_slot(), 0u);
  EXPECT_EQ(cache::claim_slot(), 0u);
  release_all(all);
}

TEST(Slots, AreClaimedAgainWhenTheyAreReleased) {
  const std::vector<std::uint32_t> all = claim_all();
  for (const std::uint32_t slot : all) {
    cache::release_slot(slot);
    EXPECT_EQ(cache::claim_slot(), slot);
  }
  release_all(all);
  EXPECT_EQ(claim_all(), all);
  release_all(all);
}

TEST(Slots, ZeroIsNobodysAndCannotBeReleased) {
  cache::release_slot(0);
  const std::vector<std::uint32_t> all = claim_all();
  for (const std::uint32_t slot : all) EXPECT_NE(slot, 0u);
  release_all(all);
}

// ---- the calling thread's table

// "A magazine that is both empty and full and is never written, so that no cache here falls out of
// the two checks that are made anyway."
TEST(ThisThread, HasInEverySlotAMagazineThatIsEmptyAndFull) {
  for (std::uint32_t slot = 0; slot < detail::n_slots; ++slot) {
    if (this_thread::find(slot) != nullptr) continue;
    detail::magazine_top& m = detail::magazine_at(slot);
    EXPECT_EQ(detail::pop(m), nullptr);
    EXPECT_FALSE(detail::push(m, item(0)));
    EXPECT_FALSE(detail::is_closed(m));
    EXPECT_EQ(&m, &cache::none);
  }
}

TEST(ThisThread, FindsWhatItInsertedUntilItIsRemoved) {
  const std::uint32_t slot = cache::claim_slot();
  magazine* const m = magazine::make(magazine::smallest);
  EXPECT_EQ(this_thread::find(slot), nullptr);

  EXPECT_TRUE(this_thread::insert(slot, *m));
  EXPECT_EQ(this_thread::find(slot), m);
  EXPECT_EQ(this_thread::find(slot == 1 ? 2 : 1), nullptr);
  std::thread([&] { EXPECT_EQ(this_thread::find(slot), nullptr); }).join();

  this_thread::remove(slot);
  EXPECT_EQ(this_thread::find(slot), nullptr);
  EXPECT_EQ(&detail::magazine_at(slot), &cache::none);
  magazine::release(m);
  cache::release_slot(slot);
}

TEST(ThisThread, IsToldFromOthers) {
  const void* const mine = this_thread::id();
  EXPECT_EQ(this_thread::id(), mine);
  actor other;
  other([&] { EXPECT_NE(this_thread::id(), mine); });
}

// ---- the end of a thread

std::vector<magazine*> given_up;

/// The same for all threads of this program, as it must be.
void hook(magazine& m) { given_up.push_back(&m); }

// "Sees to it that hook gets every magazine that the thread still has when it ends."
TEST(ThisThread, GivesUpWhatItStillHasWhenItEnds) {
  given_up.clear();
  const std::uint32_t slots[] = {cache::claim_slot(), cache::claim_slot(), cache::claim_slot()};
  magazine* magazines[3] = {};
  for (magazine*& m : magazines) m = magazine::make(magazine::smallest);

  std::thread([&] {
    EXPECT_TRUE(this_thread::enter(hook));
    EXPECT_TRUE(this_thread::enter(hook)) << "again";
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(this_thread::insert(slots[i], *magazines[i]));
    this_thread::remove(slots[1]);
    EXPECT_TRUE(given_up.empty());
  }).join();

  EXPECT_EQ(std::set<magazine*>(given_up.begin(), given_up.end()),
            (std::set<magazine*>{magazines[0], magazines[2]}));
  EXPECT_EQ(given_up.size(), 2u) << "once each";
  for (int i = 0; i < 3; ++i) {
    magazine::release(magazines[i]);
    cache::release_slot(slots[i]);
  }
}

// "false: it may have none, because it is ending": destructors of other libraries' keys run after
// the hook, or before it and then again.
TEST(ThisThread, MayHaveNoneWhenItsHookHasRun) {
  static pthread_key_t key;
  static int n_runs = 0;
  static bool entered_last = true;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* again) {
                                 if (++n_runs < 3) pthread_setspecific(key, again);
                                 entered_last = this_thread::enter(hook);
                               }),
            0);
  std::thread([&] {
    EXPECT_TRUE(this_thread::enter(hook));
    pthread_setspecific(key, &key);
  }).join();

  EXPECT_EQ(n_runs, 3);
  EXPECT_FALSE(entered_last);
  pthread_key_delete(key);
}

}  // namespace
}  // namespace pool9::test
