// SPDX-License-Identifier: BSD-2-Clause
// pool_allocator under everything that takes an allocator.
#include <gtest/gtest.h>

#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <pool9/memory_resource.hpp>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pool9::test {
namespace {

template <class T>
using alloc = pool_allocator<T>;
using pair = std::pair<const int, int>;
using int_map = std::map<int, int, std::less<>, alloc<pair>>;

static_assert(sizeof(alloc<int>) == sizeof(void*));
static_assert(std::is_trivially_copyable_v<alloc<int>>);
static_assert(std::is_same_v<std::allocator_traits<alloc<int>>::rebind_alloc<char>, alloc<char>>);
static_assert(!std::is_default_constructible_v<pool_allocator<int, unsynchronized_pool_resource>>);
static_assert(noexcept(alloc<int>()));

/// Blocks that are out, in all pools of the resource.
std::size_t n_out(pool_resource& r) {
  std::size_t n = 0;
  for (std::size_t bytes = 16; bytes <= 512; bytes += 16) n += r.pool_for(bytes).stats().out;
  for (std::size_t bytes = 640; bytes <= 65'536; bytes += 128) {
    pool& p = r.pool_for(bytes);
    if (p.item_size() == bytes) n += p.stats().out;
  }
  return n;
}

// No container needs to be told a size.
template <class Container>
void fill_and_empty(auto&& add) {
  pool_resource r{"containers"};
  {
    Container c{r};
    for (int i = 0; i < 1000; ++i) add(c, i);
    EXPECT_NE(n_out(r), 0u);
    Container copy{c};
    EXPECT_EQ(&copy.get_allocator().resource(), &r);
    EXPECT_TRUE(copy == c);
    const Container moved{std::move(c)};
    EXPECT_TRUE(copy == moved);
    EXPECT_EQ(&moved.get_allocator().resource(), &r);
  }
  EXPECT_EQ(n_out(r), 0u);
}

TEST(PoolAllocator, ServesEveryContainer) {
  const auto push_front = [](auto& c, int i) { c.push_front(i); };
  const auto push_back = [](auto& c, int i) { c.push_back(i); };
  const auto insert = [](auto& c, int i) { c.insert(i); };
  const auto emplace = [](auto& c, int i) { c.emplace(i, i); };
  fill_and_empty<std::list<int, alloc<int>>>(push_back);
  fill_and_empty<std::forward_list<int, alloc<int>>>(push_front);
  fill_and_empty<std::deque<int, alloc<int>>>(push_back);
  fill_and_empty<std::vector<int, alloc<int>>>(push_back);
  fill_and_empty<std::vector<bool, alloc<bool>>>(push_back);
  fill_and_empty<std::basic_string<char, std::char_traits<char>, alloc<char>>>(
      [](auto& c, int i) { c.push_back(static_cast<char>(i)); });
  fill_and_empty<std::set<int, std::less<>, alloc<int>>>(insert);
  fill_and_empty<std::multiset<int, std::less<>, alloc<int>>>(insert);
  fill_and_empty<int_map>(emplace);
  fill_and_empty<std::multimap<int, int, std::less<>, alloc<pair>>>(emplace);
  fill_and_empty<std::unordered_set<int, std::hash<int>, std::equal_to<>, alloc<int>>>(insert);
  fill_and_empty<std::unordered_map<int, int, std::hash<int>, std::equal_to<>, alloc<pair>>>(
      emplace);
}

TEST(PoolAllocator, ServesSharedPointersAndPromisesOfOtherTypes) {
  pool_resource r{"shared"};
  {
    std::weak_ptr<std::string> weak;
    {
      const auto shared = std::allocate_shared<std::string>(alloc<std::string>{r}, "text");
      weak = shared;
      EXPECT_EQ(n_out(r), 1u);  // the object and its counts are one block
    }
    EXPECT_EQ(n_out(r), 1u);
    const std::shared_ptr<int> with_deleter(new int(1), std::default_delete<int>(), alloc<int>{r});
    EXPECT_EQ(n_out(r), 2u);
  }
  EXPECT_EQ(n_out(r), 0u);
}

struct tree {
  std::vector<tree, pool_allocator<tree>> children;  // incomplete here
  std::map<int, tree, std::less<>, pool_allocator<std::pair<const int, tree>>> named;
};

TEST(PoolAllocator, TakesIncompleteTypes) {
  tree t;
  t.children.resize(3);
  t.children[1].named[7].children.resize(2);
  EXPECT_EQ(t.children[1].named[7].children.size(), 2u);
}

template <std::size_t Align>
struct alignas(Align) aligned {
  char c = 1;
};

template <std::size_t Align>
void expect_aligned() {
  pool_resource r{"aligned"};
  std::list<aligned<Align>, alloc<aligned<Align>>> l{r};
  std::vector<aligned<Align>, alloc<aligned<Align>>> v{r};
  for (int i = 0; i < 20; ++i) {
    l.emplace_back();
    v.emplace_back();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&l.back()) % Align, 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&v.back()) % Align, 0u);
  }
}

