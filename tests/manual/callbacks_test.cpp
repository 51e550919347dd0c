// SPDX-License-Identifier: BSD-2-Clause
// Foreign code that a pool calls - palloc, prelease, the drain hook, report handlers - runs with no
// lock held, and may call back into any pool.
#include <utility>

#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

/// Uses `pp` from another thread and waits for it: impossible while this thread holds its lock.
void use_elsewhere(::pool* pp) {
  task<int> other([pp] {
    void* item = pool_get(pp, PR_NOWAIT);
    if (item != nullptr) pool_put(pp, item);
    pool_setlowat(pp, 0);
    return pool_chk(pp, "from a callback");
  });
  EXPECT_EQ(other.result(), 0);
}

// "The pool resource code uses a per-pool lock to protect its internal state."  It is not held
// while palloc runs,
TEST(PoolPitfalls, PallocRunsWithoutTheLock) {
  test_source source;
  c_pool p({.source = &source});
  struct pool* const pp = p;
  int depth = 0;
  source.before_allocate([&] {
    if (depth++ == 0) use_elsewhere(pp);
  });

  auto items = get_n(p, 5);

  EXPECT_GE(depth, 2);
  put_all(p, items);
}

// nor while prelease runs,
TEST(PoolPitfalls, PreleaseRunsWithoutTheLock) {
  test_source source;
  c_pool p({.source = &source});
  struct pool* const pp = p;
  pool_sethiwat(p, 0);
  int depth = 0;
  source.before_release([&] {
    if (depth++ == 0) use_elsewhere(pp);
  });

  pool_put(p, pool_get(p, PR_NOWAIT));

  EXPECT_GE(depth, 1);
  source.before_release(nullptr);
}

// nor while a report is handled,
TEST(PoolPitfalls, ReportHandlerRunsWithoutTheLock) {
  c_pool p;
  ASSERT_EQ(pool_sethardlimit(p, 1, "at the limit", 0), 0);
  struct pool* const pp = p;
  void* item = pool_get(p, PR_NOWAIT);
  report_catcher caught;
  bool again = false;
  caught.on_report([&] {
    if (again) return;
    again = true;
    use_elsewhere(pp);
    (void)stats_of(pp);
  });

  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  again = false;
  pool_put(p, nullptr);

  EXPECT_TRUE(again);
  pool_put(p, item);
}

// nor while the drain hook runs.
struct hook_log {
  ::pool* pp;
  std::vector<void*> cached;
  std::vector<int> flags;
  bool use_others = false;
};
void give_back(void* arg, int flags) {
  auto* log = static_cast<hook_log*>(arg);
  log->flags.push_back(flags);
  // The other thread's get may come here, too.
  if (std::exchange(log->use_others, false)) use_elsewhere(log->pp);
  put_all(log->pp, log->cached);
}

TEST(PoolPitfalls, DrainHookRunsWithoutTheLock) {
  c_pool p;
  hook_log log{p, {}, {}, true};
  pool_set_drain_hook(p, give_back, &log);
  ASSERT_EQ(pool_sethardlimit(p, 2, nullptr, 0), 0);
  log.cached = get_n(p, 2);

  void* item = pool_get(p, PR_NOWAIT);

  EXPECT_NE(item, nullptr) << "what the hook gave back";
  pool_put(p, item);
}

TEST(PoolPitfalls, DrainHookIsAskedOnceBeforeAGetFails) {
  c_pool p;
  hook_log log{p, {}, {}, false};
  pool_set_drain_hook(p, give_back, &log);
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  void* item = pool_get(p, PR_NOWAIT);
  EXPECT_TRUE(log.flags.empty());

  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  EXPECT_EQ(log.flags, std::vector<int>{PR_NOWAIT});
  EXPECT_EQ(pool_get(p, PR_WAITOK | PR_LIMITFAIL), nullptr);
  EXPECT_EQ(log.flags, (std::vector<int>{PR_NOWAIT, PR_NOWAIT})) << "it must never wait";

  pool_set_drain_hook(p, nullptr, nullptr);
  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);
  EXPECT_EQ(log.flags.size(), 2u);
  pool_put(p, item);
}

TEST(PoolPitfalls, DrainHookIsAskedWithoutMemoryToo) {
  test_source source;
  source.bound(1);
  c_pool p({.source = &source});
  hook_log log{p, {}, {}, false};
  pool_set_drain_hook(p, give_back, &log);
  auto items = get_n(p, 3);
  log.cached = get_n(p, 1);

  items.push_back(pool_get(p, PR_NOWAIT));

  EXPECT_NE(items.back(), nullptr);
  EXPECT_EQ(log.flags.size(), 1u);
  put_all(p, items);
}

TEST(PoolPitfalls, DrainHookIsAskedBeforeAWait) {
  c_pool p;
  hook_log log{p, {}, {}, false};
  pool_set_drain_hook(p, give_back, &log);
  ASSERT_EQ(pool_sethardlimit(p, 1, nullptr, 0), 0);
  log.cached = get_n(p, 1);

  void* item = pool_get(p, PR_WAITOK);

  EXPECT_NE(item, nullptr);
  EXPECT_EQ(p.stats().waiters, 0u);
  pool_put(p, item);
}

