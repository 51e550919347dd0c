// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "DIAGNOSTICS", without the log (usage_log_test.cpp): reports, pool_print(), pool_chk()
// and pool_getstats().
#include <unistd.h>

#include <cstddef>
#include <cstdio>

#include "../support/report_catcher.hpp"
#include "../support/stdout_capture.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

std::string printed(::pool* pp, const char* modif) {
  stdout_capture capture;
  pool_print(pp, modif);
  return capture.text();
}

// ---- reports

TEST(PoolDiagnostics, ReportsHaveOneForm) {
  c_pool p({.wchan = "formal"});
  ASSERT_EQ(pool_sethardlimit(p, 0, "warned", 0), 0);
  report_catcher caught;

  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  pool_put(p, nullptr);

  const auto reports = caught.reports();
  ASSERT_EQ(reports.size(), 2u);
  for (const auto& r : reports) {
    EXPECT_EQ(r.text.rfind(r.function + ": pool 'formal': ", 0), 0u) << r.text;
    EXPECT_EQ(r.pool, "formal");
    EXPECT_NE(r.text.back(), '\n');
  }
  EXPECT_EQ(reports[0].function, "pool_get");
  EXPECT_EQ(reports[1].function, "pool_put");
}

TEST(PoolDiagnostics, ReportsNameTheAddress) {
  c_pool p;
  char foreign[16];
  char expected[32];
  std::snprintf(expected, sizeof expected, "%p", static_cast<void*>(foreign));
  report_catcher caught;

  pool_put(p, foreign);

  EXPECT_EQ(caught.only().address, foreign);
  EXPECT_NE(caught.only().text.find(expected), std::string::npos) << caught.only().text;
}

TEST(PoolDiagnostics, PanicsAbort) {
  c_pool p({.wchan = "foo"});
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);
  EXPECT_EXIT((void)pool_get(p, PR_URGENT), testing::KilledBySignal(SIGABRT), "urgent");
}

// ---- pool_chk()

TEST(PoolDiagnostics, ChkFindsNothingInASoundPool) {
  c_pool p;
  EXPECT_EQ(pool_chk(p, "before use"), 0);
  auto items = get_n(p, 100);
  EXPECT_EQ(pool_chk(p, "in use"), 0);
  put_all(p, items);
  EXPECT_EQ(pool_chk(p, nullptr), 0) << "the label may be missing";
}

// ---- pool_print()

