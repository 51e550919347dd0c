// SPDX-License-Identifier: BSD-2-Clause
// G2 and G8 at the ends of threads and of the program: what the caches of a thread hold is there
// for others when it ends, and whatever still runs then may use pools.
#include <pthread.h>

#include <cstdlib>

#include "base/arena.hpp"
#include "exactness.hpp"

namespace pool9::test {
namespace {

/// Gets `n` items and puts them back.
void use(pool& p, std::size_t n) {
  std::vector<void*> items = get_n(p, n);
  put_all(p, items);
}

// ---- before main ----

constinit pool early(limited());
pthread_key_t key_of_before;  // made before the library can have made its own
void at_end_of_thread(void*);

/// Before all objects of the program, the library's included, are constructed.
[[gnu::constructor(102)]] void before_all() {
  if (pthread_key_create(&key_of_before, at_end_of_thread) != 0) std::abort();
  use(early, 40);
  std::thread([] { use(early, 40); }).join();
}

TEST(ThreadEnd, CachesWorkBeforeMain) {
  EXPECT_GT(early.stats().cached, 0u);
  std::thread([] { EXPECT_TRUE(has_exactly(early, a_limit)); }).join();
  EXPECT_TRUE(has_exactly(early, a_limit));
  EXPECT_EQ(early.check(), "");
}

// ---- what a thread leaves ----

TEST(ThreadEnd, LeavesItsItemsToTheNextThreadAsTheyAre) {
  pool p(limited());
  std::set<void*> left;
  std::thread([&] {
    std::vector<void*> items = get_n(p, 20);
    left.insert(items.begin(), items.end());
    put_all(p, items);
  }).join();
  const pool_stats before = p.stats();
  EXPECT_GE(before.cached, 20u);

  std::thread([&] {
    void* const item = p.try_get();
    EXPECT_TRUE(left.contains(item)) << "it is warm still";
    p.put(item);
  }).join();

  EXPECT_EQ(p.stats().free, before.free) << "nothing went through the pages";
  EXPECT_TRUE(has_exactly(p, a_limit));
}

TEST(ThreadEnd, ManyThreadsAtOnceLeaveEverything) {
  pool p(limited());
  for (int round = 0; round < 20; ++round) {
    { const sleepers all(p, 8, 30); }
    ASSERT_TRUE(has_exactly(p, a_limit)) << "round " << round;
    ASSERT_EQ(p.check(), "");
  }
}

TEST(ThreadEnd, ShortThreadsCostNoMemory) {
  constexpr int n = slow ? 3000 : 100'000;
  pool p(limited());
  const auto start_and_end = [&p](int n_threads) {
    for (int i = 0; i < n_threads; ++i)
      std::thread([&p, i] { use(p, i % 64 == 0 ? 20 : 1); }).join();
  };
  start_and_end(n / 10);
  const std::size_t bytes_before = base::arena::bytes_out();
  const std::size_t total_before = p.stats().total;

  std::thread other([&] { start_and_end(n / 2); });
  start_and_end(n / 2);
  other.join();

  // Two threads at once: two magazines instead of one.
  EXPECT_LE(base::arena::bytes_out(), bytes_before + 16 * 1024);
  EXPECT_LE(p.stats().total, total_before + 64);
  EXPECT_TRUE(has_exactly(p, a_limit));
}

// ---- destructors at the end of a thread, around the library's own ----

struct end_of_thread {
  pool* p;
  pthread_key_t key;
  void* item;
  int n_rounds;
};
std::atomic<int> n_rounds_in_all{0};

/// Puts what it holds, uses the pool, and asks for another round with another item.
void at_end_of_thread(void* context) {
  auto& e = *static_cast<end_of_thread*>(context);
  e.p->put(e.item);
  use(*e.p, 20);
  ++n_rounds_in_all;
  if (--e.n_rounds == 0) return;
  e.item = e.p->get();
  pthread_setspecific(e.key, &e);
}

/// All there are; the thread sanitizer does not outlive its own destructor in the last.
constexpr int most_rounds = PTHREAD_DESTRUCTOR_ITERATIONS - (thread_sanitized ? 1 : 0);

/// Threads of which each has both keys, and one asks for all rounds, one for one less...
void run_threads_with(pool& p, pthread_key_t key_of_after) {
  std::deque<std::thread> threads;
  std::deque<end_of_thread> ends;
  for (int n_rounds = most_rounds; n_rounds != 0; --n_rounds)
    for (const pthread_key_t key : {key_of_before, key_of_after})
      ends.push_back({&p, key, nullptr, n_rounds});
  for (std::size_t t = 0; t < ends.size(); t += 2)
    threads.emplace_back([&, t] {
      use(p, 20);
      for (end_of_thread* e : {&ends[t], &ends[t + 1]}) {
        e->item = p.get();
        pthread_setspecific(e->key, e);
      }
    });
  for (auto& t : threads) t.join();
}

TEST(ThreadEnd, KeysMadeBeforeAndAfterTheLibrarysMayUsePoolsInEveryRound) {
  pool p(limited());
  use(p, 1);  // the library has its key now, at the latest
  pthread_key_t key_of_after{};
  ASSERT_EQ(pthread_key_create(&key_of_after, at_end_of_thread), 0);
  std::size_t bytes_before = 0;
  for (int i = 0; i < 50; ++i) {
    n_rounds_in_all = 0;
    run_threads_with(p, key_of_after);
    ASSERT_EQ(n_rounds_in_all, most_rounds * (most_rounds + 1));
    ASSERT_EQ(p.stats().out, 0u);
    ASSERT_EQ(p.check(), "");
    if (i == 9) bytes_before = base::arena::bytes_out();
  }
  EXPECT_LE(base::arena::bytes_out(), bytes_before + 4096) << "no magazine is left behind";
  EXPECT_TRUE(has_exactly(p, a_limit));
  EXPECT_TRUE(p.close());
  pthread_key_delete(key_of_after);
}

/// Uses the pool when the thread ends.
struct thread_local_user {
  pool* p = nullptr;
  void* item = nullptr;
  ~thread_local_user() {
    if (p == nullptr) return;
    p->put(item);
    use(*p, 20);
  }
};
thread_local thread_local_user first_user, second_user;

TEST(ThreadEnd, ThreadLocalObjectsMayUsePoolsInTheirDestructors) {
  pool p(limited());
  for (int i = 0; i < 10; ++i) {
    std::thread([&p] {
      for (thread_local_user* u : {&first_user, &second_user}) {
        u->p = &p;
        u->item = p.get();
      }
    }).join();
    ASSERT_EQ(p.stats().out, 0u);
    ASSERT_TRUE(has_exactly(p, a_limit));
  }
}

// ---- the end of the program ----

[[noreturn]] void end_with_users() {
  static pool mine(limited());
  struct at_exit {
    ~at_exit() {
      use(mine, 40);
      std::thread([] { use(mine, 40); }).join();
      if (!has_exactly(mine, a_limit) || !has_exactly(early, a_limit)) std::_Exit(3);
    }
  };
  static const at_exit user;
  use(mine, 40);
  first_user.p = &mine;
  first_user.item = mine.get();
  std::exit(0);
}

TEST(ThreadEndDeathTest, StaticAndThreadLocalObjectsOfMainMayUsePoolsAfterIt) {
  EXPECT_EXIT(end_with_users(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pool9::test
