// SPDX-License-Identifier: BSD-2-Clause
// Objects in pools: what can be made, who owns it, and what an exception leaves behind.
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>

#include <gtest/gtest.h>

#include <any>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>

#include "support/gate.hpp"
#include "support/report_catcher.hpp"

namespace pool9 {
namespace {

using namespace std::chrono_literals;

struct counted {
  inline static int n_alive = 0;
  explicit counted(int number = 0) : value(number) { ++n_alive; }
  ~counted() { --n_alive; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  int value;
};

struct thrower {
  explicit thrower(bool throws) {
    if (throws) throw std::runtime_error("no");
  }
};

struct point {
  int x, y = 7;
};
struct nested {
  point p;
  std::string name;
};

/// What classes do that containers must not trip over.
struct awkward final {
  explicit awkward(int v) : value(v) {}
  awkward(awkward&&) = delete;
  awkward* operator&() = delete;
  static void* operator new(std::size_t) = delete;
  static void operator delete(void*) = delete;
  int value;
};

struct alignas(256) wide {
  char c = 0;
};

constinit object_pool<counted> sessions{
    {.name = "sessions", .hard_limit = 64, .at_destroy = on_live::leak}};
constinit object_pool<counted, unsynchronized_pool> lone_sessions{
    {.name = "lone sessions", .at_destroy = on_live::leak}};
using session_ptr = pooled_ptr_of<sessions>;
using lone_ptr = pooled_ptr_of<lone_sessions>;

static_assert(sizeof(pooled_ptr<counted>) == 2 * sizeof(void*));
static_assert(sizeof(session_ptr) == sizeof(void*) && sizeof(lone_ptr) == sizeof(void*));
static_assert(!std::is_move_constructible_v<object_pool<counted>>);
static_assert(!std::is_convertible_v<pooled_ptr<point>, pooled_ptr<const point>>);

struct before_main {
  before_main() { first = make<sessions>(1)->value; }
  int first;
} early;

template <class Pool, class... Args>
concept can_make = requires(Pool& p, Args... args) {
  p.make(args...);
};
template <class Pool, class Until>
concept can_wait = requires(Pool& p, Until u) {
  p.try_make_until(u, 1);
};
using objects = object_pool<counted>;
using lone_objects = object_pool<counted, unsynchronized_pool>;
static_assert(can_make<objects> && can_make<objects, int> && !can_make<objects, std::string>);
static_assert(!can_make<lone_objects>, "nothing waits there");
static_assert(can_wait<objects, std::chrono::system_clock::time_point>);
static_assert(!can_wait<lone_objects, std::chrono::system_clock::time_point>);
static_assert(!can_make<object_pool<point>, double>, "narrowing, whatever the compiler");

/// T may be completed later, as for any unique_ptr.
struct hidden;
struct owner_of_hidden {
  owner_of_hidden();
  ~owner_of_hidden();
  pooled_ptr<hidden> p;
};
struct hidden {};
owner_of_hidden::owner_of_hidden() = default;
owner_of_hidden::~owner_of_hidden() = default;
[[maybe_unused]] const owner_of_hidden holds_nothing;

template <class Pool>
class ObjectPool : public testing::Test {};
using pools = testing::Types<pool, unsynchronized_pool>;
TYPED_TEST_SUITE(ObjectPool, pools, );

TYPED_TEST(ObjectPool, MakesObjectsAndDestroysThem) {
  object_pool<counted, TypeParam> p({.name = "test", .hard_limit = 2});
  {
    auto a = p.try_make(3);
    pooled_ptr<counted, TypeParam> b = p.try_make();
    EXPECT_EQ(a->value, 3);
    EXPECT_EQ(counted::n_alive, 2);
    EXPECT_FALSE(p.try_make());
    EXPECT_EQ(std::addressof(a.get_deleter().owner()), std::addressof(p));
    b = std::move(a);
    EXPECT_EQ(counted::n_alive, 1);
    EXPECT_EQ(p.items().stats().out, 1u);
    std::shared_ptr<counted> shared = std::move(b);
    EXPECT_EQ(shared->value, 3);
  }
  EXPECT_EQ(counted::n_alive, 0);
  EXPECT_EQ(p.items().stats().out, 0u);
}

TYPED_TEST(ObjectPool, ThrowingConstructorReturnsTheItem) {
  object_pool<thrower, TypeParam> p({.name = "test", .hard_limit = 1});
  for (int i = 0; i < 3; ++i) EXPECT_THROW(static_cast<void>(p.try_make(true)), std::runtime_error);
  const pool_stats s = p.items().stats();
  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.gets, 3u);
  EXPECT_EQ(s.puts, 3u);
  EXPECT_TRUE(p.try_make(false));
  EXPECT_EQ(p.items().check(), "");
}

TYPED_TEST(ObjectPool, ArgumentsStayWhereThereIsNoItem) {
  object_pool<std::string, TypeParam> p({.name = "test", .hard_limit = 1});
  std::string text(100, 'x');
  const auto first = p.try_make("first");
  EXPECT_FALSE(p.try_make(std::move(text)));
  EXPECT_EQ(text.size(), 100u);
}

TYPED_TEST(ObjectPool, MakesAggregatesWithBraces) {
  object_pool<point, TypeParam> points({.name = "points"});
  EXPECT_EQ(points.try_make(1, 2)->y, 2);
  EXPECT_EQ(points.try_make(1)->y, 7);
  EXPECT_EQ(points.try_make()->x, 0);
  const point given{5, 6};
  EXPECT_EQ(points.try_make(given)->y, 6);
  object_pool<nested, TypeParam> nest({.name = "nested"});
  EXPECT_EQ(nest.try_make(point{1, 2}, "name")->name, "name");
}

TYPED_TEST(ObjectPool, ValueInitialises) {
  object_pool<int, TypeParam> p({.name = "test"});
  { *p.try_make() = 5; }
  EXPECT_EQ(*p.try_make(), 0);
  EXPECT_EQ(*p.try_make(6), 6);
}

TYPED_TEST(ObjectPool, TakesAwkwardTypes) {
  object_pool<awkward, TypeParam> awkwards({.name = "awkward"});
  EXPECT_EQ(awkwards.try_make(4)->value, 4);
  object_pool<const point, TypeParam> constants({.name = "const"});
  EXPECT_EQ(constants.try_make(4)->y, 7);
  object_pool<volatile int, TypeParam> volatiles({.name = "volatile"});
  EXPECT_EQ(*volatiles.try_make(4), 4);
  object_pool<std::any, TypeParam> anything({.name = "any"});
  EXPECT_EQ(std::any_cast<int>(*anything.try_make(4)), 4);
  object_pool<point, TypeParam> small({.name = "one byte a page", .align = 4096});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(small.try_make(1).get()) % 4096, 0u);
}

TYPED_TEST(ObjectPool, AlignsAsTheTypeAsks) {
  object_pool<wide, TypeParam> p({.name = "test", .align = 8});
  std::vector<pooled_ptr<wide, TypeParam>> some;
  for (int i = 0; i < 100; ++i) {
    some.push_back(p.try_make());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(some.back().get()) % 256, 0u);
  }
  EXPECT_EQ(p.items().align(), 256u);
}

