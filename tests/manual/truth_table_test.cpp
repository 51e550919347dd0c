// SPDX-License-Identifier: BSD-2-Clause
// pool(9), "ALLOCATING ITEMS FROM A POOL": what pool_get() does when there is no item, for every
// combination of its flags, at the hard limit and below it with a palloc that has nothing.
//
//                        0        W       W|L       U       U|W     U|W|L
//   at the hard limit   null!    wait    null!    panic!   wait    panic!      !: after the warning
//   below, no memory    null     wait    wait     panic    panic   panic
//
// "flags: One or more of of PR_URGENT, PR_WAITOK or PR_LIMITFAIL, that define behaviour in case the
// pooled resources are depleted."
#include "../support/report_catcher.hpp"
#include "../support/waiting.hpp"

namespace {
using namespace pool9::test;

constexpr const char* warning = "limited: too many";

/// A pool at its hard limit of one item, with a warning that is said each time.
struct at_limit {
  at_limit() {
    EXPECT_EQ(pool_sethardlimit(p, 1, warning, 0), 0);
    item = pool_get(p, PR_NOWAIT);
  }
  ~at_limit() { pool_put(p, item); }

  c_pool p{{.wchan = "limited"}};
  void* item;
};

/// A pool far below its hard limit whose page source is exhausted: four items are out.
struct without_memory {
  without_memory() {
    source.bound(1);
    EXPECT_EQ(pool_sethardlimit(p, 100, warning, 0), 0);
    items = get_n(p, 4);
  }
  ~without_memory() { put_all(p, items); }

