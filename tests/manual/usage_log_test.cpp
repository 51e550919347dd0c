// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "DIAGNOSTICS": the usage log.  This file is one that was compiled with POOL_DIAGNOSTIC.
#define POOL_DIAGNOSTIC
#include <sys/pool.h>

#include <cstring>
#include <string>
#include <vector>

#include "../support/report_catcher.hpp"
#include "../support/stdout_capture.hpp"

namespace {
using namespace pool9::test;

constexpr const char* this_file = "usage_log_test.cpp";

/// A pool without any flag: the log belongs to the callers.
struct logged_pool {
  explicit logged_pool(int flags = 0) {
    pool_init(&p, 64, 0, 0, flags, "logged", 0, nullptr, nullptr, 0);
  }
  ~logged_pool() { pool_destroy(&p); }
  std::string log() {
    stdout_capture capture;
    pool_print(&p, "l");
    return capture.text();
  }
  struct pool p;
};

std::string address_text(const void* p) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", p);
  return text;
}

/// The line of `text` that holds every one of `parts`, or "".
std::string line_with(const std::string& text, const std::vector<std::string>& parts) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    const std::string line = text.substr(begin, end - begin);
    bool has_all = true;
    for (const std::string& part : parts) has_all &= line.find(part) != std::string::npos;
    if (has_all) return line;
    begin = end + 1;
  }
  return "";
}

// "Pool usage logs can be enabled by defining the compile-time option POOL_DIAGNOSTIC."
TEST(PoolDiagnostics, LogHoldsFileLineActionAndAddress) {
  logged_pool l;
  const int get_line = __LINE__ + 1;
  void* item = pool_get(&l.p, PR_NOWAIT);
  const int put_line = __LINE__ + 1;
  pool_put(&l.p, item);

  const std::string log = l.log();

  EXPECT_NE(line_with(log, {"get", address_text(item), this_file, std::to_string(get_line)}), "")
      << log;
  EXPECT_NE(line_with(log, {"put", address_text(item), this_file, std::to_string(put_line)}), "")
      << log;
}

TEST(PoolDiagnostics, LogIsPrintedOldestFirst) {
  logged_pool l;
  void* item = pool_get(&l.p, PR_NOWAIT);
  pool_put(&l.p, item);

  const std::string log = l.log();

  const std::string get = line_with(log, {"get", this_file});
  const std::string put = line_with(log, {"put", this_file});
  ASSERT_TRUE(!get.empty() && !put.empty()) << log;
  EXPECT_LT(log.find(get), log.find(put)) << log;
}

TEST(PoolDiagnostics, LogKeepsAtLeastTheLastTenCalls) {
  logged_pool l;
  std::vector<void*> items;
  for (int i = 0; i < 100; ++i) items.push_back(pool_get(&l.p, PR_NOWAIT));

  const std::string log = l.log();

  for (std::size_t i = 90; i < 100; ++i)
    EXPECT_NE(line_with(log, {"get", address_text(items[i])}), "") << i << " in\n" << log;
  for (void* item : items) pool_put(&l.p, item);
}

TEST(PoolDiagnostics, LogIsPrintedOnlyWhenAskedFor) {
  logged_pool l;
  pool_put(&l.p, pool_get(&l.p, PR_NOWAIT));
  stdout_capture capture;
  pool_print(&l.p, "");
  EXPECT_EQ(capture.text().find(this_file), std::string::npos);
}

TEST(PoolDiagnostics, EveryReportAboutThePoolShowsItsLog) {
  logged_pool l;
  const int first_put = __LINE__ + 2;
  void* item = pool_get(&l.p, PR_NOWAIT);
  pool_put(&l.p, item);
  report_catcher caught;
  void* volatile again = item;

  const int second_put = __LINE__ + 1;
  pool_put(&l.p, again);

  const auto said = caught.only();
  EXPECT_EQ(said.function, "pool_put");
  EXPECT_NE(said.file.find(this_file), std::string::npos);
  EXPECT_EQ(said.line, second_put);
  EXPECT_NE(line_with(said.text, {"put", address_text(item), this_file, std::to_string(first_put)}),
            "")
      << said.text;
}

