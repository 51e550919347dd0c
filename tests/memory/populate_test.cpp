// SPDX-License-Identifier: BSD-2-Clause
// What is resident when it is given.
#include <cerrno>
#include <cstdlib>

#include "memory.hpp"

namespace pool9::test {
namespace {

const std::size_t page = base::os::page_size();

std::vector<void*> grow(page_source& s, std::size_t n, std::size_t bytes) {
  std::vector<void*> pages(n);
  pages.resize(s.allocate_some(pages, bytes, now));
  return pages;
}

TEST(MemoryPopulate, WhatAGrowingPoolTakesIsResident) {
  system_memory source;
  call_log log;
  const std::vector<void*> pages = grow(source, 40, page);

  EXPECT_EQ(n_resident(pages), 40u);
  EXPECT_EQ(log.count("madvise", sys::populate_write), 1u);
  source.release_some(pages, page);
}

TEST(MemoryPopulate, ASinglePageOrAReserveIsResidentWhereItIsTouched) {
  system_memory source;
  call_log log;
  std::vector<void*> pages = reserve(source, 40, page);
  pages.push_back(source.allocate(page, now));
  pages.push_back(grow(source, 1, page)[0]);

  EXPECT_EQ(n_resident(pages), 0u);
  EXPECT_EQ(log.count("madvise", sys::populate_write), 0u);
  source.release_some(pages, page);
}

TEST(MemoryPopulate, SinglePagesBetweenOthersAreNotWorthACall) {
  system_memory source;
  std::vector<void*> pages = reserve(source, 64, page);
  for (std::size_t i = 0; i < 20; i += 2) source.release(pages[i], page);
  call_log log;

  const std::vector<void*> again = grow(source, 10, page);

  EXPECT_EQ(n_resident(again), 0u);
  EXPECT_EQ(log.take().size(), 0u);
  source.release_some(pages, page);
}

TEST(MemoryPopulate, NeverMeansNever) {
  system_memory source({.populate = when::never});
  const std::vector<void*> pages = grow(source, 40, page);
  EXPECT_EQ(n_resident(pages), 0u);
  source.release_some(pages, page);
}

TEST(MemoryPopulate, AlwaysMeansEveryPage) {
  for (const std::size_t bytes : {std::size_t{512}, page, 4 * page, chunk, 2 * chunk}) {
    system_memory source({.populate = when::always});
    std::vector<void*> pages = reserve(source, 3, bytes);
    pages.push_back(source.allocate(bytes, now));
    EXPECT_EQ(n_resident(pages), 4u) << bytes;
    for (void* p : pages) EXPECT_TRUE(is_resident(static_cast<char*>(p) + bytes - 1)) << bytes;
    source.release_some(pages, bytes);
  }
}

TEST(MemoryPopulate, AlwaysMakesWhatIsPrimedResident) {
  system_memory source({.populate = when::always});
  pool p({.name = "populated", .item_size = page, .align = page, .source = &source});
  ASSERT_TRUE(p.prime(100));
  std::vector<void*> items(100);
  ASSERT_TRUE(p.try_get_bulk(items));

  EXPECT_EQ(n_resident(items), 100u);
  p.put_bulk(items);
}

TEST(MemoryPopulate, AlwaysGivesNoPageWithoutMemory) {
  for (int n = 1; n <= 3; ++n) {
    const report_catcher reports;
    system_memory source({.populate = when::always});
    pool p({.name = "unpopulated", .item_size = page, .align = page, .source = &source});
    std::vector<void*> items;
    {
      call_log log(refuse_from(n, "madvise", sys::populate_write, ENOMEM));
      while (void* const item = p.try_get()) items.push_back(item);
      EXPECT_EQ(items.size(), static_cast<std::size_t>(n) - 1);
      EXPECT_FALSE(p.prime(10));
    }
    EXPECT_EQ(source.refusal().option, "populate");
    EXPECT_EQ(source.refusal().error, ENOMEM);
    EXPECT_EQ(reports.only().kind, report_kind::warning);
    EXPECT_NE(reports.only().text.find("no page is given without"), std::string::npos);

    EXPECT_TRUE(p.prime(10)) << "with memory again";
    EXPECT_EQ(p.check(), "");
    p.put_bulk(items);
  }
}

TEST(MemoryPopulate, AutomaticTakesARefusalInSilence) {
  const report_catcher reports;
  system_memory source;
  call_log log(refuse_from(1, "madvise", sys::populate_write, ENOMEM));
  const std::vector<void*> pages = grow(source, 40, page);

  EXPECT_EQ(pages.size(), 40u);
  EXPECT_EQ(log.n_refused(), 1);
  EXPECT_EQ(source.refusal().option, "");
  EXPECT_EQ(reports.n_reports(), 0u);
  source.release_some(pages, page);
}

int with_old_system() {
  system_memory source({.populate = when::always});
  call_log log(refuse_from(1, "madvise", sys::populate_write, EINVAL));
  const std::vector<void*> pages = reserve(source, 700, page);
  if (n_resident(pages) != 700 || log.n_refused() != 1) return 1;
  source.release_some(pages, page);
  return 0;
}
TEST(MemoryPopulateDeathTest, IsDoneByTouchingWhereTheSystemKnowsNoBetter) {
  EXPECT_EXIT(std::exit(with_old_system()), testing::ExitedWithCode(0), "");
}

TEST(MemoryPopulate, APoolsUnusedResidentMemoryIsAnEighthOfTheUsedAtMost) {
  system_memory source;
  pool p({.name = "overshoot", .item_size = 64, .source = &source, .thread_cache = false});
  std::vector<void*> items;
  for (std::size_t n = 1; n <= 100'000; ++n) {
    items.push_back(p.get());
    *static_cast<char*>(items.back()) = 1;
    if (n % 9973 != 0) continue;
    const std::size_t used = (n * 64 + page - 1) / page, here = p.stats().pages;
    EXPECT_LE(here, used + used / 8 + 1) << n;
  }
  p.put_bulk(items);
}

}
}
