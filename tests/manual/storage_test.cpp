// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "PRIMING A POOL": the caller's storage, and POOL_STORAGE_SIZE(size, nitems), which is
// enough for nitems at every alignment of the storage - no item more, no byte beyond.
#include <random>

#include "../support/report_catcher.hpp"
#include "../support/storage.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

// "POOL_STORAGE_SIZE(size, nitems);" is a constant expression.
struct thing {
  long a, b, c;
};
char static_storage[POOL_STORAGE_SIZE(sizeof(thing), 100)];
static_assert(sizeof static_storage >= 100 * sizeof(thing));
static_assert(POOL_STORAGE_SIZE_ALIGNED(100, 10, 64) >= 10 * 128);
static_assert(POOL_STORAGE_SIZE(1 + 2, 3 | 4) == POOL_STORAGE_SIZE(3, 7), "arguments are whole");
enum { storage_size = POOL_STORAGE_SIZE(1, 1) };

/// Primes a pool of items of `size` with storage for exactly `n`, and expects exactly those.
void expect_exactly(std::size_t n, std::size_t size, std::size_t misalignment, int flags) {
  SCOPED_TRACE(testing::Message() << n << " of " << size << " at " << misalignment);
  test_source no_memory;
  no_memory.fail_now();
  guarded_storage storage(POOL_STORAGE_SIZE(size, n), misalignment);
  {
    c_pool p({.size = size, .flags = flags, .pagesz = 0, .source = &no_memory});
    ASSERT_EQ(pool_prime(p, static_cast<int>(n), storage.data()), 0);

    auto items = get_all(p, n + 1);

    ASSERT_EQ(items.size(), n);
    ASSERT_TRUE(are_disjoint(items, size));
    for (void* item : items) {
      ASSERT_TRUE(storage.holds(item, size));
      std::memset(item, 0x11, size);
    }
    put_all(p, items);
    ASSERT_EQ(p.stats().free + p.stats().cached, n);
  }
  ASSERT_TRUE(storage.is_intact());
}

// "storage: Optional pre-allocated storage."
// "... or provided to pool_prime() by the caller through the storage parameter."
TEST(PoolPrime, TakesItemsFromTheCallersStorage) {
  c_pool p({.size = sizeof(thing), .pagesz = 0});
  ASSERT_EQ(pool_prime(p, 100, static_storage), 0);
  auto items = get_n(p, 100);
  for (void* item : items) {
    EXPECT_GE(static_cast<char*>(item), static_storage);
    EXPECT_LE(static_cast<char*>(item) + sizeof(thing), static_storage + sizeof static_storage);
  }
  put_all(p, items);
}

TEST(PoolPrime, StorageSizeIsEnoughAtEveryMisalignment) {
  for (std::size_t misalignment = 0; misalignment < 64; ++misalignment) {
    for (const std::size_t size : {1u, 3u, 8u, 16u, 24u, 100u, 4096u})
      expect_exactly(5, size, misalignment, misalignment % 2 == 0 ? PR_STATIC : 0);
  }
}

TEST(PoolPrime, StorageSizeIsEnoughForEverySizeUpTo5000) {
  std::mt19937 random(5000);
  for (std::size_t size = 1; size <= 5000; size += size < 300 ? 1 : 7) {
    const std::size_t n = 1 + random() % 9;
    expect_exactly(n, size, random() % 4096, random() % 2 == 0 ? PR_STATIC : 0);
  }
}

TEST(PoolPrime, StorageSizeIsEnoughForUpTo10000Items) {
  std::mt19937 random(10000);
  for (std::size_t n = 1; n <= 10000; n += n < 130 ? 1 : n / 3) {
    for (const std::size_t size : {1u, 20u, 64u})
      expect_exactly(n, size, random() % 64, n % 2 == 0 ? PR_STATIC : 0);
  }
  expect_exactly(10000, 8, 1, PR_STATIC);
}

TEST(PoolPrime, AlignedStorageSizeIsEnoughForEveryAlignment) {
  for (unsigned align = 1; align <= 4096; align *= 2) {
    for (const unsigned offset : {0u, 1u, 8u, align - 1}) {
      for (const std::size_t misalignment : {0u, 1u, 63u, 2049u}) {
        guarded_storage storage(POOL_STORAGE_SIZE_ALIGNED(100, 20, align), misalignment);
        {
          c_pool p({.size = 100,
                    .align = align,
                    .align_offset = offset,
                    .flags = PR_STATIC,
                    .pagesz = 0});
          ASSERT_EQ(pool_prime(p, 20, storage.data()), 0) << align << " " << offset;
          auto items = get_all(p, 21);
          ASSERT_EQ(items.size(), 20u);
          for (void* item : items) ASSERT_TRUE(is_aligned(item, align, offset));
          put_all(p, items);
        }
        ASSERT_TRUE(storage.is_intact());
      }
    }
  }
}

// The page size is of no account for storage: one run of items, whatever pagesz.
TEST(PoolPrime, StorageServesEveryPageSize) {
  for (const unsigned pagesz : {0u, 64u, 512u, 4096u, 65536u, 2097152u}) {
    guarded_storage storage(POOL_STORAGE_SIZE(64, 333), 9);
    c_pool p({.size = 64, .flags = PR_STATIC, .pagesz = pagesz});
    ASSERT_EQ(pool_prime(p, 333, storage.data()), 0);
    auto items = get_all(p, 334);
    EXPECT_EQ(items.size(), 333u) << pagesz;
    put_all(p, items);
  }
}