  test_source source;
  c_pool p{{.wchan = "starved", .source = &source}};
  std::vector<void*> items;
};

void expect_null_at_limit(int flags) {
  at_limit s;
  report_catcher caught;

  EXPECT_EQ(pool_get(s.p, flags), nullptr);

  const auto said = caught.only();
  EXPECT_EQ(said.kind, pool9::report_kind::warning);
  EXPECT_EQ(said.pool, "limited");
  EXPECT_NE(said.text.find(warning), std::string::npos) << said.text;
  EXPECT_EQ(s.p.stats().fails, 1u);
  EXPECT_EQ(s.p.stats().limit_hits, 1u);
}

void expect_wait_at_limit(int flags) {
  at_limit s;
  report_catcher caught;

  auto waiting = start_waiting(s.p, flags);
  EXPECT_FALSE(waiting->is_done());
  pool_put(s.p, s.item);

  EXPECT_EQ(waiting->result(), s.item);  // the destructor puts it again: it is out once more
  EXPECT_EQ(caught.n_reports(), 0u) << "no warning for those who wait";
  EXPECT_EQ(s.p.stats().fails, 0u);
}

void expect_panic_at_limit(int flags) {
  at_limit s;
  const std::string warned = "warning by <pool_get> about <limited>: .*too many.*";
  EXPECT_DEATH(
      {
        print_reports();
        (void)pool_get(s.p, flags);
      },
      warned + "panic by <pool_get> about <limited>: pool_get: pool 'limited': urgent");
}

void expect_null_without_memory(int flags) {
  without_memory s;
  report_catcher caught;

  EXPECT_EQ(pool_get(s.p, flags), nullptr);

  EXPECT_EQ(caught.n_reports(), 0u) << "the warning is about the limit only";
  EXPECT_EQ(s.p.stats().fails, 1u);
  EXPECT_EQ(s.p.stats().limit_hits, 0u);
}

void expect_wait_without_memory(int flags) {
  without_memory s;
  report_catcher caught;

  auto waiting = start_waiting(s.p, flags);
  EXPECT_FALSE(waiting->is_done());
  void* const item = s.items.back();
  pool_put(s.p, item);

  EXPECT_EQ(waiting->result(), item);
  EXPECT_EQ(caught.n_reports(), 0u);
  EXPECT_EQ(s.p.stats().fails, 0u);
}

void expect_panic_without_memory(int flags) {
  without_memory s;
  EXPECT_PANIC((void)pool_get(s.p, flags), "pool_get", "starved", "urgent");
}

// "Otherwise pool_get() returns NULL."
TEST(PoolGet, AtLimitNowaitReturnsNullAfterTheWarning) { expect_null_at_limit(PR_NOWAIT); }
TEST(PoolGet, AtLimitLimitfailAloneReturnsNull) { expect_null_at_limit(PR_LIMITFAIL); }

// "If no resources are available and PR_WAITOK is given, this function will wait until items are
// returned to the pool."
TEST(PoolGet, AtLimitWaitokWaitsWithoutWarning) { expect_wait_at_limit(PR_WAITOK); }

// "If both PR_LIMITFAIL and PR_WAITOK is specified, and the pool has reached its hard limit,
// pool_get() will return NULL without waiting, allowing the caller to do its own garbage
// collection;"
TEST(PoolGet, LimitfailReturnsNullAtHardLimitWithoutWaiting) {
  expect_null_at_limit(PR_WAITOK | PR_LIMITFAIL);
}

TEST(PoolGet, AtLimitUrgentPanicsAfterTheWarning) { expect_panic_at_limit(PR_URGENT); }
TEST(PoolGet, AtLimitUrgentWaits) { expect_wait_at_limit(PR_URGENT | PR_WAITOK); }
TEST(PoolGet, AtLimitUrgentLimitfailPanicsAfterTheWarning) {
  expect_panic_at_limit(PR_URGENT | PR_WAITOK | PR_LIMITFAIL);
}

TEST(PoolGet, WithoutMemoryNowaitReturnsNull) { expect_null_without_memory(PR_NOWAIT); }
TEST(PoolGet, WithoutMemoryWaitokWaits) { expect_wait_without_memory(PR_WAITOK); }

// "however, it will still wait if the pool is not yet at its hard limit."
TEST(PoolGet, LimitfailWaitsBelowTheHardLimit) {
  expect_wait_without_memory(PR_WAITOK | PR_LIMITFAIL);
}

// "If PR_URGENT is specified and no items are available and palloc() cannot allocate a new page,
// the system will panic."
TEST(PoolGet, WithoutMemoryUrgentPanics) { expect_panic_without_memory(PR_URGENT); }
TEST(PoolGet, WithoutMemoryUrgentPanicsEvenIfItMayWait) {
  expect_panic_without_memory(PR_URGENT | PR_WAITOK);
}
TEST(PoolGet, WithoutMemoryUrgentLimitfailPanics) {
  expect_panic_without_memory(PR_URGENT | PR_WAITOK | PR_LIMITFAIL);
}

// With an item or a page to be had, no flag matters.
TEST(PoolGet, NoFlagMattersWhileThereIsAnItem) {
  test_source source;
  c_pool p({.source = &source});
  report_catcher caught;
  std::vector<void*> items;

  for (int set = 0; set < 8; ++set) {
    const int flags = (set & 1 ? PR_WAITOK : 0) | (set & 2 ? PR_LIMITFAIL : 0) |
                      (set & 4 ? PR_URGENT : 0) | PR_MALLOCOK;
    items.push_back(pool_get(p, flags));
    EXPECT_NE(items.back(), nullptr) << flags;
  }

  EXPECT_EQ(caught.n_reports(), 0u);
  put_all(p, items);
}

// Who waits for memory below the limit and finds the pool at its limit when his turn comes is told
// so, as if he came then.
TEST(PoolGet, LimitfailWaiterFailsWhenThePoolComesToItsLimit) {
  without_memory s;
  auto waiting = start_waiting(s.p, PR_WAITOK | PR_LIMITFAIL);

  ASSERT_EQ(pool_sethardlimit(s.p, 4, nullptr, 0), 0);

  EXPECT_EQ(waiting->result(), nullptr);
}

}  // namespace