// 20. Re-entering: inside its own palloc a pool neither grows nor waits,
TEST(PoolPitfalls, GetInsideItsOwnPallocFails) {
  test_source source;
  c_pool p({.source = &source});
  struct pool* const pp = p;
  int calls = 0;
  source.before_allocate([&] {
    ++calls;
    EXPECT_EQ(pool_get(pp, PR_NOWAIT), nullptr);
    EXPECT_EQ(pool_get(pp, PR_WAITOK), nullptr) << "nobody could ever serve it";
    EXPECT_EQ(pool_prime(pp, 1, nullptr), ENOMEM);
  });

  void* item = pool_get(p, PR_NOWAIT);

  EXPECT_NE(item, nullptr);
  EXPECT_EQ(calls, 1);
  source.before_allocate(nullptr);
  pool_put(p, item);
}

// but what it has it gives.
TEST(PoolPitfalls, GetInsideItsOwnPallocTakesWhatIsFree) {
  test_source source;
  c_pool p({.source = &source});
  struct pool* const pp = p;
  auto items = get_n(p, 4);
  source.before_allocate([&] {
    pool_put(pp, items.back());
    items.back() = pool_get(pp, PR_WAITOK);
    EXPECT_NE(items.back(), nullptr);
  });

  items.push_back(pool_get(p, PR_NOWAIT));

  source.before_allocate(nullptr);
  EXPECT_TRUE(are_disjoint(items, 1024));
  put_all(p, items);
}

TEST(PoolPitfalls, GetInsideItsOwnPreleaseNeitherGrowsNorWaits) {
  test_source source;
  c_pool p({.source = &source});
  struct pool* const pp = p;
  pool_sethiwat(p, 0);
  int calls = 0;
  source.before_release([&] {
    ++calls;
    EXPECT_EQ(pool_get(pp, PR_WAITOK), nullptr);
    EXPECT_EQ(pool_prime(pp, 1, nullptr), ENOMEM);
  });

  pool_put(p, pool_get(p, PR_NOWAIT));

  EXPECT_EQ(calls, 1);
  EXPECT_EQ(source.n_calls(), 1u);
  source.before_release(nullptr);
}

TEST(PoolPitfalls, GetInsideItsOwnDrainHookFails) {
  c_pool p;
  struct context {
    ::pool* pp;
    int calls;
  } c{p, 0};
  pool_set_drain_hook(
      p,
      [](void* arg, int) {
        auto* self = static_cast<context*>(arg);
        ++self->calls;
        EXPECT_EQ(pool_get(self->pp, PR_WAITOK), nullptr);
      },
      &c);
  ASSERT_EQ(pool_sethardlimit(p, 0, nullptr, 0), 0);

  EXPECT_EQ(pool_get(p, PR_NOWAIT), nullptr);

  EXPECT_EQ(c.calls, 1) << "not asked again from inside";
}

// A page source may itself stand on a pool, and release into it.
TEST(PoolPitfalls, PallocMayUseAnotherPool) {
  test_source source;
  c_pool outer({.wchan = "outer", .source = &source});
  c_pool inner({.size = 64, .wchan = "inner"});
  struct pool* const ip = inner;
  std::vector<void*> headers;
  source.before_allocate([&] { headers.push_back(pool_get(ip, PR_WAITOK)); });
  source.before_release([&] {
    pool_put(ip, headers.back());
    headers.pop_back();
  });

  auto items = get_n(outer, 20);
  EXPECT_EQ(inner.stats().out, 5u);
  put_all(outer, items);
  pool_reclaim(outer);

  EXPECT_EQ(inner.stats().out, 0u);
  source.before_allocate(nullptr);
  source.before_release(nullptr);
}

// Items that come back while palloc runs serve the getter, though palloc had nothing.
TEST(PoolPitfalls, ItemPutDuringAFailingPallocIsNotMissed) {
  test_source source;
  source.bound(1);
  c_pool p({.source = &source});
  struct pool* const pp = p;
  auto items = get_n(p, 4);
  source.before_allocate([&] {
    if (items.size() == 4) {
      task<int> other([&] {
        pool_put(pp, items.back());
        return 0;
      });
      (void)other.result();
      items.pop_back();
    }
  });

  items.push_back(pool_get(p, PR_NOWAIT));

  EXPECT_NE(items.back(), nullptr);
  source.before_allocate(nullptr);
  put_all(p, items);
}

// Who was served is told before any foreign code runs on behalf of the put that served him.
TEST(PoolPitfalls, ServedWaiterIsToldBeforePreleaseRuns) {
  test_source source;
  c_pool p({.source = &source});
  pool_sethiwat(p, 0);
  ASSERT_EQ(pool_sethardlimit(p, 8, nullptr, 0), 0);
  auto items = get_n(p, 8);
  auto waiting = start_waiting(p);
  bool was_told = true;
  source.before_release(
      [&] { was_told = run_until([&] { return waiting->is_done(); }, std::chrono::seconds(10)); });

  pool_put_bulk(p, items.data(), items.size());

  EXPECT_TRUE(was_told);
  source.before_release(nullptr);
  pool_put(p, waiting->result());
}

// A limit that palloc itself lowers under a bulk get leaves nothing to wait for.
TEST(PoolPitfalls, LimitLoweredDuringPallocEndsABulkGet) {
  test_source source;
  source.fail_now();
  c_pool p({.source = &source});
  struct pool* const pp = p;
  source.before_allocate([pp] { EXPECT_EQ(pool_sethardlimit(pp, 1, nullptr, 0), 0); });
  void* wanted[2];

  task<int> bulk([&] { return pool_get_bulk(pp, PR_WAITOK, wanted, 2); });
  EXPECT_EQ(bulk.result(), EINVAL);

  source.before_allocate(nullptr);
}

}  // namespace
