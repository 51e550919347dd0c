// SPDX-License-Identifier: BSD-2-Clause
// Visiting what is out, and what becomes of it when a pool ends.
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/gate.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"
#include "support/storage.hpp"

namespace pool9 {
namespace {

using items = std::multiset<void*>;

template <class Pool>
items visit(Pool& p) {
  items seen;
  p.for_each_item([](void* context, void* item) { static_cast<items*>(context)->insert(item); },
                  &seen);
  EXPECT_EQ(p.check(), "");
  return seen;
}

template <class Pool>
class Living : public testing::Test {};
using pools = testing::Types<pool, unsynchronized_pool>;
TYPED_TEST_SUITE(Living, pools, );

TYPED_TEST(Living, ItemsAreVisitedOnceAndThoseInCachesAreNot) {
  for (const std::size_t size : {8u, 64u, 1000u, 4096u, 100'000u}) {
    TypeParam p({.name = "test", .item_size = size});
    EXPECT_TRUE(visit(p).empty());
    std::vector<void*> got(500);
    for (void*& item : got) item = p.try_get();
    items out;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (i % 3 != 0) {
        p.put(got[i]);
      } else {
        out.insert(got[i]);
      }
    }
    EXPECT_GT(p.stats().cached, 0u);
    EXPECT_EQ(visit(p), out) << size;
    for (void* item : out) p.put(item);
    EXPECT_TRUE(visit(p).empty());
    void* const item = p.try_get();
    p.put(item);
    EXPECT_EQ(p.try_get(), item);  // and caches work again
    p.put(item);
  }
}

TYPED_TEST(Living, ItemsInStorageAreVisited) {
  alignas(64) static std::byte storage[3][8192];
  no_source none;
  TypeParam p({.name = "test", .item_size = 100, .source = &none});
  std::size_t n = 0;
  for (auto& s : storage) n += p.prime(std::span(s));
  std::vector<void*> got(n);
  for (void*& item : got) item = p.try_get();
  EXPECT_EQ(visit(p), items(got.begin(), got.end()));
  for (std::size_t i = 0; i < n; i += 2) p.put(std::exchange(got[i], nullptr));
  items odd(got.begin(), got.end());
  odd.erase(nullptr);
  EXPECT_EQ(visit(p), odd);
  for (void* item : odd) p.put(item);
}

TYPED_TEST(Living, VisitorMayPutWhatItSeesAndOthers) {
  test::test_source source;
  TypeParam p({.name = "test",
               .item_size = 1024,
               .high_watermark = 8,
               .idle_time = std::chrono::milliseconds::max(),
               .page_size = 4096,
               .source = &source});
  struct state {
    TypeParam& pool;
    std::vector<void*> got;
    std::size_t n_seen = 0;
  } s{p, std::vector<void*>(40)};
  for (void*& item : s.got) item = p.try_get();
  p.for_each_item(
      [](void* context, void* item) {
        auto& at = *static_cast<state*>(context);
        ++at.n_seen;
        for (int i = 0; i < 2; ++i) {  // this one, and the last
          const auto it = i == 0 ? std::find(at.got.begin(), at.got.end(), item) : at.got.end() - 1;
          at.pool.put(*it);
          at.got.erase(it);
        }
      },
      &s);
  EXPECT_EQ(s.n_seen, 20u);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TYPED_TEST(Living, VisitorMayThrow) {
  TypeParam p({.name = "test", .item_size = 64});
  void* const item = p.try_get();
  EXPECT_THROW(p.for_each_item([](void*, void*) { throw std::runtime_error("no"); }, nullptr),
               std::runtime_error);
  p.put(item);
  EXPECT_GT(p.stats().cached, 0u);
  EXPECT_EQ(p.check(), "");
}

TYPED_TEST(Living, VisitorMustNotCloseThePool) {
  const test::report_catcher caught;
  TypeParam p({.name = "test", .item_size = 64});
  void* item = p.try_get();
  struct state {
    TypeParam& pool;
    void*& item;
  } s{p, item};
  p.for_each_item(
      [](void* context, void*) {
        auto& at = *static_cast<state*>(context);
        at.pool.put(std::exchange(at.item, nullptr));
        EXPECT_FALSE(at.pool.close());
      },
      &s);
  EXPECT_NE(caught.only().text.find("visit"), std::string::npos);
  EXPECT_TRUE(p.close());
}

TEST(LivingItems, InOtherThreadsCachesAreNotVisited) {
  pool p({.name = "test", .item_size = 64});
  void* const mine = p.get();
  void* others = nullptr;
  test::gate ready, end;
  std::thread other([&] {
    std::vector<void*> some(100);
    for (void*& item : some) item = p.get();
    others = some.back();
    some.pop_back();
    for (void* item : some) p.put(item);
    ready.open();
    end.pass();
  });
  ready.pass();
  EXPECT_GT(p.stats().cached, 50u);
  EXPECT_EQ(visit(p), (items{mine, others}));
  end.open();
  other.join();
  p.put(mine);
  p.put(others);
}

/// Notes the end of every one.
struct node {
  inline static std::vector<const node*> ended;
  explicit node(int v = 0) : value(v) {}
  ~node() { ended.push_back(this); }
  int value;
};

TYPED_TEST(Living, ObjectsAreVisited) {
  object_pool<node, TypeParam> p({.name = "test"});
  std::vector<pooled_ptr<node, TypeParam>> some;
  for (int i = 0; i < 100; ++i) some.push_back(p.try_make(i));
  for (int i = 0; i < 50; ++i) some.pop_back();
  int sum = 0;
  p.for_each_object([&](node& n) {
    sum += n.value;
    n.value = 1;
  });
  EXPECT_EQ(sum, 49 * 50 / 2);
  EXPECT_EQ(some[0]->value + some[49]->value, 2);
}

TYPED_TEST(Living, ObjectsAreDestroyedWithTheirPool) {
  test::test_source source;
  node::ended.clear();
  const test::report_catcher caught;
  std::set<const node*> living;
  {
    object_pool<node, TypeParam> p(
        {.name = "test", .source = &source, .at_destroy = on_live::destroy});
    for (int i = 0; i < 100; ++i) {
      auto n = p.try_make();
      if (i % 2 != 0) living.insert(n.release());
    }
    node::ended.clear();
  }
  EXPECT_EQ(node::ended.size(), 50u);
  EXPECT_EQ(std::set<const node*>(node::ended.begin(), node::ended.end()), living);
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(caught.n_reports(), 0u);
}

template <class Pool>
struct linked {
  inline static int n_alive = 0;
  linked() { ++n_alive; }
  ~linked() { --n_alive; }
  pooled_ptr<linked, Pool> next;
};

TYPED_TEST(Living, ObjectsThatOwnOneAnotherAreDestroyedOnceEach) {
  using link = linked<TypeParam>;
  const test::report_catcher caught;
  {
    object_pool<link, TypeParam> p({.name = "test", .at_destroy = on_live::destroy});
    std::vector<link*> all;
    for (int i = 0; i < 100'000; ++i) all.push_back(p.try_make().release());
    // Each owns another, forwards and backwards in memory; all in one ring.
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i]->next = p.adopt(all[(i + 33'333) % all.size()]);
    EXPECT_EQ(link::n_alive, 100'000);
  }
  EXPECT_EQ(link::n_alive, 0);
  EXPECT_EQ(caught.n_reports(), 0u);
}

TYPED_TEST(Living, ObjectsAreReportedOrLeftAsAsked) {
  node::ended.clear();
  node* left = nullptr;
  test::report_catcher caught;
  {
    object_pool<node, TypeParam> p({.name = "leaves", .at_destroy = on_live::leak});
    left = p.try_make(5).release();
  }
  EXPECT_EQ(left->value, 5);
  EXPECT_EQ(caught.n_reports(), 0u);
  {
    object_pool<node, TypeParam> p({.name = "reports"});
    left = p.try_make(6).release();
  }
  EXPECT_EQ(left->value, 6);
  EXPECT_NE(caught.only().text.find("1 items are out"), std::string::npos);
  EXPECT_TRUE(node::ended.empty());
}

}  // namespace
}  // namespace pool9
