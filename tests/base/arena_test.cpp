// SPDX-License-Identifier: BSD-2-Clause
#include "base/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace pool9::test {
namespace {

namespace arena = base::arena;

bool is_zero(const void* p, std::size_t bytes) {
  const auto* c = static_cast<const unsigned char*>(p);
  return std::all_of(c, c + bytes, [](unsigned char x) { return x == 0; });
}

struct block {
  unsigned char* memory;
  std::size_t bytes;
  unsigned char stamp;

  bool is_intact() const {
    return std::all_of(memory, memory + bytes, [&](unsigned char x) { return x == stamp; });
  }
};

/// Sizes around every power of two up to beyond what comes from chunks.
std::vector<std::size_t> telling_sizes() {
  std::vector<std::size_t> sizes{1};
  for (std::size_t s = 32; s <= 128 * 1024; s *= 2) sizes.insert(sizes.end(), {s - 1, s, s + 1});
  return sizes;
}

class Arena : public testing::Test {
 protected:
  const std::size_t before = arena::bytes_out();
  ~Arena() override { EXPECT_EQ(arena::bytes_out(), before); }
};

TEST_F(Arena, BlocksAreZeroedAndAlignedToACacheLine) {
  for (const std::size_t bytes : telling_sizes()) {
    void* const p = arena::allocate(bytes);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 64, 0u) << bytes;
    EXPECT_TRUE(is_zero(p, bytes)) << bytes;
    arena::release(p, bytes);
  }
}

TEST_F(Arena, BlocksThatComeAgainAreZeroedAgain) {
  for (const std::size_t bytes : telling_sizes()) {
    for (int round = 0; round < 3; ++round) {
      void* const p = arena::allocate(bytes);
      ASSERT_NE(p, nullptr);
      ASSERT_TRUE(is_zero(p, bytes)) << bytes << " bytes, round " << round;
      std::memset(p, 0xff, bytes);
      arena::release(p, bytes);
    }
  }
}

TEST_F(Arena, SmallBlocksAreUsedAgain) {
  void* const first = arena::allocate(200);
  arena::release(first, 200);

  void* const second = arena::allocate(200);

  EXPECT_EQ(first, second);
  arena::release(second, 200);
}

TEST_F(Arena, CountsTheBytesThatAreOut) {
  void* const small = arena::allocate(100);
  EXPECT_EQ(arena::bytes_out(), before + 100);
  void* const big = arena::allocate(1'000'000);
  EXPECT_EQ(arena::bytes_out(), before + 1'000'100);

  arena::release(small, 100);
  EXPECT_EQ(arena::bytes_out(), before + 1'000'000);
  arena::release(big, 1'000'000);
}

TEST_F(Arena, ReleaseIgnoresNothing) { arena::release(nullptr, 100); }

TEST_F(Arena, BlocksThatAreOutDoNotOverlap) {
  const std::vector<std::size_t> sizes = telling_sizes();
  std::vector<block> out;
  std::mt19937_64 random(5);
  for (int step = 0; step < 3000; ++step) {
    if (out.size() < 60 && random() % 2 == 0) {
      const std::size_t bytes = sizes[random() % sizes.size()];
      auto* const memory = static_cast<unsigned char*>(arena::allocate(bytes));
      ASSERT_NE(memory, nullptr);
      ASSERT_TRUE(is_zero(memory, bytes)) << "step " << step;
      out.push_back({memory, bytes, static_cast<unsigned char>(step)});
      std::memset(memory, out.back().stamp, bytes);
    } else if (!out.empty()) {
      std::swap(out[random() % out.size()], out.back());
      ASSERT_TRUE(out.back().is_intact()) << "step " << step;
      arena::release(out.back().memory, out.back().bytes);
      out.pop_back();
    }
  }
  for (const block& b : out) arena::release(b.memory, b.bytes);
}

TEST_F(Arena, FailsWhereItsMemoryIsRefused) {
  arena::set_refusal([]() noexcept { return true; });
  EXPECT_EQ(arena::allocate(10), nullptr);
  EXPECT_EQ(arena::allocate(100'000), nullptr);
  EXPECT_EQ(arena::bytes_out(), before);

  arena::set_refusal([]() noexcept { return false; });
  void* const p = arena::allocate(10);
  EXPECT_NE(p, nullptr);
  arena::set_refusal(nullptr);
  arena::release(p, 10);
}

TEST_F(Arena, FailsWhereTheSystemHasNoMemory) {
  EXPECT_EQ(arena::allocate(std::size_t{1} << 60), nullptr);
}

TEST_F(Arena, ServesThreadsAtOnce) {
  std::atomic<int> n_spoiled{0};
  const auto work = [&](unsigned char stamp) {
    std::vector<block> out;
    std::mt19937_64 random(stamp);
    for (int step = 0; step < 1500; ++step) {
      const std::size_t bytes = 1 + random() % (step % 100 == 0 ? 40'000 : 2'000);
      auto* const memory = static_cast<unsigned char*>(arena::allocate(bytes));
      if (memory == nullptr || !is_zero(memory, bytes)) {
        ++n_spoiled;
        return;
      }
      std::memset(memory, stamp, bytes);
      out.push_back({memory, bytes, stamp});
      if (out.size() < 20 && step != 1499) continue;
      for (const block& b : out) {
        if (!b.is_intact()) ++n_spoiled;
        arena::release(b.memory, b.bytes);
      }
      out.clear();
    }
  };

  std::vector<std::thread> threads;
  for (unsigned char stamp = 1; stamp <= 4; ++stamp) threads.emplace_back(work, stamp);
  for (std::thread& t : threads) t.join();

  EXPECT_EQ(n_spoiled, 0);
}

}
}
