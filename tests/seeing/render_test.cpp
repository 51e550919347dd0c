// SPDX-License-Identifier: BSD-2-Clause
// Statistics as text.  What is well-formed for programs, programs say: json.tool of Python,
// openmetrics.py beside this file, and promtool where it is installed.
#include <gtest/gtest.h>
#include <sys/pool.h>

#include <cerrno>
#include <cstring>
#include <pool9/pool.hpp>
#include <pool9/render.hpp>

#include "programs.hpp"
#include "support/stdout_capture.hpp"

namespace pool9::test {
namespace {

pool_stats named(std::string_view name, std::uint64_t id = 1) {
  pool_stats s{};
  std::memcpy(s.name, name.data(), std::min(name.size(), sizeof s.name - 1));
  s.id = id;
  s.item_size = 64;
  s.hard_limit = s.high_watermark = UINT64_MAX;
  return s;
}

void append(void* context, std::string_view line) {
  static_cast<std::string*>(context)->append(line) += '\n';
}

std::string rendered(stats_format f, std::span<const pool_stats> pools) {
  std::string text;
  render(f, pools, append, &text);
  return text;
}

/// Every name that has broken a format somewhere.
std::vector<pool_stats> awkward() {
  const std::string_view names[] = {"plain",
                                    "",
                                    "a \"quoted\" name",
                                    "back\\slash\\",
                                    "two\nlines",
                                    "tab\tand bell\a, escape \x1b[31m",
                                    "gr\xC3\xBC\xC3\x9F",
                                    "cut in a character \xE2\x82",
                                    "\xFF\xFE\xC0\x80\xED\xA0\x80\xF4\x90\x80\x80",
                                    "a,b={}#%s%n \xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0",
                                    "0123456789012345678901234567890"};
  std::vector<pool_stats> pools;
  for (const auto name : names) pools.push_back(named(name, pools.size() + 1));
  std::memset(&pools[3].id, 0xFF, sizeof(pool_stats) - sizeof pools[3].name);  // the most digits
  return pools;
}

TEST(Render, TableHasALineForEachPoolUnderAHeading) {
  pool_stats a = named("conns", 3), b = named("buffers of some length", 12);
  a.out = 7;
  a.hard_limit = 400;
  a.tight = POOL_TIGHT_LIMIT | POOL_TIGHT_WAITERS;
  b.resident_bytes = 1 << 20;
  EXPECT_EQ(rendered(stats_format::table, std::array{a, b}),
            "ID  NAME                    SIZE  OUT  CACHED  FREE  TOTAL  LIMIT  PEAK  GETS  FAILS  "
            "WAITS  WAITERS  PAGES  IDLE   KIB  STATE\n"
            " 3  conns                     64    7       0     0      0    400     0     0      0  "
            "    0        0      0     0     0  tight:waiters,limit\n"
            "12  buffers of some length    64    0       0     0      0      -     0     0      0  "
            "    0        0      0     0  1024  calm\n");
}

TEST(Render, TableOfNothingIsItsHeading) {
  const std::string text = rendered(stats_format::table, {});
  EXPECT_EQ(text.substr(0, 10), "ID  NAME  ");
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
}

TEST(Render, TableSendsNoControlCharacterToATerminal) {
  const std::string text = rendered(stats_format::table, awkward());
  EXPECT_TRUE(std::ranges::none_of(
      text, [](char c) { return c != '\n' && static_cast<unsigned char>(c) < ' '; }));
  EXPECT_NE(text.find("a,b={}#%s%n ???\xC2\xA0 "), std::string::npos) << text;  // of 8 bits, too
}

TEST(Render, JsonIsWellFormedAndHasEveryFieldWhateverTheNames) {
  const std::string checker =
      "import json, sys\n"
      "pools = json.loads(sys.stdin.buffer.read().decode())['pools']\n"
      "assert len(pools) == 11, pools\n"
      "assert all(len(p) == 38 for p in pools), len(pools[0])\n"
      "assert pools[2]['name'] == 'a \"quoted\" name'\n"
      "assert pools[4]['name'] == 'two\\nlines'\n"
      "assert pools[7]['name'] == 'cut in a character \\ufffd\\ufffd'\n"
      "assert pools[0]['hard_limit'] is None and pools[0]['out'] == 0\n"
      "assert pools[3]['tight'] == ['waiters', 'limit', 'highwat', 'diagnostic', 'memory']\n"
      "assert len(pools[3]['wait_histogram']) == 32\n";
  EXPECT_EQ(run({"python3", "-c", checker}, rendered(stats_format::json, awkward())).text, "");
  EXPECT_EQ(run({"python3", "-m", "json.tool"}, rendered(stats_format::json, {})).status, 0);
}

TEST(Render, OpenMetricsIsWellFormedWhateverTheNames) {
  for (const auto& pools : {awkward(), std::vector<pool_stats>{}}) {
    const program_end check = run({"python3", "-B", beside("openmetrics.py")},
                                  rendered(stats_format::openmetrics, pools));
    EXPECT_EQ(check.text, "");
    EXPECT_EQ(check.status, 0);
  }
}

/// What was seen to be refused by promtool, and more.
TEST(Render, WhatIsNoOpenMetricsIsFound) {
  const std::string fine = rendered(stats_format::openmetrics, awkward());
  const auto is_found = [&](const std::string& part, const std::string& instead) {
    std::string text = fine;
    const std::size_t at = text.find(part);
    if (at == std::string::npos) return false;
    text.replace(at, part.size(), instead);
    return run({"python3", "-B", beside("openmetrics.py")}, text).status == 1;
  };
  EXPECT_FALSE(is_found("", ""));
  EXPECT_TRUE(is_found("# EOF\n", ""));
  EXPECT_TRUE(is_found("# HELP pool9_waiters Gets that wait.\n", ""));
  EXPECT_TRUE(is_found("Gets that wait.", "Gets\\that wait."));
  EXPECT_TRUE(is_found("pool9_waiters gauge", "pool9_waiters gouge"));
  EXPECT_TRUE(is_found("back\\\\slash", "back\\slash"));
  EXPECT_TRUE(is_found("a \\\"quoted", "a \"quoted"));
  EXPECT_TRUE(
      is_found("pool9_waiters{id=\"2\",name=\"\"}", "pool9_waiters{id=\"1\",name=\"plain\"}"));
  EXPECT_TRUE(is_found("pool9_waiters{id=\"2\",", "pool9_waiters{"));
  EXPECT_TRUE(is_found("le=\"0.000002\"", "le=\"0.000001\""));
  EXPECT_TRUE(is_found("le=\"+Inf\"", "le=\"9999\""));
  EXPECT_TRUE(is_found("wait_seconds_count{id=\"1\",name=\"plain\"} 0",
                       "wait_seconds_count{id=\"1\",name=\"plain\"} 1"));
}

TEST(Render, OpenMetricsIsAcceptedByPromtool) {
  if (!is_installed("promtool")) GTEST_SKIP() << "promtool (Debian's prometheus) is not installed";
  const program_end check =
      run({"promtool", "check", "metrics"}, rendered(stats_format::openmetrics, awkward()));
  EXPECT_EQ(check.text, "");
  EXPECT_EQ(check.status, 0);
}

TEST(Render, HistogramEndsWithAllWaitsAndTheLastBucketHasNoEnd) {
  pool_stats s = named("w");
  s.wait_histogram[0] = 1;   // less than a microsecond
  s.wait_histogram[11] = 2;  // 1024 to 2047 us
  s.wait_histogram[31] = 4;
  s.wait_ns_total = 3'000'000'007;
  const std::string text = rendered(stats_format::openmetrics, {&s, 1});
  const auto has = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  EXPECT_TRUE(has("pool9_wait_seconds_bucket{id=\"1\",name=\"w\",le=\"0.000001\"} 1\n"));
  EXPECT_TRUE(has("pool9_wait_seconds_bucket{id=\"1\",name=\"w\",le=\"0.001024\"} 1\n"));
  EXPECT_TRUE(has("pool9_wait_seconds_bucket{id=\"1\",name=\"w\",le=\"0.002048\"} 3\n"));
  EXPECT_TRUE(has("pool9_wait_seconds_bucket{id=\"1\",name=\"w\",le=\"1073.741824\"} 3\n"));
  EXPECT_TRUE(has("pool9_wait_seconds_bucket{id=\"1\",name=\"w\",le=\"+Inf\"} 7\n"));
  EXPECT_TRUE(has("pool9_wait_seconds_count{id=\"1\",name=\"w\"} 7\n"));
  EXPECT_TRUE(has("pool9_wait_seconds_sum{id=\"1\",name=\"w\"} 3.000000007\n"));
  EXPECT_TRUE(has("pool9_hard_limit_items{id=\"1\",name=\"w\"} +Inf\n"));
}

TEST(RenderAll, RendersEveryPoolThatHasBeenUsed) {
  pool used({.name = "used", .item_size = 64}), unused({.name = "never", .item_size = 64});
  void* const item = used.get();
  std::string text;
  EXPECT_TRUE(render_all(stats_format::table, append, &text));
  used.put(item);
  EXPECT_NE(text.find("  used  "), std::string::npos);
  EXPECT_EQ(text.find("never"), std::string::npos);
}

TEST(RenderAll, MayBeCalledFromPoolsThatGoAndMayEndThem) {
  struct both {
    std::unique_ptr<pool> p = std::make_unique<pool>(pool_options{.name = "gone", .item_size = 8});
    std::string text;
  } b;
  b.p->put(b.p->get());
  EXPECT_TRUE(render_all(
      stats_format::table,
      [](void* context, std::string_view line) {
        both& mine = *static_cast<both*>(context);
        mine.p.reset();
        append(&mine.text, line);
      },
      &b));
  EXPECT_NE(b.text.find("gone"), std::string::npos);
}

TEST(PoolPrintall, PrintsAllPoolsInEachFormatOnStandardOutput) {
  pool p({.name = "printed", .item_size = 64});
  p.put(p.get());
  const auto printed = [](const char* format) {
    stdout_capture captured;
    EXPECT_EQ(pool_printall(format), 0);
    return captured.text();
  };
  EXPECT_EQ(printed(nullptr).substr(0, 2), "ID");
  EXPECT_NE(printed("table").find("  printed  "), std::string::npos);
  EXPECT_NE(printed("json").find("\"name\": \"printed\""), std::string::npos);
  EXPECT_NE(printed("openmetrics").find("name=\"printed\""), std::string::npos);
  EXPECT_EQ(pool_printall("xml"), EINVAL);
}

}  // namespace
}  // namespace pool9::test
