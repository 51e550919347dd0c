// SPDX-License-Identifier: BSD-2-Clause
// What the standard's resources do not have: limits, reserves and statistics of each size.
#include <gtest/gtest.h>

#include <map>
#include <pool9/memory_resource.hpp>
#include <string>
#include <vector>

#include "resource/upstreams.hpp"

namespace pool9::test {
namespace {

template <class Resource>
class LimitedResource : public testing::Test {};

using resources = testing::Types<pool_resource, unsynchronized_pool_resource>;
TYPED_TEST_SUITE(LimitedResource, resources);

template <class Allocate>
std::string message_of(Allocate allocate) {
  try {
    allocate();
  } catch (const pool_exhausted& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TYPED_TEST(LimitedResource, ThrowsAtTheLimitAndSaysWhich) {
  TypeParam r{"orders"};
  ASSERT_TRUE(r.pool_for(48).set_hard_limit(1000));
  std::vector<void*> blocks(1000);
  for (void*& b : blocks) b = r.allocate(48);

  EXPECT_EQ(message_of([&] { (void)r.allocate(48); }),
            "pool 'orders': hard limit 1000 reached, 1000 out");

  r.deallocate(blocks.back(), 48);
  blocks.back() = r.allocate(40);
  EXPECT_THROW((void)r.allocate(33), pool_exhausted);
  for (void* b : blocks) r.deallocate(b, 48);
}

TYPED_TEST(LimitedResource, LimitsOneSizeAndNoOther) {
  TypeParam r{"orders"};
  ASSERT_TRUE(r.pool_for(48).set_hard_limit(0));
  EXPECT_THROW((void)r.allocate(48), pool_exhausted);
  r.deallocate(r.allocate(32), 32);
  r.deallocate(r.allocate(64), 64);
}

TYPED_TEST(LimitedResource, ARefusalCountsOnce) {
  TypeParam r{"orders"};
  for (const std::size_t bytes : {48u, 1024u}) {
    auto& blocks = r.pool_for(bytes);
    ASSERT_TRUE(blocks.set_hard_limit(0));
    EXPECT_THROW((void)r.allocate(bytes), pool_exhausted);
    EXPECT_EQ(blocks.stats().fails, 1u) << bytes;
    EXPECT_EQ(blocks.stats().limit_hits, 1u) << bytes;
  }
}

TYPED_TEST(LimitedResource, LongNamesAreCut) {
  TypeParam r{std::string(200, 'n')};
  ASSERT_TRUE(r.pool_for(48).set_hard_limit(0));
  EXPECT_EQ(message_of([&] { (void)r.allocate(48); }),
            "pool '" + std::string(31, 'n') + "': hard limit 0 reached, 0 out");
}

TYPED_TEST(LimitedResource, AContainerAtTheLimitStaysAsItWas) {
  using pair = std::pair<const int, int>;
  TypeParam r{"orders"};
  std::map<int, int, std::less<>, pool_allocator<pair, TypeParam>> m{r};
  m.emplace(0, 0);
  auto& nodes = r.pool_for(40);  // three pointers, a colour and the pair
  ASSERT_EQ(nodes.stats().out, 1u);
  ASSERT_TRUE(nodes.set_hard_limit(10));
  int n = 1;
  EXPECT_THROW(for (;; ++n) m.emplace(n, n), pool_exhausted);
  EXPECT_EQ(n, 10);
  EXPECT_EQ(m.size(), 10u);
  m.erase(3);
  m.emplace(11, 11);
  EXPECT_EQ(m.size(), 10u);
}

TYPED_TEST(LimitedResource, AnswersThatNoPoolHoldsSuchBlocks) {
  TypeParam r{"blocks"};
  EXPECT_THROW((void)r.pool_for(r.options().largest_required_pool_block + 1),
               std::invalid_argument);
  try {
    (void)r.pool_for(8, 131'072);
    ADD_FAILURE();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "pool_for: pool 'blocks': 8 bytes aligned to 131072 come from the upstream, "
                 "not a pool");
  }
  EXPECT_THROW((void)r.pool_for(16, 3), std::invalid_argument);
  EXPECT_THROW((void)r.pool_for(16, 0), std::invalid_argument);
}

TYPED_TEST(LimitedResource, KeepsItsPoolsAndTheirLimitsOverARelease) {
  TypeParam r{"orders"};
  auto& p = r.pool_for(48);
  ASSERT_TRUE(p.set_hard_limit(2));
  for (int i = 0; i < 2; ++i) (void)r.allocate(48);
  r.release();
  EXPECT_EQ(&r.pool_for(48), &p);
  EXPECT_EQ(p.stats().out, 0u);
  for (int i = 0; i < 2; ++i) (void)r.allocate(48);
  EXPECT_THROW((void)r.allocate(48), pool_exhausted);
}

// G3.
TYPED_TEST(LimitedResource, AReserveIsThereWhenTheUpstreamRefuses) {
  seeing_upstream up;
  TypeParam r(&up);
  ASSERT_TRUE(r.pool_for(100).prime(500));
  up.refuses = true;
  for (int i = 0; i < 500; ++i) (void)r.allocate(100);
}

TYPED_TEST(LimitedResource, TellsMemoryFromALimit) {
  seeing_upstream up;
  TypeParam r(&up);
  ASSERT_TRUE(r.pool_for(48).set_hard_limit(10));
  up.refuses = true;
  EXPECT_THROW((void)r.allocate(48), seeing_upstream::refusal);
  up.refuses = false;
  for (int i = 0; i < 10; ++i) (void)r.allocate(48);
  up.refuses = true;
  EXPECT_THROW((void)r.allocate(48), pool_exhausted);
}

}
}
