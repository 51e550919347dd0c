// SPDX-License-Identifier: BSD-2-Clause
// The system source: whose memory is resident, which addresses are mapped.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <pool9/page_source.hpp>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "base/os.hpp"

namespace pool9::test {
namespace {

constexpr std::size_t chunk = std::size_t{2} << 20;
constexpr get_flags now = get_flags::nowait;

bool is_resident(const void* p) {
  unsigned char in_core = 0;
  const auto a = reinterpret_cast<std::uintptr_t>(p) / base::os::page_size();
  return mincore(reinterpret_cast<void*>(a * base::os::page_size()), 1, &in_core) == 0 &&
         (in_core & 1) != 0;
}
bool is_mapped(const void* p) {
  unsigned char in_core = 0;
  const auto a = reinterpret_cast<std::uintptr_t>(p) / base::os::page_size();
  return mincore(reinterpret_cast<void*>(a * base::os::page_size()), 1, &in_core) == 0;
}
void* chunk_of(const void* p) {
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(p) / chunk * chunk);
}

/// `n` pages, allocated as a batch at a time.
std::vector<void*> allocate(std::size_t n, std::size_t bytes) {
  std::vector<void*> pages(n);
  for (std::size_t i = 0; i < n;) {
    const std::size_t got = system_source().allocate_some({&pages[i], n - i}, bytes, now);
    if (got == 0) return {};
    i += got;
  }
  return pages;
}

class SystemSourceSizes : public testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t bytes = GetParam();
  const std::size_t n = std::clamp<std::size_t>((std::size_t{6} << 20) / bytes, 3, 300);
};

TEST_P(SystemSourceSizes, PagesAreAlignedAndDoNotOverlap) {
  std::vector<void*> pages = allocate(n, bytes);
  ASSERT_EQ(pages.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(pages[i]) % bytes, 0u);
    std::memset(pages[i], static_cast<int>(i % 251 + 1), bytes);
  }

  for (std::size_t i = 0; i < n; ++i) {
    const auto* const c = static_cast<const unsigned char*>(pages[i]);
    ASSERT_EQ(std::count(c, c + bytes, i % 251 + 1), static_cast<std::ptrdiff_t>(bytes)) << i;
  }
  std::shuffle(pages.begin(), pages.end(), std::mt19937_64(1));
  system_source().release_some(pages, bytes);
}

TEST_P(SystemSourceSizes, APageMayBeReleasedTwice) {
  std::vector<void*> pages = allocate(n, bytes);
  ASSERT_EQ(pages.size(), n);
  // The second finds what the first left: nobody else has the page meanwhile.
  system_source().release(pages[0], bytes);
  system_source().release(pages[0], bytes);

  pages[0] = system_source().allocate(bytes, now);
  void* const another = system_source().allocate(bytes, now);

  const std::set<void*> distinct(pages.begin(), pages.end());
  EXPECT_EQ(distinct.size(), n);
  EXPECT_EQ(distinct.count(another), 0u);
  system_source().release_some(pages, bytes);
  system_source().release(another, bytes);
}

TEST_P(SystemSourceSizes, MemoryIsNotResidentOnceItIsReleased) {
  const std::vector<void*> pages = allocate(n, bytes);
  ASSERT_EQ(pages.size(), n);
  for (void* const page : pages) {
    std::memset(page, 1, bytes);
    ASSERT_TRUE(is_resident(page));
  }

  for (void* const page : pages) system_source().release(page, bytes);

  // Parts of a system page wait for their chunk.
  for (void* const page : pages) ASSERT_TRUE(bytes < base::os::page_size() || !is_resident(page));
}

