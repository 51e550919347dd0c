// SPDX-License-Identifier: BSD-2-Clause
// Huge pages: who gets them, and how they go back in parts.
#include <cerrno>

#include "memory.hpp"

namespace pool9::test {
namespace {

const std::size_t page = base::os::page_size();
constexpr std::size_t huge_from = std::size_t{16} << 20;

std::size_t n_whole(const std::vector<system_call>& calls, int advice) {
  std::size_t n = 0;
  for (const system_call& c : calls)
    if (c.name == "madvise" && c.advice == advice && c.bytes == chunk &&
        number(c.start) % chunk == 0)
      ++n;
  return n;
}

TEST(MemoryHuge, SmallPoolsNeverGetOne) {
  system_memory source({.huge_pages = when::automatic});
  call_log log;
  const std::vector<void*> pages = reserve(source, huge_from / page, page);

  const std::vector<system_call> calls = log.take();
  EXPECT_EQ(n_whole(calls, sys::no_huge_page), huge_from / chunk);
  EXPECT_EQ(n_whole(calls, sys::huge_page), 0u);
  source.release_some(pages, page);
}

TEST(MemoryHuge, ComeForWhatIsMappedBeyondSixteenMebibytes) {
  system_memory source({.huge_pages = when::automatic});
  std::vector<void*> pages = reserve(source, huge_from / page, page);
  call_log log;
  const std::vector<void*> more = reserve(source, 2 * chunk / page, page);

  const std::vector<system_call> calls = log.take();
  EXPECT_EQ(n_whole(calls, sys::huge_page), 2u);
  EXPECT_EQ(n_whole(calls, sys::no_huge_page), 0u);
  source.release_some(pages, page);
  source.release_some(more, page);
}

TEST(MemoryHuge, OfOnePageSizeDoNotMakeAnotherOneHuge) {
  system_memory source({.huge_pages = when::automatic});
  const std::vector<void*> pages = reserve(source, huge_from / page, page);
  call_log log;
  void* const other = source.allocate(4 * page, now);

  EXPECT_EQ(n_whole(log.take(), sys::huge_page), 0u);
  source.release(other, 4 * page);
  source.release_some(pages, page);
}

TEST(MemoryHuge, AreBrokenUpOnceAndBeforeTheFirstPartGoesBack) {
  system_memory source({.huge_pages = when::always});
  const std::vector<void*> pages = reserve(source, chunk / page, page);
  call_log log;

  source.release(pages[5], page);
  source.release(pages[9], page);

  const std::vector<system_call> calls = log.take();
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0].advice, sys::cold);
  EXPECT_EQ(calls[0].start, chunk_of(pages[5]));
  EXPECT_EQ(calls[0].bytes, page);
  EXPECT_EQ(calls[1].advice, sys::no_huge_page);
  EXPECT_EQ(calls[1].bytes, chunk);
  EXPECT_EQ(calls[2].advice, sys::dont_need);
  EXPECT_EQ(calls[2].start, pages[5]);
  EXPECT_EQ(calls[3].advice, sys::dont_need);
  source.release_some(pages, page);
}

TEST(MemoryHuge, AreThereAndGoneInTheSystemsBooks) {
  if (!has_huge_pages()) GTEST_SKIP() << "the system has no transparent huge pages";
  system_memory source({.huge_pages = when::always});
  const std::vector<void*> pages = reserve(source, chunk / page, page);
  *static_cast<char*>(pages[0]) = 1;
  if (smaps_kib(pages[0], "AnonHugePages") < chunk / 1024) {
    source.release_some(pages, page);
    GTEST_SKIP() << "the system has no huge page left";
  }

  source.release_some(std::span(pages).subspan(100, 300), page);

  EXPECT_EQ(smaps_kib(pages[0], "AnonHugePages"), 0u);
  EXPECT_EQ(n_resident(pages), pages.size() - 300);
  EXPECT_NE(smaps(pages[0], "VmFlags").find(" nh"), std::string::npos);
  source.release_some(pages, page);
}

TEST(MemoryHuge, NeverIsTheDefaultAndMeansNever) {
  system_memory source;
  call_log log;
  const std::vector<void*> pages = reserve(source, huge_from / page + 1, page);
  void* const large = source.allocate(chunk, now);

  EXPECT_EQ(log.count("madvise", sys::huge_page), 0u);
  EXPECT_EQ(log.count("madvise", sys::no_huge_page), huge_from / chunk + 2);
  source.release(large, chunk);
  source.release_some(pages, page);
}

TEST(MemoryHuge, AutomaticTakesARefusalAtAnyTimeInSilence) {
  const report_catcher reports;
  for (int n = 1; n <= 3; ++n) {
    system_memory source({.huge_pages = when::automatic});
    call_log log(refuse_from(n, "madvise", sys::huge_page, EINVAL));
    const std::vector<void*> pages = reserve(source, (huge_from + 3 * chunk) / page, page);
    EXPECT_EQ(pages.size(), (huge_from + 3 * chunk) / page);
    EXPECT_EQ(log.n_refused(), 4 - n);
    EXPECT_EQ(source.refusal().option, "");

    log.take();
    for (std::size_t i = huge_from / page; i < pages.size(); i += 17)
      source.release(pages[i], page);
    EXPECT_EQ(log.count("madvise", sys::cold), static_cast<std::size_t>(n) - 1) << "whole ones";
    source.release_some(pages, page);
  }
  EXPECT_EQ(reports.n_reports(), 0u);
}

TEST(MemoryHuge, AlwaysSaysWhatItCannotHaveAndGoesOn) {
  const report_catcher reports;
  system_memory source({.huge_pages = when::always});
  call_log log(refuse_from(1, "madvise", sys::huge_page, EINVAL));

  const std::vector<void*> pages = reserve(source, 3 * chunk / page, page);

  EXPECT_EQ(pages.size(), 3 * chunk / page);
  EXPECT_EQ(source.refusal().option, "huge_pages");
  EXPECT_EQ(source.refusal().call, "madvise");
  EXPECT_EQ(source.refusal().error, EINVAL);
  EXPECT_EQ(reports.only().kind, report_kind::warning);
  EXPECT_EQ(reports.only().text, "system_memory: huge_pages: the system refused madvise (EINVAL, " +
                                     std::to_string(EINVAL) +
                                     "); pages are given without\n"
                                     "  look at /sys/kernel/mm/transparent_hugepage/enabled");
  source.release_some(pages, page);
}

}
}
