// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "INITIALIZING A POOL": where items lie - align, align_offset and pagesz.
#include <cstdint>

#include "../support/c_pool.hpp"
#include "../support/report_catcher.hpp"

namespace {
using namespace pool9::test;

void expect_aligned(const std::vector<void*>& items, const c_options& o) {
  for (void* item : items) {
    ASSERT_TRUE(is_aligned(item, o.align, o.align_offset))
        << item << " size " << o.size << " align " << o.align << " offset " << o.align_offset;
  }
}

// "align: Specifies the memory address alignment of the items returned by pool_get()."
TEST(PoolInit, EveryItemIsAligned) {
  for (const std::size_t size : {1u, 7u, 24u, 100u, 1000u, 1024u, 3000u}) {
    for (unsigned align = 1; align <= 4096; align *= 2) {
      const c_options o{.size = size, .align = align, .pagesz = 0};
      c_pool p(o);
      auto items = get_n(p, 50);
      expect_aligned(items, o);
      EXPECT_TRUE(are_disjoint(items, size));
      put_all(p, items);
    }
  }
}

TEST(PoolInit, AlignMayExceedTheSystemPage) {
  for (unsigned align = 8192; align <= 1u << 20; align *= 4) {
    const c_options o{.size = 100, .align = align, .align_offset = 64, .pagesz = 0};
    c_pool p(o);
    auto items = get_n(p, 5);
    expect_aligned(items, o);
    EXPECT_TRUE(are_disjoint(items, 100));
    put_all(p, items);
  }
}

// "align_offset: The offset within an item to which the align parameter applies."
TEST(PoolInit, AlignAppliesAtAlignOffsetForEveryItem) {
  test_source source;
  for (const std::size_t size : {1u, 100u, 256u}) {
    for (unsigned align = 1; align <= 256; align *= 2) {
      for (unsigned offset = 0; offset <= align + 1; ++offset) {  // beyond align: reduced modulo it
        const c_options o{.size = size, .align = align, .align_offset = offset, .source = &source};
        c_pool p(o);
        auto items = get_n(p, 4096 / std::max<std::size_t>(size, align) + 1);
        expect_aligned(items, o);
        EXPECT_TRUE(are_disjoint(items, size));
        for (void* item : items) ASSERT_TRUE(source.holds(item, size)) << size << " " << offset;
        put_all(p, items);
      }
    }
  }
}

TEST(PoolInit, AlignOffsetHoldsInPagesOfThePoolsChoice) {
  for (const std::size_t size : {128u, 1024u, 4096u, 16384u}) {
    const c_options o{.size = size, .align = 64, .align_offset = 8, .pagesz = 0};
    c_pool p(o);
    auto items = get_n(p, 200);
    expect_aligned(items, o);
    EXPECT_TRUE(are_disjoint(items, size));
    put_all(p, items);
  }
}

// "If zero, the alignment defaults to a architecture-specific natural alignment."
TEST(PoolInit, NaturalAlignmentSuitsEveryTypeOfThatSize) {
  struct row {
    std::size_t size;
    std::size_t align;
  };
  for (const row r :
       {row{1, 1}, row{2, 2}, row{3, 4}, row{4, 4}, row{5, 8}, row{8, 8}, row{9, 8}, row{12, 8},
        row{16, 16}, row{24, 8}, row{48, 16}, row{100, 8}, row{4096, 16}}) {
    c_pool p({.size = r.size, .align = 0});
    auto items = get_n(p, 100);
    for (void* item : items) EXPECT_TRUE(is_aligned(item, r.align)) << "size " << r.size;
    EXPECT_EQ(p.stats().stride, (r.size + r.align - 1) / r.align * r.align);
    put_all(p, items);
  }
}

// "pagesz: The unit which is used to allocate additional memory to the pool."
// "The argument sz shall be a multiple of pagesz."
TEST(PoolInit, PagesOfTheGivenSizeAreAskedFor) {
  test_source source;
  for (const unsigned pagesz : {64u, 512u, 4096u, 65536u, 2097152u}) {
    c_pool p({.size = 16, .pagesz = pagesz, .source = &source});
    auto items = get_n(p, pagesz / 16 + 1);  // one more than a page holds

    EXPECT_EQ(source.live_pages(), 2u);
    EXPECT_EQ(source.last_call().bytes % pagesz, 0u);
    EXPECT_EQ(p.stats().page_size, pagesz);
    EXPECT_TRUE(are_disjoint(items, 16));
    put_all(p, items);
  }
}

TEST(PoolInit, PageSizeIsHonouredWithTheDefaultSourceToo) {
  for (const unsigned pagesz : {64u, 512u, 4096u, 65536u, 2097152u, 67108864u}) {
    c_pool p({.size = 48, .pagesz = pagesz});
    auto items = get_n(p, 300);

    EXPECT_EQ(p.stats().page_size, pagesz);
    for (void* item : items) {
      const auto offset = reinterpret_cast<std::uintptr_t>(item) % pagesz;
      EXPECT_LE(offset + 48, pagesz) << "items do not cross pages";
      std::memset(item, 1, 48);
    }
    put_all(p, items);
  }
}

TEST(PoolInit, PageSizeOfZeroIsChosenByThePool) {
  test_source source;
  for (const std::size_t size : {1u, 64u, 100u, 1024u, 3000u, 5000u, 16384u, 20000u, 300000u}) {
    c_pool p({.size = size, .pagesz = 0, .source = &source});
    auto items = get_n(p, 20);

    const std::uint64_t page = p.stats().page_size;
    EXPECT_GE(page, std::max<std::size_t>(size, 4096));
    EXPECT_EQ(page & (page - 1), 0u) << "a power of two";
    EXPECT_EQ(source.last_call().bytes, page);
    for (void* item : items) EXPECT_TRUE(source.holds(item, size));
    put_all(p, items);
  }
}

// The chosen page wastes an eighth of itself at most.
TEST(PoolInit, ChosenPagesWasteLittle) {
  for (std::size_t size = 16; size <= 20000; size += size / 7 + 1) {
    c_pool p({.size = size, .pagesz = 0});
    void* item = pool_get(p, PR_NOWAIT);
    const pool_stats s = p.stats();
    EXPECT_GE(s.total * s.stride * 8, s.pages * s.page_size * 7)
        << size << ": " << s.total << " items on " << s.pages << " pages of " << s.page_size;
    pool_put(p, item);
  }
}

TEST(PoolInit, PageMayHoldExactlyOneItem) {
  test_source source;
  for (const unsigned pagesz : {64u, 4096u, 65536u}) {
    c_pool p({.size = pagesz, .align = pagesz, .pagesz = pagesz, .source = &source});
    auto items = get_n(p, 5);
    EXPECT_EQ(source.live_pages(), 5u);
    for (void* item : items) EXPECT_TRUE(is_aligned(item, pagesz));
    put_all(p, items);
  }
}

TEST(PoolInit, PageMayBeAsSmallAsAnItem) {
  test_source source;
  for (const unsigned pagesz : {1u, 2u, 4u, 8u, 16u, 32u}) {
    for (test_source* from : {&source, static_cast<test_source*>(nullptr)}) {
      c_pool p({.size = pagesz, .pagesz = pagesz, .source = from});
      auto items = get_n(p, 100);
      EXPECT_TRUE(are_disjoint(items, pagesz)) << pagesz;
      EXPECT_EQ(p.stats().page_size, pagesz);
      put_all(p, items);
    }
  }
}

// "It must return pagesz aligned memory."
TEST(PoolInit, MisalignedPageIsReportedAndGivenBack) {
  test_source source;
  c_pool p({.size = 64, .wchan = "crooked", .source = &source});
  source.misalign(true);
  report_catcher caught;

  void* item = pool_get(p, PR_NOWAIT);

  EXPECT_EQ(item, nullptr);
  EXPECT_EQ(caught.n_reports(), 1u);
  ASSERT_GE(caught.n_reports(), 1u);
  EXPECT_NE(caught.reports()[0].kind, pool9::report_kind::warning);
  EXPECT_EQ(caught.reports()[0].pool, "crooked");
  EXPECT_NE(caught.reports()[0].address, nullptr);
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(source.n_releases(), 1u);
}

TEST(PoolInit, PoolWorksOnAfterAMisalignedPage) {
  test_source source;
  c_pool p({.size = 64, .source = &source});
  {
    report_catcher caught;
    source.misalign(true);
    EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
    EXPECT_EQ(pool_prime(p, 1, nullptr), ENOMEM);
  }
  source.succeed();

  auto items = get_n(p, 100);

  EXPECT_EQ(source.live_pages(), 2u);
  put_all(p, items);
}

// A page source that gives the same page again: reported, and the items on it stay whose they are.
void* the_page;
int n_released;
void* same_page_again(unsigned long, int, int) { return the_page; }
void release_it(void*, unsigned long, int) { ++n_released; }
TEST(PoolInit, PageThatIsGivenTwiceIsReported) {
  alignas(4096) static char page[4096];
  the_page = page;
  n_released = 0;
  struct pool p;
  pool_init(&p, 1024, 0, 0, 0, "twice", 4096, same_page_again, release_it, 0);
  auto items = get_n(&p, 4);
  report_catcher caught;

  EXPECT_EQ(pool_get(&p, PR_NOWAIT), nullptr);
  EXPECT_EQ(pool_prime(&p, 4, nullptr), ENOMEM);

  EXPECT_EQ(caught.n_reports(), 2u);
  for (const auto& said : caught.reports()) {
    EXPECT_NE(said.kind, pool9::report_kind::warning);
    EXPECT_EQ(said.address, page);
  }
  EXPECT_EQ(n_released, 0) << "it is in use";
  EXPECT_EQ(stats_of(&p).total, 4u);
  EXPECT_TRUE(are_disjoint(items, 1024));
  put_all(&p, items);
  pool_destroy(&p);
  EXPECT_EQ(n_released, 1);
}

}  // namespace