TYPED_TEST(ObjectPool, OptionsThatDoNotFitTheTypeAreRefused) {
  using some_pool = object_pool<wide, TypeParam>;
  EXPECT_THROW(some_pool({.item_size = 8}), std::invalid_argument);
  EXPECT_THROW(some_pool({.align_offset = 8}), std::invalid_argument);
  EXPECT_THROW(some_pool({.page_size = 128}), std::invalid_argument);
  EXPECT_NO_THROW(some_pool({.item_size = sizeof(wide)}));
}

TYPED_TEST(ObjectPool, KeepsRawPointersAsWell) {
  object_pool<counted, TypeParam> p({.name = "test"});
  counted* const raw = p.construct(p.items().try_get(), 9);
  const auto owner = p.adopt(raw);
  EXPECT_EQ(owner->value, 9);
  p.destroy(p.try_make(1).release());
  EXPECT_EQ(p.items().stats().out, 1u);
  EXPECT_FALSE(p.adopt(nullptr));
}

TEST(StaticObjectPool, WorksBeforeMainWithPointersOfOneWord) {
  EXPECT_EQ(early.first, 1);
  session_ptr s = make<sessions>(2);
  EXPECT_EQ(s->value, 2);
  s = try_make<sessions>(3);
  EXPECT_EQ(sessions.items().stats().out, 1u);
  const lone_ptr l = try_make<lone_sessions>(4);
  EXPECT_EQ(l->value, 4);
}

