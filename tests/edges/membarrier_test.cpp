// SPDX-License-Identifier: BSD-2-Clause
// G1, G2, G4 and G8 where membarrier is refused: by a filter that was there before the program
// (deny_membarrier.cpp runs this program, and others, so), or by one that is installed when caches
// are full and in use.
//
// What goes wrong if nobody notices: a recaller believes that every owner has passed a barrier, and
// takes an item that its owner has popped already.
#include "membarrier.hpp"

#include <sys/time.h>

#include <csignal>
#include <optional>

#include "base/os.hpp"
#include "cache/barrier.hpp"
#include "exactness.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

constexpr auto a_while = thread_sanitized ? 400ms : 200ms;

TEST(Membarrier, PoolsAreExactWithItOrWithoutIt) {
  EXPECT_TRUE(lives_exactly(a_while));
  EXPECT_EQ(cache::barrier::works(), has_membarrier());
}

// What it stands for is a barrier: cut short, it is none.
TEST(Membarrier, PauseThatReplacesItLastsThroughSignals) {
  EXPECT_TRUE(in_child([] {
    signal(SIGALRM, [](int) {});
    const itimerval every_millisecond{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &every_millisecond, nullptr);
    const auto start = base::os::steady_ns();
    base::os::pause(30'000'000);
    return POOL9_HOLDS(base::os::steady_ns() - start >= 30'000'000);
  }));
}

struct denial {
  const char* name;
  int error;
  denied_to whom;
};
std::ostream& operator<<(std::ostream& out, const denial& d) { return out << d.name; }

class MembarrierDenied : public testing::TestWithParam<denial> {
 protected:
  /// Runs `f(deny)` in a process of its own, where deny() installs the filter.
  template <class F>
  static void with_filter_to_come(F f) {
    if (!in_child([] { return deny_membarrier(EPERM, denied_to::this_thread); }))
      GTEST_SKIP() << "no filters of system calls here";
    EXPECT_TRUE(in_child([&] {
      return f([] { return POOL9_HOLDS(deny_membarrier(GetParam().error, GetParam().whom)); });
    }));
  }
};

TEST_P(MembarrierDenied, WithItemsInTheCachesOfSleepingThreads) {
  with_filter_to_come([](auto deny) {
    pool p(limited());
    bool good = has_exactly(p, a_limit);
    {
      sleepers idle(p, 3, 50);
      std::vector<void*> mine = get_n(p, 40);
      put_all(p, mine);
      good = good && POOL9_HOLDS(p.stats().cached > 60) && deny();
      good = good && has_exactly(p, a_limit);
      good = good && POOL9_HOLDS(!cache::barrier::works());
    }
    return good && has_exactly(p, a_limit) && hammer(p, a_while) && serves_waiters(p) &&
           POOL9_HOLDS(p.close());
  });
}

TEST_P(MembarrierDenied, WhileThreadsHammerTheirCaches) {
  with_filter_to_come([](auto deny) {
    pool p(limited());
    return has_exactly(p, a_limit) && hammer(p, 2 * a_while, deny) && serves_waiters(p) &&
           POOL9_HOLDS(p.close());
  });
}

TEST_P(MembarrierDenied, LeavesOtherPoolsAndLaterOnesExact) {
  with_filter_to_come([](auto deny) {
    pool warm(limited()), other(limited());
    bool good = has_exactly(warm, a_limit) && has_exactly(other, a_limit);
    sleepers of_warm(warm, 2, 50), of_other(other, 2, 50);
    good = good && deny() && has_exactly(warm, a_limit);
    good = good && POOL9_HOLDS(!cache::barrier::works()) && has_exactly(other, a_limit);
    return good && lives_exactly(a_while / 4) && hammer(other, a_while) && hammer(warm, a_while);
  });
}

TEST_P(MembarrierDenied, WithAWaiterBeforeTheFirstRecall) {
  with_filter_to_come([](auto deny) {
    pool p(limited());
    std::vector<void*> held = get_n(p, a_limit - 40);
    sleepers idle(p, 2, 20);
    if (!deny()) return false;
    std::vector<void*> rest(40);
    const bool good = POOL9_HOLDS(p.try_get_bulk_for(rest, 10s));  // all that the sleepers have
    put_all(p, held);
    put_all(p, rest);
    return good && serves_waiters(p);
  });
}

INSTANTIATE_TEST_SUITE_P(Filters, MembarrierDenied,
                         testing::Values(denial{"eperm_for_one", EPERM, denied_to::this_thread},
                                         denial{"enosys_for_all", ENOSYS, denied_to::all_threads}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace pool9::test