TEST(PoolPrime, StorageTakesNothingFromTheSource) {
  test_source source;
  guarded_storage storage(POOL_STORAGE_SIZE(64, 50), 0);
  c_pool p({.size = 64, .source = &source});
  ASSERT_EQ(pool_prime(p, 50, storage.data()), 0);
  auto items = get_n(p, 50);
  EXPECT_EQ(source.n_calls(), 0u);
  put_all(p, items);
}

TEST(PoolPrime, StorageIsAddedAsOftenAsItIsGiven) {
  guarded_storage first(POOL_STORAGE_SIZE(32, 10), 0);
  guarded_storage second(POOL_STORAGE_SIZE(32, 70), 1);
  guarded_storage third(POOL_STORAGE_SIZE(32, 1), 2);
  c_pool p({.size = 32, .flags = PR_STATIC});

  ASSERT_EQ(pool_prime(p, 10, first.data()), 0);
  auto items = get_n(p, 10);
  ASSERT_EQ(pool_prime(p, 70, second.data()), 0);
  ASSERT_EQ(pool_prime(p, 1, third.data()), 0);
  const auto more = get_all(p);

  EXPECT_EQ(more.size(), 71u);
  items.insert(items.end(), more.begin(), more.end());
  EXPECT_TRUE(are_disjoint(items, 32));
  put_all(p, items);
}

// "Note that undefined behaviour results when mixing the storage providing methods supported by the
// pool resource routines."  Here it is defined: it works.
TEST(PoolPitfalls, StorageAndPagesMix) {
  test_source source;
  guarded_storage storage(POOL_STORAGE_SIZE(1024, 6), 100);
  c_pool p({.source = &source});
  ASSERT_EQ(pool_prime(p, 5, nullptr), 0);
  ASSERT_EQ(pool_prime(p, 6, storage.data()), 0);
  ASSERT_EQ(pool_prime(p, 3, nullptr), 0);
  auto items = get_n(p, 40);
  EXPECT_TRUE(are_disjoint(items, 1024));

  put_all(p, items);
  pool_reclaim(p);

  EXPECT_EQ(source.live_pages(), 2u) << "the reserve of eight; what lies in storage is extra";
  source.fail_now();
  items = get_n(p, 14);
  put_all(p, items);
}

// ---- PR_STATIC: a pool that lives on its storage alone

TEST(PoolPrime, StaticPoolNeverAsksItsSource) {
  test_source source;
  guarded_storage storage(POOL_STORAGE_SIZE(64, 3), 0);
  c_pool p({.size = 64, .flags = PR_STATIC, .source = &source});
  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  ASSERT_EQ(pool_prime(p, 3, storage.data()), 0);
  pool_setlowat(p, 10);

  auto items = get_all(p);

  EXPECT_EQ(items.size(), 3u);
  EXPECT_EQ(pool_prime(p, 1, nullptr), ENOMEM);
  EXPECT_EQ(source.n_calls(), 0u);
  put_all(p, items);
  EXPECT_EQ(pool_reclaim(p), 0);
  pool_sethiwat(p, 0);
  EXPECT_EQ(source.n_releases(), 0u);
}

TEST(PoolPrime, StaticPoolWaitsForItsItems) {
  guarded_storage storage(POOL_STORAGE_SIZE(64, 1), 0);
  c_pool p({.size = 64, .flags = PR_STATIC});
  ASSERT_EQ(pool_prime(p, 1, storage.data()), 0);
  void* item = pool_get(p, PR_WAITOK);

  auto waiting = start_waiting(p);
  pool_put(p, item);

  EXPECT_EQ(waiting->result(), item);
  pool_put(p, item);
}

TEST(PoolPrime, StorageServesThoseWhoWait) {
  guarded_storage storage(POOL_STORAGE_SIZE(64, 2), 0);
  c_pool p({.size = 64, .flags = PR_STATIC});
  auto first = start_waiting(p);
  auto second = start_waiting(p);

  ASSERT_EQ(pool_prime(p, 2, storage.data()), 0);

  pool_put(p, first->result());
  pool_put(p, second->result());
}

TEST(PoolPrime, PutChecksItemsOfStorageToo) {
  guarded_storage storage(POOL_STORAGE_SIZE(64, 4), 0);
  c_pool p({.size = 64, .flags = PR_STATIC | PR_NOCACHE});
  ASSERT_EQ(pool_prime(p, 4, storage.data()), 0);
  void* item = pool_get(p, PR_NOWAIT);
  report_catcher caught;

  pool_put(p, static_cast<char*>(item) + 1);         // inside an item
  pool_put(p, storage.data());                       // what the pool keeps about them
  pool_put(p, storage.data() + storage.size() - 1);  // the rest
  pool_put(p, item);
  pool_put(p, item);

  EXPECT_EQ(caught.n_reports(pool9::report_kind::misuse), 4u);
}

}  // namespace
