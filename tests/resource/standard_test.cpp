// SPDX-License-Identifier: BSD-2-Clause
// [mem.res.pool], sentence by sentence; above each test, the gist of the sentence.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <pool9/memory_resource.hpp>
#include <set>
#include <thread>

#include "resource/upstreams.hpp"

namespace pool9::test {
namespace {

template <class Resource>
class StandardResource : public testing::Test {};

using resources = testing::Types<pool_resource, unsynchronized_pool_resource>;
TYPED_TEST_SUITE(StandardResource, resources);

// ---- [mem.res.pool.overview]

// The resource owns what it allocated, and the end frees it though deallocate was not called.
TYPED_TEST(StandardResource, TheEndFreesWhatWasNotDeallocated) {
  seeing_upstream up;
  {
    TypeParam r(&up);
    for (const std::size_t bytes : {1u, 100u, 1000u, 10'000u, 100'000u, 1'000'000u})
      std::memset(r.allocate(bytes), 0xff, bytes);
    EXPECT_GT(up.n_out(), 0u);
  }
  EXPECT_EQ(up.n_out(), 0u);
}

// There is a collection of pools, for requests of different sizes.
TYPED_TEST(StandardResource, SizesHavePoolsOfTheirOwn) {
  TypeParam r;
  EXPECT_NE(&r.pool_for(16), &r.pool_for(17));
  EXPECT_NE(&r.pool_for(512), &r.pool_for(513));
}

// A pool manages chunks that are divided into blocks of one size, and allocations return those.
TYPED_TEST(StandardResource, AChunkIsDividedIntoBlocks) {
  seeing_upstream up;
  TypeParam r(&up);

  auto* const first = static_cast<std::byte*>(r.allocate(100));
  const std::size_t n = up.n_out();
  auto* const second = static_cast<std::byte*>(r.allocate(100));

  EXPECT_EQ(up.n_out(), n);
  EXPECT_EQ((second - first) % 112, 0);
  r.deallocate(first, 100);
  r.deallocate(second, 100);
}

// The pool of the smallest blocks that will do serves.
TYPED_TEST(StandardResource, ThePoolOfTheSmallestBlocksServes) {
  TypeParam r;
  EXPECT_EQ(r.pool_for(33).item_size(), 48u);
  void* const p = r.allocate(33);
  EXPECT_EQ(r.pool_for(48).stats().out, 1u);
  EXPECT_EQ(r.pool_for(49).stats().out, 0u);
  r.deallocate(p, 33);
}

// A pool that is exhausted obtains one more chunk from the upstream.
TYPED_TEST(StandardResource, AnExhaustedPoolObtainsAChunk) {
  seeing_upstream up;
  TypeParam r(&up);
  (void)r.allocate(64);
  const std::size_t n = up.n_out();
  for (int i = 0; i < 100; ++i) (void)r.allocate(64);
  EXPECT_EQ(up.n_out(), n + 1);
}

// Chunks grow geometrically.
TYPED_TEST(StandardResource, ChunksGrowGeometrically) {
  seeing_upstream up;
  TypeParam r(&up);
  for (int i = 0; i < 1000; ++i) (void)r.allocate(64);

  ASSERT_GE(up.requests().size(), 4u);
  for (std::size_t i = 1; i < up.requests().size(); ++i)
    EXPECT_EQ(up.requests()[i].bytes, 2 * up.requests()[i - 1].bytes);
}

// Larger requests than the largest block go to the upstream.
TYPED_TEST(StandardResource, LargeBlocksComeFromTheUpstream) {
  seeing_upstream up;
  TypeParam r({.max_blocks_per_chunk = 0, .largest_required_pool_block = 1024}, &up);
  void* const p = r.allocate(1025);
  ASSERT_EQ(up.n_out(), 1u);
  EXPECT_GE(up.bytes_out(), 1025u);
  EXPECT_LT(up.bytes_out(), 1200u);
  r.deallocate(p, 1025);
  EXPECT_EQ(up.n_out(), 0u);
}

// ---- [mem.res.pool.options]

// No more blocks than that are obtained at once.
TYPED_TEST(StandardResource, AChunkHasNoMoreBlocksThanWasAskedFor) {
  for (const std::size_t n : {1u, 2u, 3u, 10u, 63u, 64u, 100u, 1000u}) {
    for (const std::size_t bytes : {16u, 48u, 512u, 640u, 4096u, 10'000u, 65'536u}) {
      seeing_upstream up;
      TypeParam r({.max_blocks_per_chunk = n, .largest_required_pool_block = 0}, &up);
      for (std::size_t i = 0; i < std::min<std::size_t>(4 * n, 300); ++i) (void)r.allocate(bytes);
      const pool_stats s = r.pool_for(bytes).stats();
      const std::size_t pages = up.largest_request() / s.page_size;
      EXPECT_LE(pages * (s.total / s.pages), n) << bytes;
    }
  }
}

// Zero, or more than a limit: the limit.  The same of the largest block.
TYPED_TEST(StandardResource, ZeroAndTooMuchMeanTheLimit) {
  const auto limit = TypeParam().options();
  EXPECT_NE(limit.max_blocks_per_chunk, 0u);
  EXPECT_NE(limit.largest_required_pool_block, 0u);
  for (const std::size_t n : {std::size_t{0}, SIZE_MAX}) {
    const auto o = TypeParam(std::pmr::pool_options{n, n}).options();
    EXPECT_EQ(o.max_blocks_per_chunk, limit.max_blocks_per_chunk);
    EXPECT_EQ(o.largest_required_pool_block, limit.largest_required_pool_block);
  }
}

// What is as large as required is served by a pool, what is larger than the threshold is not.
TYPED_TEST(StandardResource, TheLargestRequiredBlockComesFromAPool) {
  for (const std::size_t required : {1u, 100u, 512u, 513u, 4096u, 5000u, 65'536u}) {
    seeing_upstream up;
    TypeParam r({.max_blocks_per_chunk = 0, .largest_required_pool_block = required}, &up);
    const std::size_t threshold = r.options().largest_required_pool_block;
    EXPECT_GE(threshold, required);
    EXPECT_EQ(r.pool_for(required).stats().out, 0u);
    EXPECT_THROW((void)r.pool_for(threshold + 1), std::invalid_argument);
    (void)r.allocate(required);
    EXPECT_EQ(r.pool_for(required).stats().out, 1u);
  }
}

// ---- [mem.res.pool.ctor]

// It obtains memory from the upstream, of which it holds a copy and which it does not own.
TYPED_TEST(StandardResource, TheUpstreamIsTheOneGiven) {
  seeing_upstream up, other;
  const as_default set(other);
  TypeParam a, b(&up), c(std::pmr::pool_options{}), d({}, &up);
  EXPECT_EQ(a.upstream_resource(), &other);
  EXPECT_EQ(b.upstream_resource(), &up);
  EXPECT_EQ(c.upstream_resource(), &other);
  EXPECT_EQ(d.upstream_resource(), &up);

  (void)b.allocate(8);
  EXPECT_NE(up.n_out(), 0u);
  EXPECT_EQ(other.n_out(), 0u);
}

// Options are given in braces, zeros included, as to the standard's, and are no name.
TYPED_TEST(StandardResource, BracesAreOptions) {
  seeing_upstream up;
  const TypeParam a({0, 64}), b({0, 64}, &up), c({0, 0}), d{{}, &up};
  EXPECT_EQ(a.upstream_resource(), std::pmr::get_default_resource());
  EXPECT_EQ(b.upstream_resource(), &up);
  EXPECT_EQ(c.options().max_blocks_per_chunk, d.options().max_blocks_per_chunk);
}

// "The intention is that calls of the upstream are substantially fewer."
TYPED_TEST(StandardResource, TheUpstreamIsCalledSeldom) {
  seeing_upstream up;
  TypeParam r(&up);
  for (int i = 0; i < 10'000; ++i) (void)r.allocate(48);
  EXPECT_LT(up.requests().size(), 20u);
}

// Construction throws nothing unless the upstream does; this one does not call it.
TYPED_TEST(StandardResource, ConstructionDoesNotCallTheUpstream) {
  seeing_upstream up;
  up.refuses = true;
  TypeParam r(&up);
  r.release();
  EXPECT_TRUE(up.requests().empty());
}

TYPED_TEST(StandardResource, IsNeitherCopiedNorAssigned) {
  EXPECT_FALSE(std::is_copy_constructible_v<TypeParam>);
  EXPECT_FALSE(std::is_copy_assignable_v<TypeParam>);
  EXPECT_FALSE((std::is_convertible_v<std::pmr::memory_resource*, TypeParam>));
  EXPECT_FALSE((std::is_convertible_v<std::pmr::pool_options, TypeParam>));
}

// ---- [mem.res.pool.mem]

// release() frees everything, and what was not deallocated.
TYPED_TEST(StandardResource, ReleaseFreesEverything) {
  seeing_upstream up;
  TypeParam r(&up);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t bytes = 1; bytes < 200'000; bytes = bytes * 3 / 2 + 1)
      std::memset(r.allocate(bytes, 1), round, bytes);
    r.release();
    EXPECT_EQ(up.n_out(), 0u);
  }
}

TYPED_TEST(StandardResource, UpstreamAndOptionsAreTold) {
  seeing_upstream up;
  const TypeParam r({.max_blocks_per_chunk = 7, .largest_required_pool_block = 1000}, &up);
  EXPECT_EQ(r.upstream_resource(), &up);
  // Sizes may be rounded.
  EXPECT_EQ(r.options().max_blocks_per_chunk, 7u);
  EXPECT_EQ(r.options().largest_required_pool_block, 1024u);
}

// allocate() meets [mem.res.private]: so many bytes, so aligned.
TYPED_TEST(StandardResource, BlocksAreWholeAndAligned) {
  seeing_upstream up;
  TypeParam r(&up);
  std::set<std::byte*> ends;
  for (std::size_t align = 1; align <= 131'072; align *= 2) {
    for (const std::size_t bytes : {0u, 1u, 9u, 24u, 40u, 72u, 513u, 1000u, 4096u, 70'000u}) {
      for (int i = 0; i < 3; ++i) {
        auto* const p = static_cast<std::byte*>(r.allocate(bytes, align));
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % align, 0u) << bytes;
        std::memset(p, 0xff, bytes);
        EXPECT_TRUE(ends.insert(p).second);
      }
    }
  }
}

// Blocks of no bytes are blocks: the upstream's, too, lie within its memory.
TYPED_TEST(StandardResource, BlocksOfNoBytesHaveAddressesOfTheirOwn) {
  std::array<std::byte, 1 << 20> buffer;
  std::pmr::monotonic_buffer_resource up(buffer.data(), buffer.size());
  TypeParam r(&up);
  auto* const none = static_cast<std::byte*>(r.allocate(0, 131'072));
  auto* const next = static_cast<std::byte*>(up.allocate(1, 1));
  EXPECT_LT(none, next);
  r.deallocate(none, 0, 131'072);
}

// A pool that cannot serve asks the upstream, and what that throws is thrown.
TYPED_TEST(StandardResource, WhatTheUpstreamThrowsIsThrown) {
  seeing_upstream up;
  TypeParam r(&up);
  up.refuses = true;
  EXPECT_THROW((void)r.allocate(8), seeing_upstream::refusal);
  EXPECT_THROW((void)r.allocate(100'000), seeing_upstream::refusal);
  const volatile std::size_t most = SIZE_MAX;  // volatile: compilers refuse what they see
  EXPECT_THROW((void)r.allocate(most), seeing_upstream::refusal);
  EXPECT_THROW((void)r.allocate(most - 100, 4096), seeing_upstream::refusal);
  up.refuses = false;
  void* const p = r.allocate(8);
  up.refuses = true;
  r.deallocate(p, 8);
}

// deallocate() returns to the pool; whether the upstream is called is unspecified: it is not.
TYPED_TEST(StandardResource, DeallocationCallsNoUpstreamAndTheBlockIsUsedAgain) {
  seeing_upstream up;
  TypeParam r(&up);
  void* const p = r.allocate(8);
  const std::size_t n = up.n_out();
  r.deallocate(p, 8);
  EXPECT_EQ(up.n_out(), n);
  up.refuses = true;
  EXPECT_EQ(r.allocate(8), p);
}

// Deallocation throws nothing, of whatever size.
TYPED_TEST(StandardResource, EverythingThatWasAllocatedCanBeDeallocated) {
  seeing_upstream up;
  TypeParam r(&up);
  std::vector<std::pair<void*, seeing_upstream::request>> all;
  for (std::size_t bytes = 0; bytes < 150'000; bytes = bytes * 5 / 4 + 1)
    for (std::size_t align = 1; align <= 4096; align *= 4)
      all.push_back({r.allocate(bytes, align), {bytes, align}});
  for (const auto& [p, what] : all) r.deallocate(p, what.bytes, what.align);
  r.reclaim();
  EXPECT_EQ(up.n_out(), 0u);
}

// Equal are those that are the same.
TYPED_TEST(StandardResource, IsEqualToItselfOnly) {
  seeing_upstream up;
  TypeParam a(&up), b(&up);
  EXPECT_TRUE(a.is_equal(a));
  EXPECT_FALSE(a.is_equal(b));
  EXPECT_FALSE(a.is_equal(up));
}

}
}
