// SPDX-License-Identifier: BSD-2-Clause
// G8: pools before main, after it, at the ends of threads; pools by the thousand; pools that end
// with items out, and others at their place.
#include <pthread.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>

#include "base/arena.hpp"
#include "pools.hpp"
#include "stress/sanitized.hpp"
#include "support/page_ladder.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {
namespace {

// ---- before main and after it ----

constinit pool early(
    {.name = "early", .item_size = 48, .idle_time = never_idle, .at_destroy = on_live::leak});

/// Constructed before main, from a pool that is used before its file's other objects are.
struct before_main {
  void* item = early.get();
  bool was_good = early.check().empty() && early.stats().out == 1;
  ~before_main() { early.put(item); }
} const first_of_all;

TEST(Lifetime, ConstinitPoolWorksBeforeMain) {
  EXPECT_TRUE(first_of_all.was_good);
  EXPECT_TRUE(early.owns(first_of_all.item));
}

/// Uses a pool when it is destroyed, which is after main here.
struct at_exit {
  pool& p;
  void* item;
  explicit at_exit(pool& used) : p(used), item(used.get()) {}
  ~at_exit() {
    p.put(item);
    p.put(p.get());
    if (!p.check().empty()) std::_Exit(3);
  }
};

TEST(LifetimeDeathTest, PoolsWorkInStaticDestructors) {
  EXPECT_EXIT(
      {
        static pool mine({.name = "static", .item_size = 64});
        static const at_exit user(mine);
        static const at_exit early_user(early);
        std::thread([] { early.put(early.get()); }).join();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

// "leak (for static pools)": items outlive the pool, and nobody complains.
TEST(LifetimeDeathTest, LeakingPoolMayEndBeforeItsItems) {
  EXPECT_EXIT(
      {
        static char* item = nullptr;
        std::atexit([] { std::_Exit(item[0] == 'x' ? 0 : 4); });
        static pool p({.name = "leak", .item_size = 64, .at_destroy = on_live::leak});
        item = static_cast<char*>(p.get());
        item[0] = 'x';
        std::exit(5);
      },
      testing::ExitedWithCode(0), "");
}

// ---- the ends of threads ----

TEST(Lifetime, ThreadSpecificDestructorsMayUsePools) {
  static pool p({.name = "tls", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  static pthread_key_t key;
  static std::atomic<int> n_rounds{0};
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* item) {
                                 p.put(item);
                                 void* const again = p.get();
                                 if (++n_rounds < 3) {
                                   pthread_setspecific(key, again);  // one more round
                                 } else {
                                   p.put(again);
                                 }
                               }),
            0);

  std::thread([] { pthread_setspecific(key, p.get()); }).join();

  EXPECT_EQ(n_rounds, 3);
  EXPECT_EQ(p.stats().out, 0u);
  pthread_key_delete(key);
}

// ---- ends with items out ----

TEST(Lifetime, ReportingPoolLeavesItsItemsValid) {
  test_source source;
  report_catcher catcher;
  char* item = nullptr;
  {
    pool p(four_a_page(source));
    item = static_cast<char*>(p.get());
  }
  EXPECT_EQ(catcher.only().kind, report_kind::misuse);
  EXPECT_EQ(source.live_pages(), 1u);
  item[0] = item[1023] = 'x';
  const auto page = reinterpret_cast<std::uintptr_t>(item) & ~std::uintptr_t{4095};
  source.release(reinterpret_cast<void*>(page), 4096);
}

TEST(Lifetime, DestroyingPoolTakesItsItemsAlong) {
  test_source source;
  const std::size_t bytes_before = base::arena::bytes_out();
  {
    pool_options o = four_a_page(source);
    o.at_destroy = on_live::destroy;
    pool p(o);
    EXPECT_EQ(get_n(p, 30).size(), 30u);
  }
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(base::arena::bytes_out(), bytes_before);
}

TEST(Lifetime, LeakingPoolWithoutItemsGivesEverythingBack) {
  test_source source;
  const std::size_t bytes_before = base::arena::bytes_out();
  {
    pool_options o = four_a_page(source);
    o.at_destroy = on_live::leak;
    pool p(o);
    p.put(p.get());
  }
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(base::arena::bytes_out(), bytes_before);
}

TEST(Lifetime, CloseOfABusyPoolIsMisuseAndChangesNothing) {
  test_source source;
  pool_options o = four_a_page(source);
  o.hard_limit = 1;
  pool p(o);
  report_catcher catcher;
  void* const item = p.get();
  noting_waiter w;
  EXPECT_EQ(p.get_or_enqueue(w), nullptr);

  EXPECT_FALSE(p.close());
  EXPECT_EQ(catcher.only().kind, report_kind::misuse);
  EXPECT_EQ(p.stats().out, 1u);
  p.put(item);
  EXPECT_EQ(w.item, item);
  EXPECT_FALSE(p.close());
  p.put(item);

  EXPECT_TRUE(p.close());
  EXPECT_TRUE(p.close()) << "it is as new";
  EXPECT_EQ(source.live_pages(), 0u);
  EXPECT_EQ(p.stats().total, 0u);
  p.put(p.get());
}

TEST(Lifetime, StorageIsTheCallersAfterClose) {
  no_source source;
  alignas(64) static std::byte storage[4096];
  const std::size_t bytes_before = base::arena::bytes_out();
  for (int i = 0; i < 3; ++i) {
    pool p({.name = "storage", .item_size = 100, .source = &source});
    EXPECT_GT(p.prime(std::span(storage)), 10u);
    p.put(p.get());
    EXPECT_TRUE(p.close());
    std::fill(std::begin(storage), std::end(storage), std::byte{0xff});
  }
  EXPECT_EQ(base::arena::bytes_out(), bytes_before);
}

TEST(Lifetime, StorageThatIsInUseAddsNothing) {
  no_source source;
  alignas(64) static std::byte storage[8192];
  pool p({.name = "storage", .item_size = 16, .source = &source});
  const std::size_t n = p.prime(std::span(storage));
  ASSERT_GT(n, 100u);

  EXPECT_EQ(p.prime(std::span(storage)), 0u);
  EXPECT_EQ(p.prime(std::span(storage), 1), 0u) << "the pool's own data stand at its start";
  EXPECT_EQ(p.prime(std::span(storage).subspan(64, 512)), 0u);
  EXPECT_EQ(p.prime(std::span(storage).last(512)), 0u);

  EXPECT_EQ(p.stats().total, n);
  EXPECT_EQ(p.check(), "");
}

// ---- again and again, and many ----

TEST(Lifetime, PoolsComeAgainAtTheSameAddress) {
  test_source source;
  std::optional<pool> p;
  std::uint64_t last_id = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    pool_options o = four_a_page(source);
    o.item_size = 1 + i % 2000;
    o.usage_log = i % 7 == 0;
    p.emplace(o);
    void* const item = p->get();
    ASSERT_GT(p->stats().id, last_id) << "numbers are never used again";
    last_id = p->stats().id;
    p->put(item);
  }
  p.reset();
  EXPECT_EQ(source.live_pages(), 0u);
}

std::size_t n_pools_named(const char* name) {
  struct search {
    std::string_view name;
    std::size_t n = 0;
  } s{name};
  for_each_pool(
      [](void* context, const pool_stats& stats) {
        auto& it = *static_cast<search*>(context);
        it.n += stats.name == it.name ? 1 : 0;
      },
      &s);
  return s.n;
}

TEST(Lifetime, TenThousandPools) {
  constexpr std::size_t n = sanitized ? 2000 : 10'000;
  test_source source;
  const std::size_t bytes_before = base::arena::bytes_out();
  {
    std::deque<pool> pools;
    pool_options o = four_a_page(source);
    o.name = "many";
    for (std::size_t i = 0; i < n; ++i) pools.emplace_back(o);
    EXPECT_EQ(n_pools_named("many"), 0u) << "pools that were never used are not listed";
    for (pool& p : pools) p.put(p.get());
    EXPECT_EQ(n_pools_named("many"), n);
    EXPECT_GE(reclaim_all(), n * 4096);
    for (std::size_t i = 0; i < n; i += 2) EXPECT_TRUE(pools[i].close());
    EXPECT_EQ(n_pools_named("many"), n / 2);
  }
  EXPECT_EQ(n_pools_named("many"), 0u);
  EXPECT_LE(base::arena::bytes_out(), bytes_before) << "other pools were reclaimed, too";
}

TEST(Lifetime, VisitedPoolMayBeDestroyedByItsVisitorAndTheOthersToo) {
  static std::deque<std::unique_ptr<pool>> pools;
  for (int i = 0; i < 6; ++i) {
    pools.push_back(std::make_unique<pool>(
        pool_options{.name = "visited", .item_size = 64, .idle_time = never_idle}));
    pools.back()->put(pools.back()->get());
  }
  std::size_t n_visits = 0;

  for_each_pool(
      [](void* context, const pool_stats& s) {
        if (std::string_view(s.name) != "visited") return;
        ++*static_cast<std::size_t*>(context);
        pools.pop_front();                         // this one
        if (pools.size() == 4) pools.pop_front();  // and the next
        if (pools.size() == 3) pools.pop_back();   // and the last
      },
      &n_visits);

  EXPECT_EQ(n_visits, 4u);
  EXPECT_EQ(n_pools_named("visited"), 0u);
  pools.clear();
}

TEST(Lifetime, PoolsComeAndGoWhileOthersLook) {
  std::atomic<bool> stop{false};
  std::thread coming_and_going([&] {
    while (!stop) {
      pool p({.name = "fleeting", .item_size = 64, .idle_time = std::chrono::milliseconds(1)});
      p.put(p.get());
    }
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) {
    static_cast<void>(n_pools_named("fleeting"));
    static_cast<void>(reclaim_all());
  }
  stop = true;
  coming_and_going.join();
}

TEST(Lifetime, ManyThreadsMayBeFirst) {
  for (int i = 0; i < 50; ++i) {
    pool p({.name = "birth", .item_size = 64, .hard_limit = 4, .idle_time = never_idle});
    std::deque<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        EXPECT_TRUE(t != 3 || p.set_hard_limit(5));
        p.put(p.get());
      });
    for (auto& t : threads) t.join();
    EXPECT_EQ(p.stats().puts, 4u);
    EXPECT_EQ(p.hard_limit(), 5u);
  }
}

}  // namespace
}  // namespace pool9::test
