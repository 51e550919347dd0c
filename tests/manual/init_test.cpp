// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "INITIALIZING A POOL": what pool_init() promises about items, pages and their source.
#include <climits>
#include <memory>

#include "../support/c_pool.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "The function pool_init() initializes a resource pool."
TEST(PoolInit, MakesAPoolOutOfAnyStruct) {
  struct pool p;
  std::memset(&p, 0xa5, sizeof p);

  pool_init(&p, 64, 0, 0, 0, "garbage", 0, nullptr, nullptr, 0);
  void* item = pool_get(&p, PR_NOWAIT);

  EXPECT_NE(item, nullptr);
  pool_put(&p, item);
  pool_destroy(&p);
}

TEST(PoolInit, AsksForNoMemory) {
  test_source source;
  c_pool p({.source = &source});
  EXPECT_EQ(source.n_calls(), 0u);
}

TEST(PoolInit, CanFollowADestroy) {
  struct pool p;
  for (const std::size_t size : {16u, 512u, 40u}) {
    init(&p, {.size = size});
    auto items = get_n(&p, 10);
    EXPECT_TRUE(are_disjoint(items, size));
    EXPECT_EQ(stats_of(&p).item_size, size);
    put_all(&p, items);
    pool_destroy(&p);
  }
}

// "pp: The handle identifying the pool resource instance."
TEST(PoolInit, HandlesIdentifyIndependentPools) {
  const std::size_t n = 300;
  auto pools = std::make_unique<struct pool[]>(n);
  std::vector<void*> items;

  for (std::size_t i = 0; i < n; ++i) {
    init(&pools[i], {.size = 8 + i});
    items.push_back(pool_get(&pools[i], PR_NOWAIT));
  }

  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_EQ(stats_of(&pools[i]).out, 1u);
    EXPECT_EQ(pools[i].pr_size, 8 + i);  // historic callers read it
    pool_put(&pools[i], items[i]);
    pool_destroy(&pools[i]);
  }
}

// "size: Specifies the size of the memory items managed by the pool."
TEST(PoolInit, EveryByteOfAnItemIsItsOwn) {
  for (const std::size_t size :
       {1u, 2u, 3u, 5u, 8u, 24u, 100u, 333u, 1024u, 2049u, 4096u, 5000u, 16384u, 70000u}) {
    c_pool p({.size = size, .pagesz = 0});
    auto items = get_n(p, 40);

    for (std::size_t i = 0; i < items.size(); ++i)
      std::memset(items[i], static_cast<int>(i + 1), size);

    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::vector<char> expected(size, static_cast<char>(i + 1));
      EXPECT_EQ(std::memcmp(items[i], expected.data(), size), 0) << "size " << size;
    }
    put_all(p, items);
  }
}

// "flags: Should be set to zero."  So zero must be enough for everything, storage included.
TEST(PoolInit, FlagsOfZeroServePagesAndStorageAlike) {
  alignas(16) static char storage[POOL_STORAGE_SIZE(100, 5)];
  c_pool p({.size = 100, .flags = 0, .pagesz = 0});

  EXPECT_EQ(pool_prime(p, 5, storage), 0);
  EXPECT_EQ(pool_prime(p, 5, nullptr), 0);
  auto items = get_n(p, 10);

  EXPECT_TRUE(are_disjoint(items, 100));
  put_all(p, items);
}

// "wchan: The `wait channel' passed on to tsleep(9) if pool_get() must wait for items to be
// returned to the pool."
TEST(PoolInit, WhoWaitsIsSeenUnderTheWaitChannel) {
  c_pool p({.wchan = "vnodepl"});
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_WAITOK);

  auto waiting = start_waiting(p);
  const pool_stats seen = p.stats();

  EXPECT_STREQ(seen.name, "vnodepl");
  EXPECT_EQ(seen.waiters, 1u);
  pool_put(p, item);
  pool_put(p, waiting->result());
}

TEST(PoolInit, WaitChannelIsCopiedAndCutAt31Bytes) {
  char wchan[] = "a wait channel of more than thirty-one bytes";
  c_pool p({.wchan = wchan});
  std::memset(wchan, 'x', sizeof wchan - 1);
  EXPECT_STREQ(p.stats().name, "a wait channel of more than thi");
}

// "palloc is called to add additional memory if the pool is depleted."
TEST(PoolInit, PallocIsCalledOnlyWhenThePoolIsDepleted) {
  test_source source;
  c_pool p({.size = 1024, .pagesz = 4096, .source = &source});

  for (std::size_t n = 1; n <= 12; ++n) {
    auto items = get_n(p, n);
    EXPECT_EQ(source.n_calls(), (n + 3) / 4) << "four items to a page";
    EXPECT_TRUE(are_disjoint(items, 1024));
    for (void* item : items) EXPECT_TRUE(source.holds(item, 1024));
    put_all(p, items);
  }
}

