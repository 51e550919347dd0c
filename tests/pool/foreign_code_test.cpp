// SPDX-License-Identifier: BSD-2-Clause
// G6: no lock is held while foreign code runs.  Sources, hooks, report handlers and callbacks call
// back into the pool they run for, and into others.
#include <functional>
#include <memory>

#include "pools.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

/// Everything that reads a pool and needs no item.
void look_at(const pool& p) {
  EXPECT_EQ(p.check(), "");
  static_cast<void>(p.stats());
  static_cast<void>(p.owns(&p));
  p.print([](void*, std::string_view) {}, nullptr, print_parts::log_and_pages);
  for_each_pool([](void*, const pool_stats&) {}, nullptr);
}

TEST(ForeignCode, SourceMayUseItsOwnPool) {
  test_source source;
  pool p(four_a_page(source));
  std::vector<void*> held = get_n(p, 4);
  bool tried = false;
  source.before_allocate([&] {
    if (std::exchange(tried, true)) return;
    EXPECT_EQ(p.try_get(), nullptr) << "neither grows";
    EXPECT_EQ(p.try_get_for(std::chrono::hours(1)), nullptr) << "nor waits";
    EXPECT_FALSE(p.prime(1));
    EXPECT_EQ(p.reclaim(), 0u);
    look_at(p);
    p.put(held.back());
    held.back() = p.try_get();
    EXPECT_NE(held.back(), nullptr) << "a free item may be taken";
    p.set_low_watermark(1);
    p.set_low_watermark(0);
    p.set_high_watermark(100);
    EXPECT_TRUE(p.set_hard_limit(100));
  });

  held.push_back(p.try_get());

  EXPECT_TRUE(tried);
  EXPECT_NE(held.back(), nullptr);
  put_all(p, held);
}

TEST(ForeignCode, ReleaseMayUseItsOwnPool) {
  test_source source;
  pool p(four_a_page(source));
  std::vector<void*> held = get_n(p, 12);
  std::size_t n_releases = 0;
  source.before_release([&] {
    ++n_releases;
    EXPECT_EQ(p.reclaim(), 0u);
    look_at(p);
    if (void* const item = p.try_get()) p.put(item);
  });

  put_all(p, held);
  EXPECT_EQ(p.reclaim(), 12288u);

  EXPECT_EQ(n_releases, 3u);
  source.before_release({});
}

TEST(ForeignCode, ReleaseAtAPutAboveTheHighWatermarkMayPut) {
  test_source source;
  pool_options o = four_a_page(source);
  o.high_watermark = 4;
  pool p(o);
  std::vector<void*> held = get_n(p, 12);
  source.before_release([&] {
    if (held.empty()) return;
    void* const item = held.back();
    held.pop_back();
    p.put(item);
  });

  while (!held.empty()) {
    void* const item = held.back();
    held.pop_back();
    p.put(item);
  }

  EXPECT_EQ(p.stats().pages, 1u);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
  source.before_release({});
}

/// A source that takes its pages from another pool.
class pool_of_pages final : public page_source {
 public:
  explicit pool_of_pages(pool& below) : below_(below) {}
  [[nodiscard]] void* allocate(std::size_t, get_flags flags) noexcept override {
    return below_.get(flags);
  }
  void release(void* page, std::size_t) noexcept override { below_.put(page); }

 private:
  pool& below_;
};

TEST(ForeignCode, PoolMayBeTheSourceOfAnother) {
  pool below({.name = "below",
              .item_size = 4096,
              .align = 4096,
              .hard_limit = 3,
              .idle_time = never_idle});
  pool_of_pages source(below);
  {
    pool above(four_a_page(source));
    std::vector<void*> held = get_n(above, 12);
    EXPECT_EQ(above.try_get(), nullptr);
    EXPECT_EQ(below.stats().out, 3u);
    put_all(above, held);
    EXPECT_EQ(above.reclaim(), 12288u);
    above.put(above.get());
  }
  EXPECT_EQ(below.stats().out, 0u);
}

struct hooked {
  pool* p = nullptr;
  std::vector<void*> held;
  std::vector<shortage> calls;
  void (*act)(hooked&) = nullptr;
  static void call(void* self, pool& p, shortage why) noexcept {
    auto& h = *static_cast<hooked*>(self);
    EXPECT_EQ(&p, h.p);
    h.calls.push_back(why);
    look_at(p);
    if (h.act != nullptr) h.act(h);
  }
  void put_one() {
    p->put(held.back());
    held.pop_back();
  }
};

pool_options with_hook(hooked& h, std::size_t limit, page_source& source) {
  pool_options o = four_a_page(source);
  o.hard_limit = limit;
  o.on_shortage = {hooked::call, &h};
  return o;
}

TEST(ForeignCode, HookIsCalledOnceAndWhatItPutsServesTheGet) {
  test_source source;
  hooked h;
  pool p(with_hook(h, 2, source));
  h.p = &p;
  h.held = get_n(p, 2);

  EXPECT_EQ(p.try_get(), nullptr) << "it put nothing";
  EXPECT_EQ(h.calls, std::vector{shortage::hard_limit});
  h.act = [](hooked& self) { self.put_one(); };
  void* const item = p.get();

  EXPECT_EQ(h.calls.size(), 2u);
  EXPECT_EQ(p.stats().fails, 1u);
  p.put(item);
  put_all(p, h.held);
}

