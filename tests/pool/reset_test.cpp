// SPDX-License-Identifier: BSD-2-Clause
// reset(): everything goes back, what is out included; settings stay.
#include <gtest/gtest.h>

#include <cstring>
#include <pool9/pool.hpp>
#include <thread>

#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

TEST(Reset, GivesEverythingBackWithoutAReport) {
  test_source source;
  const report_catcher reports;
  pool p{{.name = "p", .item_size = 64, .source = &source}};
  for (int i = 0; i < 1000; ++i) std::memset(p.get(), 1, 64);
  ASSERT_TRUE(p.prime(100));

  EXPECT_TRUE(p.reset());

  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(p.stats().total, 0u);
  EXPECT_EQ(reports.n_reports(), 0u);
  p.put(p.get());
  EXPECT_TRUE(p.reset());
  EXPECT_TRUE(p.reset());
}

TEST(Reset, KeepsLimitsWatermarksAndHook) {
  static int n_calls = 0;
  pool p{{.name = "p", .item_size = 64}};
  p.put(p.get());
  ASSERT_TRUE(p.set_hard_limit(3));
  p.set_low_watermark(2);
  p.set_high_watermark(1000);
  p.set_shortage_hook({.call = [](void*, pool&, shortage) noexcept { ++n_calls; }});

  p.reset();

  EXPECT_EQ(p.stats().hard_limit, 3u);
  EXPECT_EQ(p.stats().low_watermark, 2u);
  EXPECT_EQ(p.stats().high_watermark, 1000u);
  for (int i = 0; i < 3; ++i) static_cast<void>(p.get());
  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_EQ(n_calls, 1);
  p.reset();
}

// What a thread cached before is gone with the rest.
TEST(Reset, EmptiesTheCachesOfAllThreads) {
  pool p{{.name = "p", .item_size = 64}};
  std::atomic<int> step{0};
  const auto reach = [&](int n) {
    step = n;
    step.notify_all();
  };
  const auto await = [&](int n) {
    for (int now = step; now != n; now = step) step.wait(now);
  };
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) p.put(p.get());
    reach(1);
    await(2);
    void* const item = p.get();
    EXPECT_TRUE(p.owns(item));
    p.put(item);
  });
  await(1);
  p.reset();
  reach(2);
  other.join();
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(Reset, IsMisuseWhileSomebodyWaits) {
  const report_catcher reports;
  struct one : waiter {
    one() : waiter([](waiter&, void*) noexcept {}) {}
  } w;
  pool p{{.name = "p", .item_size = 64, .hard_limit = 1}};
  void* const item = p.get();
  ASSERT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_FALSE(p.reset());

  EXPECT_EQ(reports.only().kind, report_kind::misuse);
  EXPECT_TRUE(p.cancel(w));
  p.put(item);
}

}
}
