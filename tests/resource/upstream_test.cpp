// SPDX-License-Identifier: BSD-2-Clause
// What the upstream sees: who calls it, when, and for how much.
#include <gtest/gtest.h>

#include <array>
#include <pool9/memory_resource.hpp>
#include <thread>
#include <vector>

#include "resource/upstreams.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

// A buffer that only one thread may use is a good upstream of a resource that all may use.
TEST(ResourceUpstream, MayBeABufferOnTheStack) {
  std::array<std::byte, 100'000> buffer;
  std::pmr::monotonic_buffer_resource bytes(buffer.data(), buffer.size(),
                                            std::pmr::null_memory_resource());
  pool_resource r(&bytes);
  int n = 0;
  EXPECT_THROW(for (;; ++n)(void) r.allocate(64), std::bad_alloc);
  EXPECT_GT(n, 1000);  // of at most 1562
}

TEST(ResourceUpstream, MayBeAnotherResource) {
  pool_resource outer{"outer"};
  {
    pool_resource inner(&outer);
    for (int i = 0; i < 1000; ++i) (void)inner.allocate(64);
    EXPECT_NE(outer.pool_for(4096, 4096).stats().out, 0u);
  }
  EXPECT_EQ(outer.pool_for(4096, 4096).stats().out, 0u);
}

/// Uses the resource whose upstream it is.
struct recursive_upstream : seeing_upstream {
  std::pmr::memory_resource* user = nullptr;
  int depth = 0;

  void* do_allocate(std::size_t bytes, std::size_t align) override {
    call_user();
    return seeing_upstream::do_allocate(bytes, align);
  }
  void do_deallocate(void* p, std::size_t bytes, std::size_t align) override {
    seeing_upstream::do_deallocate(p, bytes, align);
    call_user();
  }
  void call_user() {
    if (depth != 0 || user == nullptr) return;
    ++depth;
    user->deallocate(user->allocate(500), 500);
    user->deallocate(user->allocate(100'000), 100'000);
    --depth;
  }
};

TEST(ResourceUpstream, MayUseTheResource) {
  recursive_upstream up;
  pool_resource r(&up);
  up.user = &r;
  std::vector<void*> some(1000);
  for (void*& p : some) p = r.allocate(64);
  for (void* p : some) r.deallocate(p, 64);
  r.reclaim();
  up.user = nullptr;
}

TEST(ResourceUpstream, GetsItsMemoryBackByReclaim) {
  seeing_upstream up;
  pool_resource r(&up);
  std::vector<void*> some(10'000);
  for (void*& p : some) p = r.allocate(64);
  for (void* p : some) r.deallocate(p, 64);
  EXPECT_GT(up.bytes_out(), 600'000u);
  EXPECT_GT(r.reclaim(), 600'000u);
  EXPECT_EQ(up.n_out(), 0u);
}

// Pages that housekeeping takes do not go back on its thread: no other thread than those that call
// the resource calls the upstream.
TEST(ResourceUpstream, IsNotCalledByHousekeeping) {
  seeing_upstream up;
  pool_resource r(&up);
  std::vector<void*> some(10'000);
  for (void*& p : some) p = r.allocate(64);
  for (void* p : some) r.deallocate(p, 64);
  const std::size_t before = up.bytes_out();
  std::thread([] { relieve_memory_pressure(); }).join();
  EXPECT_EQ(r.pool_for(64).stats().pages, 0u);
  EXPECT_EQ(up.bytes_out(), before);

  up.refuses = true;  // what came back is used again
  for (void*& p : some) p = r.allocate(64);
}

// A chunk that was refused is asked for as one page.
TEST(ResourceUpstream, IsAskedForLessWhenItRefuses) {
  struct small : seeing_upstream {
    void* do_allocate(std::size_t bytes, std::size_t align) override {
      if (bytes > 4096) throw refusal();
      return seeing_upstream::do_allocate(bytes, align);
    }
  } up;
  pool_resource r(&up);
  for (int i = 0; i < 1000; ++i) (void)r.allocate(64);
  EXPECT_EQ(up.bytes_out(), 4096u * 16);
}

TEST(ResourceUpstream, MayBeAPageSourceInstead) {
  test_source pages;
  {
    pool_resource r{"named", pages};
    for (int i = 0; i < 1000; ++i) (void)r.allocate(64);
    EXPECT_GT(pages.live_pages(), 10u);
    pages.fail_now();
    EXPECT_THROW(for (;;)(void) r.allocate(64), std::bad_alloc);
  }
  EXPECT_EQ(pages.live_pages(), 0u);
}

TEST(ResourceUpstream, IsLeftAloneByANamedResource) {
  seeing_upstream up;
  const as_default set(up);
  pool_resource r{"named"};
  EXPECT_EQ(r.upstream_resource(), std::pmr::new_delete_resource());
  (void)r.allocate(64);
  (void)r.allocate(100'000);
  EXPECT_TRUE(up.requests().empty());
}

}
}
