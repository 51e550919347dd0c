// SPDX-License-Identifier: BSD-2-Clause
// G8: a coroutine that goes on in another thread uses the cache of that thread.
//
// A compiler may keep the address of a thread-local variable over a suspension; then two threads
// would use one magazine.  Optimised as users' code is.
#include <gtest/gtest.h>

#include <coroutine>

#include "async/coroutines.hpp"
#include "edges/exactness.hpp"
#include "threads.hpp"

namespace pool9::test {
namespace {

/// Goes on in that thread.
struct on {
  runner& there;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const {
    there.tell([self] { self.resume(); });
  }
  void await_resume() const noexcept {}
};

detached watch_counts(pool& p, runner& first, runner& second, bool& good, gate& done) {
  co_await on{first};
  void* const kept = p.get();
  void* const item = p.get();
  const std::size_t n_first = n_cached_here();
  co_await on{second};
  p.put(p.get());  // it has a cache now
  const std::size_t n_second = n_cached_here();
  p.put(item);
  good = POOL9_HOLDS(n_cached_here() == n_second + 1);
  void* const again = p.get();
  good = good && POOL9_HOLDS(n_cached_here() == n_second);
  co_await on{first};
  good = good && POOL9_HOLDS(n_cached_here() == n_first);
  p.put(again);
  p.put(kept);
  good = good && POOL9_HOLDS(n_cached_here() == n_first + 2);
  done.open();
}

TEST(Coroutine, UsesTheCacheOfTheThreadInWhichItGoesOn) {
  pool p(limited());
  EXPECT_TRUE(has_exactly(p, a_limit));
  runner first, second;
  bool good = false;
  gate done;
  watch_counts(p, first, second, good, done);
  done.pass();
  EXPECT_TRUE(good);
  EXPECT_TRUE(has_exactly(p, a_limit));
}

detached hop(field& f, runner* const (&there)[2], std::uint64_t me, int n_hops,
             std::atomic<int>& n_left) {
  for (int i = 0; i < n_hops; ++i) {
    co_await on{*there[i % 2]};
    void* const item = f.p.try_get();
    if (item == nullptr) {
      f.complain("a get fails");
      break;
    }
    f.claim(item, me);
    co_await on{*there[(static_cast<std::uint64_t>(i) + me) % 2]};
    void* const more = f.p.try_get();
    if (more != nullptr) f.claim(more, me);
    f.disclaim(item, me);
    f.p.put(item);
    co_await on{*there[(i + 1) % 2]};
    if (more == nullptr) continue;
    f.disclaim(more, me);
    f.p.put(more);
  }
  --n_left;
}

TEST(Coroutine, ManyHopBetweenThreadsFromGetToPut) {
  constexpr int n_coroutines = 48;
  pool p(limited());
  field f(p, a_limit);
  std::atomic<int> n_left{n_coroutines};
  {
    runner first, second;
    runner* const there[2] = {&first, &second};
    for (int i = 0; i < n_coroutines; ++i)
      hop(f, there, static_cast<std::uint64_t>(i) + 1, slow ? 200 : 1000, n_left);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (n_left != 0 && std::chrono::steady_clock::now() < end)
      recall_for(p, std::chrono::milliseconds(1));
    if (n_left != 0) give_up("coroutines do not end");
  }
  EXPECT_EQ(f.complaint(), nullptr) << f.complaint();
  EXPECT_TRUE(has_exactly(p, a_limit));
}

}  // namespace
}  // namespace pool9::test
