// SPDX-License-Identifier: BSD-2-Clause
// Faults that serving waiters once had.
#include <deque>
#include <memory>

#include "pool/pools.hpp"
#include "stress/sanitized.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

/// One item a page, so that each waiter has to be fed by itself.
pool_options one_a_page(page_source& source) {
  pool_options o = four_a_page(source);
  o.item_size = 4096;
  return o;
}

TEST(CallbackRegression, FeedingManyWaitersNestsNoDeeper) {
  constexpr std::size_t n = sanitized ? 2000 : 20'000;
  test_source source;
  pool_options o = one_a_page(source);
  o.hard_limit = 0;
  pool p(o);
  std::deque<noting_waiter> waiters(n);
  for (auto& w : waiters) EXPECT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_TRUE(p.set_hard_limit(n));

  for (auto& w : waiters) p.put(w.wait_for_item());
  EXPECT_EQ(p.stats().out, 0u);
}

/// A pool whose only waiter puts its item and ends the pool.
struct self_ending {
  explicit self_ending(const pool_options& o) : p(std::make_unique<pool>(o)) {}
  std::unique_ptr<pool> p;
  std::atomic<bool> ended{false};
  struct last_waiter final : waiter {
    explicit last_waiter(self_ending& s) noexcept
        : waiter([](waiter& me, void* item) noexcept {
            self_ending& it = static_cast<last_waiter&>(me).self;
            it.p->put(item);
            it.p.reset();
            it.ended = true;
          }),
          self(s) {}
    self_ending& self;
  } w{*this};
};

TEST(CallbackRegression, WaiterFedByAnotherPoolMayEndItsOwn) {
  test_source source;
  source.bound(1);
  pool rich(one_a_page(source));
  rich.put(rich.get());
  self_ending poor(one_a_page(source));
  EXPECT_EQ(poor.p->get_or_enqueue(poor.w), nullptr);

  EXPECT_NE(rich.reclaim(), 0u);

  EXPECT_TRUE(run_until([&] { return poor.ended.load(); }));
}

TEST(CallbackRegression, WaiterFedByHousekeepingMayEndItsPool) {
  test_source source;
  source.fail_now();
  self_ending poor(one_a_page(source));
  EXPECT_EQ(poor.p->get_or_enqueue(poor.w), nullptr);

  source.succeed();

  EXPECT_TRUE(run_until([&] { return poor.ended.load(); }));
  pool after({.name = "after", .item_size = 64, .idle_time = std::chrono::milliseconds(1)});
  after.put(after.get());
  EXPECT_TRUE(run_until([&] { return after.stats().pages == 0; })) << "housekeeping lives";
}

TEST(CallbackRegression, WaiterServedByAPutMayEndThePoolThatGivesPagesBack) {
  test_source source;
  pool_options o = one_a_page(source);
  o.hard_limit = 1;
  o.high_watermark = 0;
  self_ending p(o);
  EXPECT_TRUE(p.p->prime(1));
  void* const item = p.p->get();
  EXPECT_EQ(p.p->get_or_enqueue(p.w), nullptr);

  p.p->put(item);

  EXPECT_TRUE(p.ended);
  EXPECT_EQ(source.live_pages(), 0u);
}

TEST(CallbackRegression, ThreadIsWokenBeforeForeignCodeRuns) {
  test_source source;
  pool_options o = one_a_page(source);
  pool p(o);
  EXPECT_TRUE(p.set_hard_limit(3));
  std::vector<void*> held = get_n(p, 3);
  gate served;
  task<bool> waiting([&] {
    void* const item = p.get();
    served.open();
    p.put(item);
    return true;
  });
  await_waiters(p, 1);
  p.set_high_watermark(0);
  bool first = true;
  source.before_release([&] {
    if (std::exchange(first, false)) served.pass();
  });

  p.put_bulk(held);

  EXPECT_TRUE(waiting.result());
  source.before_release({});
}

TEST(CallbackRegression, EnqueueingAWaiterTwiceIsMisuse) {
  pool p({.name = "twice", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  void* const item = p.get();
  report_catcher catcher;
  noting_waiter w;
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_EQ(catcher.only().kind, report_kind::misuse);
  EXPECT_EQ(p.stats().waiters, 1u);
  p.put(item);
  p.put(w.wait_for_item());
  EXPECT_EQ(p.check(), "");
}

TEST(CallbackRegression, SourceIsNotAskedToWaitForWaitersWithoutAThread) {
  test_source source;
  pool p(one_a_page(source));
  noting_waiter w;
  void* const at_once = p.get_or_enqueue(w);
  EXPECT_NE(at_once, nullptr);
  EXPECT_EQ(source.last_call().flags, 0);
  source.fail_now();
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);
  EXPECT_TRUE(p.cancel(w));
  for (const source_call& c : source.calls()) EXPECT_EQ(c.flags, 0);
  p.put(at_once);
}

}  // namespace
}  // namespace pool9::test
