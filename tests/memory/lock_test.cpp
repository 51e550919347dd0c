// SPDX-License-Identifier: BSD-2-Clause
// "This memory is there and stays there."
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "memory.hpp"

namespace pool9::test {
namespace {

const std::size_t page = base::os::page_size();

/// Whether the system lets the tests lock so much.
bool may_lock(std::size_t bytes) {
  rlimit most{};
  return geteuid() == 0 || (getrlimit(RLIMIT_MEMLOCK, &most) == 0 && most.rlim_cur >= bytes);
}
#define POOL9_NEEDS_LOCKING(bytes) \
  if (!may_lock(bytes)) GTEST_SKIP() << "RLIMIT_MEMLOCK is too low"

TEST(MemoryLock, IsAskedForEachChunkAsItsPagesComeToBeResident) {
  POOL9_NEEDS_LOCKING(4 * chunk);
  system_memory source({.lock = true});
  call_log log;
  const std::vector<void*> pages = reserve(source, chunk / page + 1, page);

  std::size_t n_locks = 0;
  for (const system_call& c : log.take()) {
    if (c.name != "mlock2") continue;
    ++n_locks;
    EXPECT_EQ(c.bytes, chunk);
    EXPECT_EQ(c.advice, 1);  // MLOCK_ONFAULT
  }
  EXPECT_EQ(n_locks, 2u);
  source.release_some(pages, page);
}

TEST(MemoryLock, PagesAreThereAndStayThere) {
  POOL9_NEEDS_LOCKING(4 * chunk);
  system_memory source({.lock = true});
  const std::vector<void*> pages = reserve(source, 40, page);

  EXPECT_EQ(n_resident(pages), 40u);
  EXPECT_EQ(smaps_kib(pages[0], "Locked"), 40 * page / 1024);
  EXPECT_NE(smaps(pages[0], "VmFlags").find(" lo"), std::string::npos);
  source.release_some(pages, page);
}

TEST(MemoryLock, PagesThatGoBackTakeNoMemory) {
  POOL9_NEEDS_LOCKING(4 * chunk);
  system_memory source({.lock = true});
  const std::vector<void*> pages = reserve(source, 40, page);
  call_log log;
  source.release_some(std::span(pages).first(30), page);

  EXPECT_EQ(log.count("madvise", sys::dont_need_locked), 1u);
  EXPECT_EQ(log.count("madvise", sys::dont_need), 0u);
  EXPECT_EQ(n_resident(pages), 10u);

  const std::vector<void*> again = reserve(source, 30, page);
  EXPECT_EQ(n_resident(again), 30u) << "they are there again before they are given";
  source.release_some(pages, page);
}

TEST(MemoryLock, PagesStayWhereTheSystemWillNotTakeLockedMemoryBack) {
  POOL9_NEEDS_LOCKING(4 * chunk);
  system_memory source({.lock = true});
  const std::vector<void*> pages = reserve(source, 40, page);
  {
    call_log log(refuse_from(1, "madvise", sys::dont_need_locked, EINVAL));
    source.release_some(std::span(pages).first(30), page);
  }
  EXPECT_EQ(n_resident(pages), 40u);
  const std::vector<void*> again = reserve(source, 30, page);
  EXPECT_EQ(again.size(), 30u);
  source.release_some(pages, page);
  EXPECT_EQ(n_resident(pages), 0u) << "where it will, they go";
}

TEST(MemoryLock, NoPageIsGivenThatTheSystemWillNotLock) {
  POOL9_NEEDS_LOCKING(4 * chunk);
  for (const int error : {EPERM, ENOMEM, EAGAIN, ENOSYS}) {
    for (int n = 1; n <= 3; ++n) {
      const report_catcher reports;
      system_memory source({.lock = true});
      const auto in_a_chunk = chunk / (64 * page);
      std::vector<void*> pages;
      {
        call_log log(refuse_from(n, "mlock2", 0, error));
        pages = reserve(source, 4 * in_a_chunk, 64 * page);
        EXPECT_EQ(source.allocate(4 * chunk, now), nullptr);
        EXPECT_LT(log.n_mapped() - pages.size() * 64 * page, chunk) << "but for the books";
      }
      EXPECT_EQ(pages.size(), in_a_chunk * static_cast<std::size_t>(n - 1));
      EXPECT_EQ(source.refusal().option, "lock");
      EXPECT_EQ(source.refusal().call, "mlock2");
      EXPECT_EQ(source.refusal().error, error);
      EXPECT_EQ(reports.n_reports(), 1u) << "told once";
      EXPECT_EQ(reports.n_reports(report_kind::warning), 1u);
      source.release_some(pages, 64 * page);
    }
  }
}

TEST(MemoryLock, RefusedIsAnOrdinaryFailureOfThePool) {
  const report_catcher reports;
  system_memory source({.lock = true});
  pool p({.name = "locked", .item_size = 64, .source = &source});
  {
    call_log log(refuse_from(1, "mlock2", 0, ENOMEM));
    EXPECT_EQ(p.try_get(), nullptr);
    EXPECT_FALSE(p.prime(1));
  }
  EXPECT_EQ(reports.only().text, "system_memory: lock: the system refused mlock2 (ENOMEM, " +
                                     std::to_string(ENOMEM) +
                                     "); no page is given without\n"
                                     "  look at RLIMIT_MEMLOCK: ulimit -l");
  EXPECT_EQ(p.stats().source_fails, 2u);
}

TEST(MemoryLock, HasNoHugePagesUnlessTheyAreAlwaysWanted) {
  POOL9_NEEDS_LOCKING(32 * chunk);
  system_memory source({.huge_pages = when::automatic, .lock = true});
  call_log log;
  const std::vector<void*> pages = reserve(source, 10 * chunk / page, page);
  EXPECT_EQ(pages.size(), 10 * chunk / page);
  EXPECT_EQ(log.count("madvise", sys::huge_page), 0u);
  source.release_some(pages, page);
}

}
}