TEST_P(SystemSourceSizes, PagesThatComeAgainReadAsZero) {
  if (bytes < base::os::page_size()) return;  // they keep what was in them
  for (int round = 0; round < 2; ++round) {
    const std::vector<void*> pages = allocate(n, bytes);
    ASSERT_EQ(pages.size(), n);
    for (void* const page : pages) {
      const auto* const c = static_cast<const char*>(page);
      ASSERT_EQ(std::count(c, c + bytes, 0), static_cast<std::ptrdiff_t>(bytes));
      std::memset(page, 1, bytes);
    }
    system_source().release_some(pages, bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(BelowAtAndAboveASystemPageAndAChunk, SystemSourceSizes,
                         testing::Values(64, 512, 2048, 4096, 8192, 65536, 1 << 20, 2 << 20,
                                         4 << 20));

/// Sizes that no other test asks for, so that their chunks are ours.
TEST(SystemSourceChunks, AreUnmappedButForOneSpare) {
  constexpr std::size_t bytes = 16384, in_a_chunk = chunk / bytes, n_chunks = 5;
  const std::vector<void*> pages = allocate(n_chunks * in_a_chunk, bytes);
  std::set<void*> chunks;
  for (void* const page : pages) chunks.insert(chunk_of(page));
  ASSERT_EQ(chunks.size(), n_chunks);

  system_source().release_some(pages, bytes);

  EXPECT_EQ(std::count_if(chunks.begin(), chunks.end(), is_mapped), 1);
}

TEST(SystemSourceChunks, ComeAndGoAtTheirEdgeWithoutAMapping) {
  constexpr std::size_t bytes = 32768, in_a_chunk = chunk / bytes;
  const std::vector<void*> pages = allocate(in_a_chunk, bytes);
  ASSERT_EQ(pages.size(), in_a_chunk);

  void* const first = system_source().allocate(bytes, now);
  for (int i = 0; i < 10; ++i) {
    system_source().release(first, bytes);
    ASSERT_TRUE(is_mapped(first));
    ASSERT_EQ(system_source().allocate(bytes, now), first);
  }

  system_source().release(first, bytes);
  system_source().release_some(pages, bytes);
}

TEST(SystemSourceChunks, StayWhileOneOfTheirPagesIsOut) {
  constexpr std::size_t bytes = 131072, in_a_chunk = chunk / bytes;
  std::vector<void*> pages = allocate(3 * in_a_chunk, bytes);
  ASSERT_EQ(pages.size(), 3 * in_a_chunk);
  std::vector<void*> kept;
  std::set<void*> chunks;
  for (void*& page : pages)
    if (chunks.insert(chunk_of(page)).second) {
      kept.push_back(page);
      std::memset(page, 1, bytes);
      page = nullptr;
    }
  pages.erase(std::remove(pages.begin(), pages.end(), nullptr), pages.end());

  system_source().release_some(pages, bytes);

  for (void* const page : kept) EXPECT_TRUE(is_resident(page));
  system_source().release_some(kept, bytes);
}

TEST(SystemSourceChunks, OfAPageAreUnmappedWithIt) {
  void* const page = system_source().allocate(2 * chunk, now);
  ASSERT_NE(page, nullptr);
  ASSERT_TRUE(is_mapped(page));

  system_source().release(page, 2 * chunk);

  EXPECT_FALSE(is_mapped(page));
}

TEST(SystemSource, FailsWhereTheSystemHasNoMemory) {
  EXPECT_EQ(system_source().allocate(std::size_t{1} << 60, now), nullptr);
}

TEST(SystemSource, IgnoresAPageOfASizeThatNobodyAskedFor) {
  char byte = 1;
  system_source().release(&byte, 1);
  EXPECT_EQ(byte, 1);
}

TEST(SystemSource, LeavesMemoryAloneThatItNeverGave) {
  constexpr std::size_t bytes = 4096;
  alignas(bytes) static unsigned char foreign[bytes];
  std::memset(foreign, 0x5a, bytes);
  std::vector<void*> pages = allocate(1, bytes);

  system_source().release(foreign, bytes);

  EXPECT_EQ(std::count(foreign, foreign + bytes, 0x5a), std::ptrdiff_t{bytes});
  system_source().release_some(pages, bytes);
}

TEST(SystemSource, ServesThreadsAtOnce) {
  std::atomic<int> n_spoiled{0};
  const auto work = [&](unsigned seed) {
    std::mt19937_64 random(seed);
    for (int round = 0; round < 60; ++round) {
      const std::size_t bytes = std::size_t{1024} << random() % 5;
      std::vector<void*> pages = allocate(1 + random() % 40, bytes);
      if (pages.empty()) ++n_spoiled;
      for (void* const page : pages) *static_cast<unsigned*>(page) = seed;
      for (void* const page : pages)
        if (*static_cast<unsigned*>(page) != seed) ++n_spoiled;
      std::shuffle(pages.begin(), pages.end(), random);
      system_source().release_some(pages, bytes);
    }
  };

  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  for (std::thread& t : threads) t.join();

  EXPECT_EQ(n_spoiled, 0);
}

}
}