TEST(ForeignCode, HookMayGetPrimeAndRaiseTheLimit) {
  test_source source;
  hooked h;
  pool p(with_hook(h, 1, source));
  h.p = &p;
  h.held = get_n(p, 1);
  h.act = [](hooked& self) {
    EXPECT_EQ(self.p->try_get(), nullptr);
    EXPECT_EQ(self.p->get(get_flags::waitok), nullptr) << "it would wait for itself";
    EXPECT_FALSE(self.p->prime(1));
    EXPECT_TRUE(self.p->set_hard_limit(2));
  };

  h.held.push_back(p.try_get());

  EXPECT_NE(h.held.back(), nullptr);
  EXPECT_EQ(h.calls.size(), 1u) << "the gets inside do not call it again";
  put_all(p, h.held);
}

TEST(ForeignCode, HookLearnsThatMemoryIsShort) {
  test_source source;
  hooked h;
  pool p(with_hook(h, unlimited, source));
  h.p = &p;
  source.fail_now();

  EXPECT_EQ(p.try_get_for(std::chrono::nanoseconds(1)), nullptr);

  EXPECT_EQ(h.calls, std::vector{shortage::page_source});
}

TEST(ForeignCode, HookMayDestroyAnotherPool) {
  test_source source;
  hooked h;
  auto other = std::make_unique<pool>(four_a_page(source));
  other->put(other->get());
  pool p(with_hook(h, 0, source));
  h.p = &p;
  static std::unique_ptr<pool>* victim;
  victim = &other;
  h.act = [](hooked&) { victim->reset(); };

  EXPECT_EQ(p.try_get(), nullptr);

  EXPECT_EQ(other, nullptr);
  EXPECT_EQ(source.live_pages(), 0u);
}

TEST(ForeignCode, ReportHandlerMayUseThePool) {
  test_source source;
  pool_options o = four_a_page(source);
  o.thread_cache = false;  // so that reports come at the call
  pool p(o);
  report_catcher catcher;
  void* const item = p.get();
  catcher.on_report([&] {
    look_at(p);
    p.put(p.get());
  });

  p.put(static_cast<char*>(item) + 1);
  void* const bad[] = {nullptr, item, item};
  p.put_bulk(bad);

  EXPECT_EQ(catcher.n_reports(report_kind::misuse), 3u);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(ForeignCode, CallbackMayGetEnqueueAndEndItsWaiter) {
  test_source source;
  pool_options o = four_a_page(source);
  o.hard_limit = 1;
  pool p(o);
  void* item = p.get();
  noting_waiter next;
  auto wait = [&](waiter& self, void* served) {
    look_at(p);
    EXPECT_EQ(p.try_get(), nullptr);
    EXPECT_EQ(p.get_or_enqueue(next), nullptr);
    EXPECT_TRUE(p.set_hard_limit(2));  // serves the next, after this call
    EXPECT_EQ(next.item, nullptr);
    pool& mine = p;  // the captures end with the waiter
    delete static_cast<calling_waiter<std::function<void(waiter&, void*)>>*>(&self);
    mine.put(served);
  };
  auto* const w = new calling_waiter<std::function<void(waiter&, void*)>>(wait);
  EXPECT_EQ(p.get_or_enqueue(*w), nullptr);

  p.put(item);

  p.put(next.wait_for_item());
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(ForeignCode, CallbacksOfSeveralPoolsDoNotNestEither) {
  pool a({.name = "a", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  pool b({.name = "b", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  void* const of_a = a.get();
  void* const of_b = b.get();
  int depth = 0, most_deep = 0, n = 0;
  const auto pass_on = [&](pool& mine, pool& other, void* others) {
    return [&, others](waiter&, void* item) {
      most_deep = std::max(most_deep, ++depth);
      ++n;
      if (others != nullptr) other.put(others);
      mine.put(item);
      --depth;
    };
  };
  calling_waiter of_first{pass_on(a, b, of_b)}, of_second{pass_on(b, a, nullptr)};
  EXPECT_EQ(a.get_or_enqueue(of_first), nullptr);
  EXPECT_EQ(b.get_or_enqueue(of_second), nullptr);

  a.put(of_a);

  EXPECT_EQ(n, 2);
  EXPECT_EQ(most_deep, 1);
}

/// Runs `act` in the hook of a pool that can have no items.
void act_in_hook(void (*act)(pool&)) {
  print_reports();
  static void (*action)(pool&);
  action = act;
  no_source source;
  pool p({.name = "test",
          .item_size = 64,
          .source = &source,
          .on_shortage = {[](void*, pool& self, shortage) noexcept { action(self); }}});
  static_cast<void>(p.try_get());
  std::_Exit(0);
}

// A get that never returns null, and a bulk get that always fills, cannot keep their word there.
TEST(ForeignCodeDeathTest, GetThatWouldWaitForItselfPanics) {
  EXPECT_DEATH(act_in_hook([](pool& p) { static_cast<void>(p.get()); }), "panic.*get: pool 'test'");
  EXPECT_DEATH(act_in_hook([](pool& p) {
                 void* items[2];
                 p.get_bulk(items);
               }),
               "panic.*get.*: pool 'test'");
}

}  // namespace
}  // namespace pool9::test
