// SPDX-License-Identifier: BSD-2-Clause
// Many threads, and many resources.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <pool9/memory_resource.hpp>
#include <string_view>
#include <thread>
#include <vector>

#include "resource/upstreams.hpp"

namespace pool9::test {
namespace {

struct block {
  std::byte* start;
  std::size_t bytes;
};

/// Fills every byte with what the address says, and finds out whether it stayed.
void mark(const block& b) { std::memset(b.start, static_cast<int>(b.bytes % 251), b.bytes); }
bool is_marked(const block& b) {
  for (std::size_t i = 0; i < b.bytes; ++i)
    if (b.start[i] != static_cast<std::byte>(b.bytes % 251)) return false;
  return true;
}

// Every thread frees what others allocated.
TEST(ResourceThreads, BlocksAreFreedByOthers) {
  seeing_upstream up;  // for one thread at a time
  {
    pool_resource r(&up);
    std::mutex mutex;
    std::deque<block> shared;
    std::atomic<bool> good{true};
    const auto work = [&](unsigned seed) {
      for (int i = 0; i < 5000; ++i) {
        seed = seed * 1'664'525 + 1'013'904'223;
        const std::size_t bytes = i % 500 == 0 ? 100'000 : (seed >> 8) % 700 + 1;
        block b{static_cast<std::byte*>(r.allocate(bytes, 8)), bytes};
        mark(b);
        {
          const std::scoped_lock hold(mutex);
          shared.push_back(b);
          if (shared.size() < 50) continue;
          b = shared.front();
          shared.pop_front();
        }
        if (!is_marked(b)) good = false;
        r.deallocate(b.start, b.bytes, 8);
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (std::thread& t : threads) t.join();
    EXPECT_TRUE(good);
  }
  EXPECT_EQ(up.n_out(), 0u);
}

TEST(ResourceThreads, NothingIsLostWithAThread) {
  seeing_upstream up;
  pool_resource r(&up);
  std::size_t after_ten = 0;
  for (int i = 0; i < 500; ++i) {
    std::thread([&] {
      std::vector<void*> some(20);
      for (void*& p : some) p = r.allocate(64);
      for (void* p : some) r.deallocate(p, 64);
    }).join();
    if (i == 10) after_ten = up.bytes_out();
  }
  EXPECT_EQ(up.bytes_out(), after_ten);
}

// There are fewer slots for caches in a thread than that: those that come later go without.
TEST(ResourceThreads, ElevenHundredResourcesOfManySizesWork) {
  std::vector<std::unique_ptr<pool_resource>> all;
  for (int i = 0; i < 1100; ++i) all.push_back(std::make_unique<pool_resource>("one of many"));
  const auto use_all = [&all] {
    for (auto& r : all)
      for (std::size_t bytes = 16; bytes <= 640; bytes += 16) {
        const block b{static_cast<std::byte*>(r->allocate(bytes)), bytes};
        mark(b);
        EXPECT_TRUE(is_marked(b));
        r->deallocate(b.start, bytes);
      }
  };
  use_all();
  std::thread(use_all).join();
}

/// What resources have taken for their own books.
std::uint64_t books_out() {
  std::uint64_t n = 0;
  for_each_pool(
      [](void* context, const pool_stats& s) {
        const std::string_view name = s.name;
        if (name == "resource classes" || name == "resource chunks")
          *static_cast<std::uint64_t*>(context) += s.out;
      },
      &n);
  return n;
}

// Caches and books come and go with their pools.
TEST(ResourceThreads, ThousandsOfResourcesOneAfterTheOther) {
  const std::uint64_t before = books_out();
  for (int i = 0; i < 3000; ++i) {
    pool_resource r, named("one of many");
    r.deallocate(r.allocate(48), 48);
    named.deallocate(named.allocate(48), 48);
  }
  EXPECT_EQ(books_out(), before);
}

TEST(ResourceThreads, AResourceMayBeMadeByAllAtOnce) {
  for (int round = 0; round < 50; ++round) {
    pool_resource r;
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([&] {
        for (++ready; ready != 3;) std::this_thread::yield();
        for (std::size_t bytes = 1; bytes < 1000; bytes += 50)
          r.deallocate(r.allocate(bytes), bytes);
      });
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(r.pool_for(1).stats().out, 0u);
  }
}

}
}
