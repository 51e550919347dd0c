// SPDX-License-Identifier: BSD-2-Clause
// Page sources that the library brings: the system's, and any std::pmr::memory_resource.
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <deque>
#include <new>
#include <pool9/memory_resource_source.hpp>
#include <set>

#include "pools.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {
namespace {

std::size_t system_page() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

enum class state { unmapped, given_back, resident };

/// Of the system page at `address`.
state state_of(const void* address) {
  const auto a = reinterpret_cast<std::uintptr_t>(address) & ~(system_page() - 1);
  unsigned char in_core = 0;
  if (mincore(reinterpret_cast<void*>(a), system_page(), &in_core) != 0) return state::unmapped;
  return (in_core & 1) != 0 ? state::resident : state::given_back;
}

class SystemSource : public testing::TestWithParam<std::size_t> {
 protected:
  page_source& source = system_source();
};

TEST_P(SystemSource, GivesAlignedDistinctPagesAndTakesThemBack) {
  const std::size_t bytes = GetParam();
  const std::size_t n = std::clamp<std::size_t>((16u << 20) / bytes, 2, 600);
  std::vector<char*> pages;
  for (std::size_t i = 0; i < n; ++i) {
    auto* const page = static_cast<char*>(source.allocate(bytes, get_flags::nowait));
    ASSERT_NE(page, nullptr);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(page) % bytes, 0u);
    std::memset(page, static_cast<int>(i), std::min<std::size_t>(bytes, 64));
    pages.push_back(page);
  }
  EXPECT_EQ(std::set<char*>(pages.begin(), pages.end()).size(), n);
  for (std::size_t i = 0; i < n; ++i)
    EXPECT_EQ(pages[i][std::min<std::size_t>(bytes, 64) - 1], static_cast<char>(i));

  for (char* page : pages) source.release(page, bytes);

  void* const again = source.allocate(bytes, get_flags::nowait);
  EXPECT_NE(again, nullptr);
  source.release(again, bytes);
}

TEST_P(SystemSource, MemoryGoesBackAtOnce) {
  const std::size_t bytes = GetParam();
  if (bytes < system_page()) return;  // parts of a system page go with their chunk
  auto* const page = static_cast<char*>(source.allocate(bytes, get_flags::nowait));
  page[0] = page[bytes - 1] = 'x';
  ASSERT_EQ(state_of(page), state::resident);

  source.release(page, bytes);

  EXPECT_NE(state_of(page), state::resident);
  EXPECT_NE(state_of(page + bytes - 1), state::resident);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SystemSource,
                         testing::Values(16, 64, 1024, 2048, 4096, 16384, 65536, 1u << 20, 2u << 20,
                                         8u << 20));

TEST(SystemSourceChunks, AreUnmappedWhenTheyAreEmpty) {
  constexpr std::size_t bytes = 32768;
  page_source& source = system_source();
  std::vector<void*> pages;
  for (std::size_t i = 0; i < 64 * 5; ++i) pages.push_back(source.allocate(bytes, {}));
  for (void* page : pages) *static_cast<char*>(page) = 'x';

  source.release_some(pages, bytes);

  std::size_t n_unmapped = 0;
  for (void* page : pages) {
    EXPECT_NE(state_of(page), state::resident);
    n_unmapped += state_of(page) == state::unmapped ? 1 : 0;
  }
  EXPECT_GE(n_unmapped, 64u * 4) << "one chunk may be kept";
}

TEST(SystemSourceChunks, ServeManyThreads) {
  page_source& source = system_source();
  std::deque<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < (sanitized ? 20 : 100); ++i) {
        void* pages[100];
        std::size_t n = 0;
        while (n < 100) n += source.allocate_some(std::span(pages).subspan(n), 8192, {});
        for (void* page : pages) std::memset(page, t, 128);
        for (void* page : pages) EXPECT_EQ(static_cast<char*>(page)[127], t);
        source.release_some(pages, 8192);
      }
    });
  for (auto& t : threads) t.join();
}

TEST(SystemSourcePool, UnusedPagesLeaveTheResidentSet) {
  pool p({.name = "resident", .item_size = 4096, .idle_time = never_idle, .page_size = 16384});
  std::vector<void*> items = get_n(p, 400);
  for (void* item : items) std::memset(item, 1, 4096);
  const std::vector<void*> addresses = items;
  put_all(p, items);

  const std::size_t bytes = p.reclaim();
  EXPECT_EQ(bytes, p.stats().pages_released * 16384);

  EXPECT_EQ(p.stats().pages, 0u);
  for (void* a : addresses) EXPECT_NE(state_of(a), state::resident);
}

TEST(SystemSourcePool, PagesOfEverySizeServePools) {
  for (std::size_t bytes = 16; bytes <= (8u << 20); bytes *= 2) {
    pool p({.name = "size", .item_size = 16, .idle_time = never_idle, .page_size = bytes});
    std::vector<void*> items = get_n(p, bytes / 16 + 3);
    EXPECT_EQ(p.stats().page_size, bytes);
    EXPECT_EQ(p.check(), "") << bytes;
    put_all(p, items);
    EXPECT_GE(p.reclaim(), 2 * bytes);
  }
}

/// Counts, and throws when it has had enough.
class counting_resource final : public std::pmr::memory_resource {
 public:
  std::size_t bytes_out = 0, n_left = SIZE_MAX;

 private:
  void* do_allocate(std::size_t bytes, std::size_t align) override {
    if (n_left == 0) throw std::bad_alloc();
    --n_left;
    bytes_out += bytes;
    return ::operator new(bytes, std::align_val_t(align));
  }
  void do_deallocate(void* p, std::size_t bytes, std::size_t align) override {
    bytes_out -= bytes;
    ::operator delete(p, std::align_val_t(align));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

TEST(MemoryResourceSource, PagesComeFromTheResourceAndGoBack) {
  counting_resource upstream;
  memory_resource_source source(&upstream);
  {
    pool p(four_a_page(source));
    std::vector<void*> items = get_n(p, 10);
    EXPECT_EQ(upstream.bytes_out, 3u * 4096);
    put_all(p, items);
  }
  EXPECT_EQ(upstream.bytes_out, 0u);
}

TEST(MemoryResourceSource, ResourceThatThrowsHasNoMemory) {
  counting_resource upstream;
  memory_resource_source source(&upstream);
  pool p(four_a_page(source));
  upstream.n_left = 1;
  std::vector<void*> items = get_n(p, 4);

  EXPECT_EQ(p.try_get(), nullptr);
  EXPECT_FALSE(p.prime(1));

  upstream.n_left = 1;
  items.push_back(p.try_get());
  EXPECT_NE(items.back(), nullptr);
  put_all(p, items);
}

TEST(MemoryResourceSource, MonotonicBufferIsStorageWithoutReturn) {
  alignas(4096) static std::byte buffer[4 * 4096];
  std::pmr::monotonic_buffer_resource upstream(buffer, sizeof buffer,
                                               std::pmr::null_memory_resource());
  memory_resource_source source(&upstream);
  pool p(four_a_page(source));
  std::vector<void*> items = get_n(p, 16);
  EXPECT_EQ(p.try_get(), nullptr);
  put_all(p, items);
}

}  // namespace
}  // namespace pool9::test