TEST(ObjectPoolWaiting, GivesUpInTimeOrWhenStopped) {
  object_pool<counted> p({.name = "test", .hard_limit = 1});
  const auto only = p.make(1);
  EXPECT_FALSE(p.try_make_for(1ms, 2));
  EXPECT_FALSE(p.try_make_until(std::chrono::system_clock::now() + 1ms, 2));
  EXPECT_FALSE(p.try_make_until(std::chrono::steady_clock::now() - 1s));
#if defined(__cpp_lib_jthread)
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(p.try_make_until(stop.get_token(), 2));
#endif
  EXPECT_EQ(counted::n_alive, 1);
}

TEST(ObjectPoolWaiting, WhoWaitsIsServedByAThrowingConstructor) {
  object_pool<thrower> p({.name = "test", .hard_limit = 1});
  void* const item = p.items().get();
  pooled_ptr<thrower> made;
  std::thread other([&] { made = p.make(false); });
  const bool waits = test::run_until([&] { return p.items().stats().waiters == 1; });
  EXPECT_TRUE(waits);
  EXPECT_THROW(static_cast<void>(p.construct(item, true)), std::runtime_error);
  other.join();
  EXPECT_TRUE(made);
}

TEST(ObjectPoolItems, MakesInAnItemThatWasDelivered) {
  object_pool<counted> p({.name = "test"});
  pool other({.name = "other", .item_size = 64});
  auto made = p.make_in(pooled_item(p.items().get(), item_deleter{&p.items()}), 5);
  EXPECT_EQ(made->value, 5);
  EXPECT_FALSE(p.make_in(pooled_item{}, 5));
  const test::report_catcher caught;
  void* const its = other.get();
  EXPECT_FALSE(p.make_in(pooled_item(its, item_deleter{&other}), 5));
  const std::string text = caught.only().text;
  EXPECT_EQ(text.rfind("make_in: pool 'test': item 0x", 0), 0u) << text;
  EXPECT_NE(
      text.find(": not of this pool: it is of pool 'other'\n  look at who mixes the two pools "
                "up: an object is made in an item of its own"),
      std::string::npos)
      << text;
  EXPECT_EQ(caught.only().misuse, misuse_kind::wrong_pool);
  EXPECT_EQ(caught.only().item, its);
  EXPECT_EQ(caught.only().pool_id, p.items().stats().id);
  EXPECT_EQ(other.stats().out, 0u);
  EXPECT_EQ(p.items().stats().out, 1u);
}

TEST(ObjectPoolItems, TellsThePoolsOfOneNameApart) {
  object_pool<counted> p, twin;
  const test::report_catcher caught;
  void* const its = twin.items().get();
  EXPECT_FALSE(p.make_in(pooled_item(its, item_deleter{&twin.items()}), 5));
  const std::string says = "', another of that name, with the id " +
                           std::to_string(twin.items().stats().id) + "\n  look at ";
  EXPECT_NE(std::string(caught.only().text).find(says), std::string::npos) << caught.only().text;
}

}  // namespace
}  // namespace pool9
