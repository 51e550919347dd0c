// SPDX-License-Identifier: BSD-2-Clause
// How pages go back: many in one call, a call for each run where the system knows no better.
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "memory.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {
namespace {

const std::size_t page = base::os::page_size();

std::vector<void*> every_other(const std::vector<void*>& pages) {
  std::vector<void*> some;
  for (std::size_t i = 0; i < pages.size(); i += 2) some.push_back(pages[i]);
  return some;
}
void touch(const std::vector<void*>& pages) {
  for (void* p : pages) *static_cast<char*>(p) = 1;
}
std::vector<std::size_t> runs_of(const std::vector<system_call>& calls, const char* name) {
  std::vector<std::size_t> n;
  for (const system_call& c : calls)
    if (c.name == name && c.advice == sys::dont_need) n.push_back(c.n_runs);
  return n;
}
using counts = std::vector<std::size_t>;

TEST(MemoryReturn, ManyRunsTakeACall) {
  system_memory source;
  const std::vector<void*> pages = reserve(source, 500, page);
  touch(pages);
  call_log log;

  source.release_some(every_other(pages), page);

  EXPECT_EQ(runs_of(log.take(), "process_madvise"), counts{250});
  EXPECT_EQ(n_resident(pages), 250u);
  source.release_some(pages, page);  // those that went back are let be
  EXPECT_EQ(runs_of(log.take(), "process_madvise"), (counts{128, 122}));
}

TEST(MemoryReturn, NeighboursAreOneRunInWhateverOrder) {
  system_memory source;
  std::vector<void*> pages = reserve(source, 101, page);
  touch(pages);
  call_log log;
  std::swap(pages[0], pages[63]);
  std::swap(pages[7], pages[40]);

  source.release_some(std::span(pages).first(100), page);

  const std::vector<system_call> calls = log.take();
  ASSERT_EQ(runs_of(calls, "madvise"), counts{1});
  EXPECT_EQ(calls[0].bytes, 100 * page);
  EXPECT_EQ(n_resident(pages), 1u);
  source.release(pages[100], page);
}

TEST(MemoryReturn, GoesOnWhereThePartThatWasDoneEnds) {
  for (const int done : {1, 3, 99}) {
    system_memory source;
    const std::vector<void*> pages = reserve(source, 200, page);
    touch(pages);
    call_log log([=](const system_call& c) {
      return c.name == "process_madvise" && static_cast<int>(c.n_runs) > done ? -done : 0;
    });

    source.release_some(every_other(pages), page);

    EXPECT_EQ(n_resident(pages), 100u) << done;
    source.release_some(pages, page);
  }
}

/// What is remembered is remembered by the process, so by one of its own.
int with_old_system(int error) {
  system_memory source;
  const std::vector<void*> pages = reserve(source, 200, page);
  touch(pages);
  call_log log(refuse_from(1, "process_madvise", 0, error));

  source.release_some(every_other(pages), page);
  const std::vector<system_call> calls = log.take();
  if (runs_of(calls, "process_madvise").size() != 1) return 1;  // asked once, and never again
  if (runs_of(calls, "madvise") != counts(100, 1)) return 2;
  if (n_resident(pages) != 100) return 3;

  source.release_some(pages, page);
  return runs_of(log.take(), "process_madvise").empty() && n_resident(pages) == 0 ? 0 : 4;
}
TEST(MemoryReturnDeathTest, TakesACallForEachRunWhereTheSystemKnowsNoBetter) {
  for (const int error : {EINVAL, EPERM, ENOSYS, EBADF})
    EXPECT_EXIT(std::exit(with_old_system(error)), testing::ExitedWithCode(0), "") << error;
}

TEST(MemoryReturn, OneRefusalOfAnotherKindIsNotRemembered) {
  system_memory source;
  const std::vector<void*> pages = reserve(source, 200, page);
  touch(pages);
  {
    int n = 0;
    call_log log(
        [&](const system_call& c) { return c.name == "process_madvise" && ++n == 1 ? ENOMEM : 0; });
    source.release_some(every_other(pages), page);
    EXPECT_EQ(n, 2);
  }
  EXPECT_EQ(n_resident(pages), 100u);
  call_log log;
  source.release_some(pages, page);
  EXPECT_EQ(runs_of(log.take(), "process_madvise").size(), 1u);
}

// The thread sanitizer has mappings of its own for each of ours.
#if !defined(POOL9_TEST_THREAD_SANITIZED)
std::size_t n_mappings() {
  std::ifstream in("/proc/self/maps");
  std::size_t n = 0;
  for (std::string line; std::getline(in, line);) ++n;
  return n;
}
TEST(MemoryReturn, AMillionPagesAreFarFromTheLimitOfMappings) {
  constexpr std::size_t n = 1'000'000;
  system_memory source;
  const std::vector<void*> pages = reserve(source, n, page);
  ASSERT_EQ(pages.size(), n);
  EXPECT_LT(n_mappings(), 3000u);

  for (std::size_t i = 0; i < n; i += 1000) source.release(pages[i], page);  // in every other chunk
  EXPECT_LT(n_mappings(), 6000u);
  source.release_some(every_other(pages), page);
  EXPECT_LT(n_mappings(), 6000u);

  source.release_some(pages, page);
  EXPECT_LT(n_mappings(), 1000u);
}
#endif

}
}