// "prelease is called to release pages back to the system."
TEST(PoolInit, PreleaseGetsEveryPageBackAsPallocGaveIt) {
  test_source source;  // its destructor checks addresses, sizes and that nothing stays
  {
    c_pool p({.source = &source});
    auto items = get_n(p, 40);
    EXPECT_EQ(source.live_pages(), 10u);
    put_all(p, items);
  }
  EXPECT_EQ(source.live_pages(), 0u);
}

// "palloc() and prelease() may be NULL, in which case the pool manager uses uvm_km_kmemalloc(9) and
// uvm_km_free(9) to allocate and release memory using the kernel_map (see uvm(9))."  Here: the
// system's pages.
TEST(PoolInit, WithoutCallbacksPagesComeFromTheSystem) {
  c_pool p({.size = 256, .pagesz = 4096, .source = nullptr});
  auto items = get_n(p, 1000);
  EXPECT_TRUE(are_disjoint(items, 256));
  for (void* item : items) std::memset(item, 1, 256);
  put_all(p, items);
}

TEST(PoolInit, TheHistoricPageFunctionsAreAPageSource) {
  struct pool p;
  pool_init(&p, 500, 0, 0, 0, "nointr", 8192, pool_page_alloc_nointr, pool_page_free_nointr, 0);
  auto items = get_n(&p, 100);
  EXPECT_TRUE(are_disjoint(items, 500));
  for (void* item : items) std::memset(item, 1, 500);
  put_all(&p, items);
  pool_destroy(&p);
}

TEST(PoolInit, TheHistoricPageFunctionsGivePagesAlignedToTheirSize) {
  for (const unsigned long bytes : {4096ul, 65536ul, 2097152ul}) {
    void* page = pool_page_alloc_nointr(bytes, PR_NOWAIT, 0);
    ASSERT_NE(page, nullptr);
    EXPECT_TRUE(is_aligned(page, bytes));
    std::memset(page, 1, bytes);
    pool_page_free_nointr(page, bytes, 0);
  }
}

TEST(PoolInit, TheHistoricPageFunctionsFailOnSizesThatCannotBe) {
  EXPECT_EQ(pool_page_alloc_nointr(0, PR_NOWAIT, 0), nullptr);
  EXPECT_EQ(pool_page_alloc_nointr(ULONG_MAX, PR_NOWAIT, 0), nullptr);
  EXPECT_EQ(pool_page_alloc_nointr(ULONG_MAX / 2 + 1, PR_NOWAIT, 0), nullptr);
}

// "mtag: The memory tag passed to palloc() and prelease() when allocating or releasing memory
// pages."
std::vector<int> tags_seen;
void* tagged_palloc(unsigned long sz, int, int tag) {
  tags_seen.push_back(tag);
  return std::aligned_alloc(sz, sz);
}
void tagged_prelease(void* v, unsigned long, int tag) {
  tags_seen.push_back(tag);
  std::free(v);
}
TEST(PoolInit, TheTagReachesPallocAndPrelease) {
  for (const int tag : {0, 1, 25, -1, INT_MAX, INT_MIN}) {
    tags_seen.clear();
    struct pool p;
    pool_init(&p, 64, 0, 0, 0, "tagged", 4096, tagged_palloc, tagged_prelease, tag);
    pool_put(&p, pool_get(&p, PR_NOWAIT));
    pool_destroy(&p);
    EXPECT_EQ(tags_seen, (std::vector<int>{tag, tag}));
  }
}

// The flags of the get that grows the pool are palloc's; prime asks with 0.
TEST(PoolInit, PallocGetsTheFlagsOfTheGet) {
  test_source source;
  c_pool p({.size = 4096, .source = &source});
  std::vector<void*> items;

  for (const int flags : {PR_NOWAIT, PR_WAITOK, PR_URGENT, PR_LIMITFAIL, PR_WAITOK | PR_LIMITFAIL,
                          PR_WAITOK | PR_URGENT, PR_WAITOK | PR_URGENT | PR_LIMITFAIL}) {
    items.push_back(pool_get(p, flags));
    EXPECT_EQ(source.last_call().flags, flags);
  }
  ASSERT_EQ(pool_prime(p, 1, nullptr), 0);
  EXPECT_EQ(source.last_call().flags, 0);

  put_all(p, items);
}

}  // namespace
