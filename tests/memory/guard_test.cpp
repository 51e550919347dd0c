// SPDX-License-Identifier: BSD-2-Clause
// Guards behind pages.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "memory.hpp"

namespace pool9::test {
namespace {

const std::size_t page = base::os::page_size();

/// Refuses the system's own guards: mappings must do.
int without_guards(const system_call& c) { return c.advice == sys::guard_install ? EINVAL : 0; }

class MemoryGuard : public testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t bytes = GetParam();
  const std::size_t n = std::max<std::size_t>(3, 3 * chunk / 2 / (2 * std::max(bytes, page)));
};
using MemoryGuardDeathTest = MemoryGuard;

/// The child's end by whatever signal or report a sanitizer makes of a fault.
void write_behind(void* p, std::size_t bytes) {
  std::signal(SIGSEGV, SIG_DFL);
  static_cast<volatile char*>(p)[bytes] = 1;
  std::exit(0);
}

TEST_P(MemoryGuard, PagesAreWholeAndAligned) {
  for (const bool old : {false, true}) {
    system_memory source({.guard_pages = true});
    call_log log(old ? call_log::rule(without_guards) : call_log::rule());
    const std::vector<void*> pages = reserve(source, n, bytes);
    ASSERT_EQ(pages.size(), n);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(number(pages[i]) % bytes, 0u);
      std::memset(pages[i], static_cast<int>(i % 251), bytes);
    }
    for (std::size_t i = 0; i < n; ++i)
      EXPECT_EQ(static_cast<unsigned char*>(pages[i])[bytes - 1], i % 251);

    EXPECT_EQ(log.count("mprotect") != 0, old);
    source.release_some(pages, bytes);
    EXPECT_TRUE(bytes < page || n_resident(pages) == 0);
  }
}

TEST_P(MemoryGuardDeathTest, AnOverrunFaults) {
  for (const bool old : {false, true}) {
    system_memory source({.guard_pages = true});
    std::vector<void*> pages;
    {
      call_log log(old ? call_log::rule(without_guards) : call_log::rule());
      pages = reserve(source, n, bytes);
    }
    source.release(pages[1], bytes);
    pages[1] = source.allocate(bytes, now);  // guards stay
    for (void* p : {pages[0], pages[1], pages[n - 1]})
      EXPECT_EXIT(write_behind(p, bytes), testing::KilledBySignal(SIGSEGV), "") << old;
    source.release_some(pages, bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(BelowAtAndAboveASystemPageAndAChunk, MemoryGuard,
                         testing::Values(64, 512, 4096, 65536, 1 << 20, 2 << 20, 4 << 20));
INSTANTIATE_TEST_SUITE_P(BelowAtAndAboveASystemPageAndAChunk, MemoryGuardDeathTest,
                         testing::Values(64, 4096, 65536, 1 << 20, 2 << 20));

TEST(MemoryGuards, AreOneCallForManyWhereTheSystemHasThem) {
  system_memory source({.guard_pages = true});
  call_log log;
  void* const p = source.allocate(page, now);
  if (log.count("mprotect") != 0) {
    source.release(p, page);
    GTEST_SKIP() << "the system has no guards of its own";
  }
  EXPECT_EQ(log.count("process_madvise", sys::guard_install), chunk / (2 * page) / 256);
  EXPECT_EQ(log.count("madvise", sys::huge_page), 0u);
  source.release(p, page);
}

TEST(MemoryGuards, NoPageIsGivenWithout) {
  for (const std::size_t bytes : {page, chunk}) {
    const report_catcher reports;
    system_memory source({.guard_pages = true});
    {
      call_log log(
          [](const system_call& c) { return c.name == "mprotect" ? ENOMEM : without_guards(c); });
      EXPECT_EQ(source.allocate(bytes, now), nullptr);
      EXPECT_EQ(source.allocate(bytes, now), nullptr);
      EXPECT_LT(log.n_mapped(), chunk) << "but for the books";
    }
    EXPECT_EQ(source.refusal().option, "guard_pages");
    EXPECT_EQ(source.refusal().error, ENOMEM);
    EXPECT_EQ(reports.n_reports(), 1u);

    void* const p = source.allocate(bytes, now);
    EXPECT_NE(p, nullptr);
    source.release(p, bytes);
  }
}

}
}
