// SPDX-License-Identifier: BSD-2-Clause
// Sources of a program's own: their begin, their end, and a fork between.
#include <atomic>
#include <cerrno>
#include <thread>

#include "base/arena.hpp"
#include "memory.hpp"
#include "stress/sanitized.hpp"
#include "support/child.hpp"
#include "support/housekeeping.hpp"

namespace pool9::test {
namespace {

const std::size_t page = base::os::page_size();

constinit system_memory before_main{{.huge_pages = when::never, .numa_node = any_node}};

TEST(SystemMemory, IsMadeByTheCompilerAndTakesNothingBeforeItsFirstPage) {
  EXPECT_EQ(before_main.options().huge_pages, when::never);
  const std::size_t before = base::arena::bytes_out();
  call_log log;
  { const system_memory unused({.lock = true}); }
  EXPECT_EQ(log.take().size(), 0u);
  EXPECT_EQ(base::arena::bytes_out(), before);
}

TEST(SystemMemory, GivesEverythingBackAtItsEnd) {
  const std::size_t before = base::arena::bytes_out();
  std::vector<void*> pages;
  {
    system_memory source;
    for (const std::size_t bytes : {std::size_t{512}, page, 2 * page, chunk}) {
      const std::vector<void*> some = reserve(source, 700, bytes);
      source.release_some(some, bytes);
      pages.insert(pages.end(), some.begin(), some.end());
    }
  }
  for (void* p : pages) ASSERT_FALSE(is_mapped(p));
  EXPECT_EQ(base::arena::bytes_out(), before);
}

TEST(SystemMemory, ItsEndWithPagesOutIsMisuseAndTheyStay) {
  const report_catcher reports;
  void* p = nullptr;
  {
    system_memory source;
    p = source.allocate(page, now);
    *static_cast<char*>(p) = 7;
  }
  EXPECT_EQ(reports.only().kind, report_kind::misuse);
  EXPECT_EQ(reports.only().function, "~system_memory");
  EXPECT_EQ(reports.only().text,
            "~system_memory: 1 pages are out at its end, and stay\n"
            "  look at the pools over it: they end before it");
  EXPECT_EQ(*static_cast<char*>(p), 7);
  munmap(chunk_of(p), chunk);
}

TEST(SystemMemory, DoesNotMixItsPagesWithThoseOfOthers) {
  system_memory one, other;
  void* const a = one.allocate(page, now);
  void* const b = other.allocate(page, now);
  EXPECT_NE(chunk_of(a), chunk_of(b));

  other.release(a, page);  // not its own: let be
  *static_cast<char*>(a) = 1;
  void* const c = one.allocate(page, now);
  EXPECT_NE(c, a);
  one.release(a, page);
  one.release(c, page);
  other.release(b, page);
}

TEST(SystemMemory, FailsWhereThereIsNoMemoryForItsBooks) {
  static std::atomic<int> n_left{0};
  for (int n = 0; n < 8; ++n) {
    system_memory source({.huge_pages = when::always});
    n_left = n;
    base::arena::set_refusal([]() noexcept { return n_left.fetch_sub(1) <= 0; });
    void* p = source.allocate(page, now);
    base::arena::set_refusal(nullptr);
    if (p == nullptr) p = source.allocate(page, now);
    ASSERT_NE(p, nullptr) << n;
    source.release(p, page);
  }
}

TEST(SystemMemory, FailsWhereTheSystemMapsNothing) {
  for (int n = 1; n <= 3; ++n) {
    const std::size_t before = base::arena::bytes_out();
    {
      system_memory source;
      std::vector<void*> pages;
      {
        call_log log(refuse_from(n, "mmap", 0, ENOMEM));
        pages = reserve(source, 4 * chunk / page, page);
        EXPECT_EQ(pages.size() % (chunk / page), 0u);
        EXPECT_LT(pages.size(), 4 * chunk / page);
      }
      EXPECT_EQ(source.refusal().option, "") << "running out is no refusal of an option";
      source.release_some(pages, page);
    }
    EXPECT_EQ(base::arena::bytes_out(), before);
  }
}

TEST(SystemMemory, IsBornOnceWhateverThreadsCome) {
  for (int round = 0; round < 20; ++round) {
    const std::size_t before = base::arena::bytes_out();
    {
      system_memory source;
      std::vector<std::thread> threads;
      for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
          void* const p = source.allocate(page, now);
          *static_cast<char*>(p) = 1;
          source.release(p, page);
        });
      for (std::thread& t : threads) t.join();
    }
    EXPECT_EQ(base::arena::bytes_out(), before);
  }
}

// The thread sanitizer lets no thread start in such a child, and the pool needs housekeeping.
#if !defined(POOL9_TEST_THREAD_SANITIZED)
TEST(SystemMemory, WorksInTheChildOfAForkWhileOtherThreadsUseIt) {
  system_memory source;
  pool p({.name = "forked", .item_size = 64, .source = &source, .thread_cache = false});
  p.put(p.get());
  await_housekeeping();
  std::atomic<bool> ends{false};
  std::thread beside([&] {
    while (!ends) source.release_some(reserve(source, 100, page), page);
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(in_child([&] {
      return POOL9_HOLDS(source.allocate(page, now) != nullptr) &&
             POOL9_HOLDS(p.try_get() != nullptr);
    }));
  }
  ends = true;
  beside.join();
}
#endif

TEST(SystemSourceBasics, IsOneWithDefaults) {
  call_log log;
  void* const p = system_source().allocate(8 * page, now);
  for (const system_call& c : log.take())
    EXPECT_TRUE(c.name != "madvise" || c.advice == sys::no_huge_page);
  EXPECT_EQ(log.count("mlock2") + log.count("mbind") + log.count("mprotect"), 0u);
  system_source().release(p, 8 * page);
}

}
}
