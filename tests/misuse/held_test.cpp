// SPDX-License-Identifier: BSD-2-Clause
// Who holds what, and since when; quarantine; records.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>

#include "edges/emulated.hpp"
#include "misuse.hpp"
#include "support/child.hpp"
#include "support/housekeeping.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

pool_options diagnosed(page_source& source) {
  return {.name = "held",
          .item_size = 100,
          .idle_time = never_idle,
          .page_size = 4096,
          .source = &source,
          .diagnostic = true};
}

TEST(Held, IsGroupedByPlace) {
  test_source source;
  pool p(diagnosed(source));
  std::vector<void*> items;
  for (int i = 0; i < 5; ++i)
    items.push_back(p.get(get_flags::nowait, {"f", i < 2 ? "a.c" : "b.c", 7}));
  p.put(items.back());
  items.pop_back();

  EXPECT_EQ(p.report_held([](void*, std::string_view) {}, nullptr), 4u);
  EXPECT_EQ(p.report_held([](void*, std::string_view) {}, nullptr, 1h), 0u);
  const std::string text = plain(held_by(p));
  EXPECT_EQ(text.substr(0, text.find("\n  ")), "pool 'held': 4 of 4 items are out");
  EXPECT_NE(text.find("\n  2 got at a.c:7, the first # s ago: item @"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  2 got at b.c:7, the first # s ago: item @"), std::string::npos) << text;
  put_all(p, items);
  EXPECT_EQ(plain(held_by(p)), "pool 'held': 0 of 0 items are out");
}

// However many places there are, and in whatever order they are met.
TEST(Held, ShowsThePlaceThatHasMost) {
  test_source source;
  pool p(diagnosed(source));
  constexpr int n_single = 300, most = 20, second = 19;
  std::vector<int> lines_of_gets(n_single);
  std::iota(lines_of_gets.begin(), lines_of_gets.end(), 1000);
  lines_of_gets.insert(lines_of_gets.end(), most, 1);
  lines_of_gets.insert(lines_of_gets.end(), second, 2);
  std::mt19937 order;
  for (int round = 0; round < 20; ++round) {
    std::shuffle(lines_of_gets.begin(), lines_of_gets.end(), order);
    std::vector<void*> items;
    for (const int line : lines_of_gets)
      items.push_back(p.get(get_flags::nowait, {"f", "a.c", line}));
    const auto lines = lines_of(plain(held_by(p)));
    EXPECT_EQ(lines[0], "pool 'held': 339 of 339 items are out");
    EXPECT_EQ(lines[1], "  20 got at a.c:1, the first # s ago: item @");
    EXPECT_EQ(lines[2], "  19 got at a.c:2, the first # s ago: item @");
    EXPECT_TRUE(lines.back().ends_with(" got elsewhere")) << lines.back();
    put_all(p, items);
  }
}

[[gnu::noinline]] void* get_here(pool& p) {
  void* const item = p.get();
  asm volatile("");
  return item;
}
[[gnu::noinline]] void* get_there(pool& p) {
  void* const item = p.get();
  asm volatile("");
  return item;
}

TEST(Held, IsGroupedByStackWhereNobodyGivesAPlace) {
  test_source source;
  pool p(diagnosed(source));
  std::vector<void*> items;
  for (int i = 0; i < 3; ++i) items.push_back(get_here(p));
  items.push_back(get_there(p));

  const std::string text = plain(held_by(p));
  EXPECT_EQ(text,
            "pool 'held': 4 of 4 items are out\n"
            "  3 got, the first # s ago: item @\n"
            "  1 got, the first # s ago: item @");
  put_all(p, items);
}

TEST(Held, SaysSoWhereNobodyKnows) {
  test_source source;
  pool p({.name = "plain", .item_size = 64, .source = &source});
  void* const item = p.get();
  EXPECT_EQ(plain(held_by(p)),
            "pool 'plain': 1 of 1 items are out\n"
            "  who got them, diagnostics know: POOL9_OPTIONS=diagnostic:plain");
  p.put(item);
}

// It has no housekeeping of its own until something rings for it.
TEST(Held, ForTooLongIsReportedInTheChildOfAFork) {
  if (emulated) GTEST_SKIP() << "the emulator lets no thread start there";
  report_catcher catcher;
  test_source source;
  pool_options o = diagnosed(source);
  o.held_too_long = 1s;
  pool p(o);
  void* const item = p.get();
  await_housekeeping();

  EXPECT_TRUE(in_child([&] {
    catcher.clear();
    void* const other = p.get();
    const bool is_told = run_until([&] { return catcher.n_reports(report_kind::warning) != 0; });
    p.put(other);
    return POOL9_HOLDS(is_told);
  }));

  p.put(item);
}

// What a waiter was given is its own get's, not that of whoever put.
TEST(Held, KnowsWhoWaited) {
  test_source source;
  pool_options o = diagnosed(source);
  o.hard_limit = 1;
  pool p(o);
  void* item = p.get();
  std::thread waits([&] {
    void* const mine = p.get(get_flags::waitok, {"w", "waiter.c", 5});
    EXPECT_NE(held_by(p).find("1 got at waiter.c:5"), std::string::npos) << held_by(p);
    p.put(mine);
  });
  await_waiters(p, 1);
  p.put(item);
  waits.join();
}

class HeldTooLong : public testing::Test {
 protected:
  HeldTooLong() { set_housekeeping(housekeeping::by_hand); }
  ~HeldTooLong() override { set_housekeeping(housekeeping::by_thread); }
  static pool_options a_second(page_source& source) {
    pool_options o = diagnosed(source);
    o.held_too_long = decltype(o.held_too_long)(1);
    return o;
  }

  report_catcher catcher;
  test_source source;
  pool p{a_second(source)};
};

TEST_F(HeldTooLong, IsReportedOnce) {
  void* const item = p.get(get_flags::nowait, {"f", "slow.c", 3});
  static_cast<void>(keep_house());
  EXPECT_EQ(catcher.n_reports(), 0u) << "not yet";

  std::this_thread::sleep_for(1100ms);
  for (int i = 0; i < 3; ++i) static_cast<void>(keep_house());

  const caught_report r = catcher.only();
  EXPECT_EQ(r.kind, report_kind::warning);
  EXPECT_EQ(r.misuse, misuse_kind::held_too_long);
  EXPECT_EQ(plain(r.text),
            "f: pool 'held': 1 items are out for longer than 1 s (slow.c:3)\n"
            "  1 got at slow.c:3, the first # s ago: item @\n"
            "  look at the first place: what is got there is not put, or is put late");
  p.put(item);
  static_cast<void>(keep_house());
  EXPECT_EQ(catcher.n_reports(), 1u);
}

TEST_F(HeldTooLong, TheNextIsLookedForWhenItsTimeHasCome) {
  void* const first = p.get();
  std::this_thread::sleep_for(1100ms);
  void* const second = p.get();
  const auto time = pool::clock::now() + 1s;
  const auto next = keep_house();
  if (pool::clock::now() < time) {  // else the machine had other things to do
    EXPECT_EQ(catcher.n_reports(), 1u);
    EXPECT_LE(next, time);
  }
  p.put(first);
  p.put(second);
}

class Quarantine : public testing::Test {
 protected:
  static pool_options options(page_source& source) {
    pool_options o = diagnosed(source);
    o.quarantine = 4;
    return o;
  }
  report_catcher catcher;
  test_source source;
  pool p{options(source)};
};

TEST_F(Quarantine, DelaysReuse) {
  void* const first = p.get();
  p.put(first);
  std::vector<void*> later;
  for (int i = 0; i < 4; ++i) {
    void* const item = p.get();
    EXPECT_NE(item, first) << i;
    p.put(item);
  }
  EXPECT_EQ(p.get(), first) << "four puts later";
  EXPECT_EQ(p.stats().out, 1u);
  EXPECT_EQ(p.check(), "");
  p.put(first);
}

TEST_F(Quarantine, FindsWhatIsWrittenMeanwhile) {
  void* const first = p.get();
  p.put(first);
  static_cast<char*>(first)[3] = 'x';
  for (int i = 0; i < 4; ++i) p.put(p.get());
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(catcher.only().misuse, misuse_kind::written_after_put);
}

TEST_F(Quarantine, FindsTheSecondPut) {
  void* const item = p.get();
  p.put(item);
  p.put(hidden(item));
  EXPECT_EQ(catcher.only().misuse, misuse_kind::put_twice);
  EXPECT_EQ(p.stats().puts, 1u);
}

TEST_F(Quarantine, IsFreeToWhoeverNeedsIt) {
  std::vector<void*> items = get_n(p, 30);
  EXPECT_TRUE(p.set_hard_limit(30));
  put_all(p, items);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().free, p.stats().total);
  EXPECT_EQ(p.check(), "");
  source.fail_now();
  items = get_n(p, 30);
  source.succeed();
  put_all(p, items);
}

TEST_F(Quarantine, KeepsNoPage) {
  p.put(p.get());
  EXPECT_EQ(p.reclaim(), 4096u);
  EXPECT_EQ(p.stats().pages, 0u);
  p.put(p.get());
  p.set_high_watermark(0);
  EXPECT_EQ(p.stats().pages, 0u);
}

// Pages come and go at ever other places; the table does not.
TEST(Records, OfMemoryGoneByAreDropped) {
  test_source source;
  pool p(diagnosed(source));
  void* const kept = p.get(get_flags::nowait, {"f", "kept.c", 1});
  for (int i = 0; i < 200; ++i) {
    std::vector<void*> items = get_n(p, 100);
    put_all(p, items);
    static_cast<void>(p.reclaim());
  }
  EXPECT_NE(held_by(p).find("1 got at kept.c:1"), std::string::npos);
  p.put(kept);
}

}  // namespace
}  // namespace pool9::test