TEST(PoolAllocator, AlignsWhatIsOverAligned) {
  expect_aligned<1>();
  expect_aligned<32>();
  expect_aligned<64>();
  expect_aligned<128>();
  expect_aligned<512>();
  expect_aligned<4096>();
  expect_aligned<65'536>();
  expect_aligned<131'072>();
}

TEST(PoolAllocator, IsEqualIfAndOnlyIfTheResourceIs) {
  pool_resource a{"a"}, b{"b"};
  EXPECT_EQ(alloc<int>{a}, alloc<char>{a});
  EXPECT_NE(alloc<int>{a}, alloc<int>{b});
  EXPECT_EQ(alloc<int>{}, alloc<int>{default_pool_resource()});
  const pool_allocator deduced{a};
  EXPECT_EQ(deduced, alloc<int>{a});
  EXPECT_TRUE((std::is_same_v<decltype(deduced), const pool_allocator<std::byte>>));
}

TEST(PoolAllocator, MovesAndSwapsWithItsContainer) {
  pool_resource a{"a"}, b{"b"};
  int_map one{a}, other{b};
  one[1] = 1;
  other[2] = 2;
  const int* const where = &one[1];

  std::swap(one, other);
  EXPECT_EQ(&one.get_allocator().resource(), &b);
  EXPECT_EQ(&other.at(1), where);

  one = std::move(other);
  EXPECT_EQ(&one.get_allocator().resource(), &a);
  EXPECT_EQ(&one.at(1), where);
}

TEST(PoolAllocator, StaysWhenItsContainerIsAssigned) {
  pool_resource a{"a"}, b{"b"};
  int_map one{a};
  int_map other{b};
  other[2] = 2;
  one = other;
  EXPECT_EQ(&one.get_allocator().resource(), &a);
  EXPECT_EQ(one, other);
}

TEST(PoolAllocator, SplicesListsOfOneResource) {
  pool_resource r{"lists"};
  std::list<int, alloc<int>> one{{1, 2}, r}, other{{3}, r};
  one.splice(one.end(), other);
  EXPECT_EQ(one.size(), 3u);
}

TEST(PoolAllocator, RefusesMoreThanMemoryCanHold) {
  struct big {
    char c[1000];
  };
  alloc<big> a;
  const volatile std::size_t most = SIZE_MAX;  // volatile: compilers refuse what they see
  EXPECT_THROW((void)a.allocate(most / 2), std::bad_array_new_length);
  EXPECT_THROW((void)a.allocate(most / sizeof(big) + 1), std::bad_array_new_length);
  big* const none = a.allocate(0);
  a.deallocate(none, 0);
}

TEST(PoolAllocator, ServesOneThreadWithoutLocks) {
  unsynchronized_pool_resource r{"mine"};
  using mine = pool_allocator<pair, unsynchronized_pool_resource>;
  std::map<int, int, std::less<>, mine> m{r};
  for (int i = 0; i < 1000; ++i) m[i] = i;
  EXPECT_EQ(r.pool_for(40).stats().out, 1000u);
  m.clear();
  EXPECT_EQ(r.pool_for(40).stats().out, 0u);
}

// ---- Before main and after it

struct early {
  int_map m;
  early() { m[1] = 2; }
  ~early() {
    m[2] = 3;  // after the library's own destructors, if it had any
    if (m.size() != 2) std::abort();
  }
};
early before_main;

TEST(PoolAllocator, WorksBeforeMainAndAfterIt) { EXPECT_EQ(before_main.m.at(1), 2); }

}
}