TEST(PoolDiagnostics, PrintDescribesThePool) {
  c_pool p({.size = 1234, .wchan = "described"});
  ASSERT_EQ(pool_sethardlimit(p, 4321, nullptr, 0), 0);
  auto items = get_n(p, 17);

  const std::string text = printed(p, "");

  for (const char* part : {"described", "1234", "4321", "17"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  EXPECT_EQ(text.back(), '\n');
  put_all(p, items);
}

TEST(PoolDiagnostics, PrintTakesEveryModifier) {
  c_pool p({.wchan = "modified"});
  void* item = pool_get(p, PR_NOWAIT);
  for (const char* modif : {"", "l", "p", "lp", "l p", "pl", "x"})
    EXPECT_NE(printed(p, modif).find("modified"), std::string::npos) << "'" << modif << "'";
  EXPECT_NE(printed(p, nullptr).find("modified"), std::string::npos);
  pool_put(p, item);
}

TEST(PoolDiagnostics, PrintOfPagesShowsTheirAddresses) {
  test_source source;
  c_pool p({.size = 4096, .source = &source});
  auto items = get_n(p, 3);

  const std::string with_pages = printed(p, "p");

  for (void* item : items) {
    char page[32];
    std::snprintf(page, sizeof page, "%p", item);
    EXPECT_NE(with_pages.find(page), std::string::npos) << page << " in:\n" << with_pages;
  }
  EXPECT_GT(with_pages.size(), printed(p, "").size());
  put_all(p, items);
}

TEST(PoolDiagnostics, PrintWorksOnAPoolThatWasNeverUsed) {
  c_pool p({.wchan = "unborn"});
  EXPECT_NE(printed(p, "lp").find("unborn"), std::string::npos);
}

// ---- pool_getstats()

TEST(PoolDiagnostics, StatsAreExact) {
  test_source source;
  c_pool p({.size = 1000, .align = 64, .wchan = "counted", .pagesz = 8192, .source = &source});
  pool_setlowat(p, 3);
  pool_sethiwat(p, 300);
  ASSERT_EQ(pool_sethardlimit(p, 20, nullptr, 0), 0);
  ASSERT_EQ(pool_prime(p, 8, nullptr), 0);
  auto items = get_n(p, 20);
  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  for (int i = 0; i < 5; ++i) {
    pool_put(p, items.back());
    items.pop_back();
  }

  const pool_stats s = p.stats();

  EXPECT_STREQ(s.name, "counted");
  EXPECT_NE(s.id, 0u);
  EXPECT_EQ(s.item_size, 1000u);
  EXPECT_EQ(s.stride, 1024u);
  EXPECT_EQ(s.page_size, 8192u);
  EXPECT_EQ(s.out, 15u);
  EXPECT_EQ(s.cached, 0u);
  EXPECT_EQ(s.total, s.out + s.cached + s.free);
  EXPECT_EQ(s.total, 8 * s.pages);
  EXPECT_EQ(s.pages, source.live_pages());
  EXPECT_EQ(s.reserve, 8u);
  EXPECT_EQ(s.low_watermark, 3u);
  EXPECT_EQ(s.high_watermark, 300u);
  EXPECT_EQ(s.hard_limit, 20u);
  EXPECT_EQ(s.waiters, 0u);
  EXPECT_EQ(s.gets, 20u);
  EXPECT_EQ(s.puts, 5u);
  EXPECT_EQ(s.fails, 1u);
  EXPECT_EQ(s.limit_hits, 1u);
  EXPECT_EQ(s.timeouts, 0u);
  EXPECT_EQ(s.source_fails, 0u);
  EXPECT_EQ(s.pages_requested, source.n_calls());
  EXPECT_EQ(s.pages_released, 0u);
  EXPECT_EQ(s.peak_out, 20u);
  EXPECT_NE(s.peak_out_time_ns, 0u);
  EXPECT_NE(s.last_growth_time_ns, 0u);
  put_all(p, items);
}

TEST(PoolDiagnostics, StatsCountPagesThatWentBack) {
  test_source source;
  c_pool p({.flags = PR_NOCACHE, .source = &source});
  auto items = get_n(p, 12);
  put_all(p, items);
  EXPECT_EQ(p.stats().idle_pages, 3u);

  pool_reclaim(p);

  const pool_stats s = p.stats();
  EXPECT_EQ(s.pages_requested, 3u);
  EXPECT_EQ(s.pages_released, 3u);
  EXPECT_EQ(s.idle_pages + s.pages + s.total, 0u);
}

TEST(PoolDiagnostics, StatsOfANewPoolAreItsSettings) {
  c_pool p({.size = 100, .wchan = "new"});
  const pool_stats s = p.stats();
  EXPECT_STREQ(s.name, "new");
  EXPECT_EQ(s.item_size, 100u);
  EXPECT_EQ(s.out + s.free + s.total + s.gets + s.puts + s.pages, 0u);
  EXPECT_EQ(s.hard_limit, UINT64_MAX);
}

TEST(PoolDiagnostics, StatsIdsDiffer) {
  c_pool p({.wchan = "same"}), q({.wchan = "same"});
  void* a = pool_get(p, PR_NOWAIT);
  void* b = pool_get(q, PR_NOWAIT);
  EXPECT_NE(p.stats().id, q.stats().id);
  pool_put(p, a);
  pool_put(q, b);
}

// The struct is only ever appended to: a caller of an older one gets what it knows.
TEST(PoolDiagnostics, StatsFillWhatTheCallerKnows) {
  c_pool p({.wchan = "older"});
  void* item = pool_get(p, PR_NOWAIT);
  pool_stats s;
  std::memset(&s, 0x5a, sizeof s);

  EXPECT_EQ(pool_getstats(p, &s, offsetof(pool_stats, cached)), 0);

  EXPECT_STREQ(s.name, "older");
  EXPECT_EQ(s.out, 1u);
  EXPECT_EQ(s.cached, 0x5a5a5a5a5a5a5a5au);
  pool_put(p, item);
}

TEST(PoolDiagnostics, StatsOfANewerProgramAreZeroBeyondWhatIsKnown) {
  c_pool p;
  struct {
    pool_stats known;
    std::uint64_t later[4];
  } s;
  std::memset(&s, 0x5a, sizeof s);

  EXPECT_EQ(pool_getstats(p, &s.known, sizeof s), 0);

  for (const std::uint64_t field : s.later) EXPECT_EQ(field, 0u);
}

TEST(PoolDiagnostics, StatsWithoutAPlaceToPutThemAreEinval) {
  c_pool p;
  EXPECT_EQ(pool_getstats(p, nullptr, sizeof(pool_stats)), EINVAL);
}

TEST(PoolDiagnostics, FunctionsPanicWithoutAPool) {
  static struct pool zeroed;
  pool_stats s;
  EXPECT_DEATH(pool_print(nullptr, ""), "pool_print: .*pp");
  EXPECT_DEATH(pool_print(&zeroed, ""), "pool_print: .*not a pool");
  EXPECT_DEATH((void)pool_chk(nullptr, ""), "pool_chk: .*pp");
  EXPECT_DEATH((void)pool_reclaim(nullptr), "pool_reclaim: .*pp");
  EXPECT_DEATH((void)pool_reclaim(&zeroed), "pool_reclaim: .*not a pool");
  EXPECT_DEATH((void)pool_getstats(nullptr, &s, sizeof s), "pool_getstats: .*pp");
  EXPECT_DEATH(pool_set_drain_hook(nullptr, nullptr, nullptr), "pool_set_drain_hook: .*pp");
}

}  // namespace