TEST(PoolDiagnostics, FailedGetsAreNotInTheLog) {
  logged_pool l;
  ASSERT_EQ(pool_sethardlimit(&l.p, 0, nullptr, 0), 0);
  EXPECT_EQ(pool_get(&l.p, PR_NOWAIT), nullptr);
  EXPECT_EQ(l.log().find(this_file), std::string::npos);
}

// PR_LOGGING asks for all that diagnostics know, of callers that know nothing of it, too.
TEST(PoolDiagnostics, LoggingFlagGivesFullDiagnostics) {
  report_catcher caught;
  logged_pool l(PR_LOGGING);
  auto* const item = static_cast<char*>((pool_get)(&l.p, PR_NOWAIT));
  char* volatile beyond = item + 64;
  const char before = *beyond;
  *beyond = 'x';
  (pool_put)(&l.p, item);
  EXPECT_EQ(caught.only().misuse, pool9::misuse_kind::overrun);
  EXPECT_TRUE(caught.only().knows_get);
  *beyond = before;
  caught.clear();
  (pool_put)(&l.p, item);
  EXPECT_EQ(caught.n_reports(), 0u);
}

TEST(PoolDiagnostics, ReportOfWhatIsHeldGroupsItByPlace) {
  logged_pool l(PR_LOGGING);
  void* const old = pool_get(&l.p, PR_NOWAIT);
  void* const first = pool_get(&l.p, PR_NOWAIT);
  const int line = __LINE__ - 1;

  stdout_capture capture;
  EXPECT_EQ(pool_report_held(&l.p, 0), 2u);
  EXPECT_EQ(pool_report_held(&l.p, 3600), 0u);
  const std::string text = capture.text();
  EXPECT_NE(line_with(text, {"2 of 2 items are out"}), "") << text;
  EXPECT_NE(line_with(text, {"1 got at", this_file, std::to_string(line)}), "") << text;
  EXPECT_NE(line_with(text, {"0 of 2 items are out"}), "") << text;
  pool_put(&l.p, old);
  pool_put(&l.p, first);
}

TEST(PoolDiagnostics, LoggingFlagKeepsWhatFits) {
  constexpr int n = 100;
  alignas(64) static char storage[POOL_STORAGE_SIZE(64, n)];
  struct pool in_storage, in_pages;
  pool_init(&in_storage, 64, 0, 0, PR_LOGGING | PR_STATIC, "stored", 0, nullptr, nullptr, 0);
  EXPECT_EQ(pool_prime(&in_storage, n, storage), 0);
  std::vector<void*> items;
  for (int i = 0; i < n; ++i) items.push_back((pool_get)(&in_storage, PR_NOWAIT));
  for (void* item : items) {
    ASSERT_NE(item, nullptr);
    (pool_put)(&in_storage, item);
  }
  pool_destroy(&in_storage);
  pool_init(&in_pages, 4096, 0, 0, PR_LOGGING, "paged", 4096, nullptr, nullptr, 0);
  void* const item = (pool_get)(&in_pages, PR_NOWAIT);
  std::memset(item, 0, 4096);
  (pool_put)(&in_pages, item);
  pool_destroy(&in_pages);
}

// PR_LOGGING asks for the log of callers that know nothing of it.
TEST(PoolDiagnostics, LoggingFlagLogsOrdinaryCallers) {
  logged_pool l(PR_LOGGING);
  void* item = (pool_get)(&l.p, PR_NOWAIT);  // the function, not the macro
  void* volatile hidden = item;
  (pool_put)(&l.p, hidden);

  const std::string log = l.log();

  EXPECT_NE(line_with(log, {"get", address_text(item)}), "") << log;
  EXPECT_NE(line_with(log, {"put", address_text(item)}), "") << log;
}

}  // namespace
