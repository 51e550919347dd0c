// SPDX-License-Identifier: BSD-2-Clause
// G8: fork while threads hammer a cached pool.  The child has every item but those that the other
// threads held at that moment, with no item out twice; it goes on with threads of its own, and so
// does the parent.
#include <latch>

#include "base/arena.hpp"
#include "cache/barrier.hpp"
#include "exactness.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned n_threads = 3;

/// Threads that mark what they hold, each its count in view: it is less by one at most than what
/// the thread has out, between a get and the mark or between taking the mark off and the put.
class holders {
 public:
  /// Together they may hold the limit.  On return they run, and use no other allocator any more:
  /// malloc has to be whole in the child, and the address sanitizer's is only if nobody was in it.
  holders(pool& p, std::size_t limit) : p_(p), most_(limit / n_threads) {
    for (unsigned t = 0; t < n_threads; ++t) threads_.emplace_back([this, t] { run(t); });
    running_.wait();
  }
  ~holders() { stop(); }
  void stop() {
    stop_ = true;
    for (auto& t : threads_) t.join();
    threads_.clear();
  }
  std::size_t n_marked() const {
    std::size_t n = 0;
    for (const auto& held : n_held_) n += held;
    return n;
  }
  bool all_well() const { return !bad_; }

 private:
  static std::atomic<std::uint64_t>& mark_of(void* item) {
    return *static_cast<std::atomic<std::uint64_t>*>(item);
  }
  void run(unsigned me) {
    std::mt19937 random(me);
    std::vector<void*> held;
    held.reserve(most_);
    running_.count_down();
    while (!stop_ || !held.empty()) {
      const std::size_t wanted = stop_ ? 0 : random() % most_;
      while (held.size() < wanted) {
        void* const item = p_.try_get();
        if (item == nullptr || mark_of(item).exchange(me + 1) != 0) bad_ = true;
        if (item == nullptr) break;
        ++n_held_[me];
        held.push_back(item);
      }
      while (held.size() > wanted) {
        std::swap(held[random() % held.size()], held.back());
        --n_held_[me];
        if (mark_of(held.back()).exchange(0) != me + 1) bad_ = true;
        p_.put(held.back());
        held.pop_back();
      }
    }
  }
  pool& p_;
  const std::size_t most_;
  std::atomic<bool> stop_{false}, bad_{false};
  std::atomic<std::size_t> n_held_[n_threads] = {};
  std::latch running_{n_threads};
  std::deque<std::thread> threads_;
};

/// All that can be had; none of it is marked as another's.
std::vector<void*> get_unmarked(pool& p, bool& good) {
  std::vector<void*> items;
  while (void* const item = p.try_get()) items.push_back(item);
  good = good && POOL9_HOLDS(std::set<void*>(items.begin(), items.end()).size() == items.size());
  good = good && POOL9_HOLDS(std::all_of(items.begin(), items.end(), [](const void* item) {
           return *static_cast<const std::uint64_t*>(item) == 0;
         }));
  return items;
}

/// In the child: everything that the threads of the parent did not hold is there, and stays there.
bool child_goes_on(pool& p, std::size_t n_marked) {
  bool good = POOL9_HOLDS(p.check() == "") && POOL9_HOLDS(p.stats().waiters == 0);
  std::vector<void*> items = get_unmarked(p, good);
  const std::size_t n = items.size();
  good = good && POOL9_HOLDS(n <= a_limit - n_marked) &&
         POOL9_HOLDS(n + n_threads >= a_limit - n_marked) && POOL9_HOLDS(p.stats().out == a_limit);
  put_all(p, items);
  good = good && has_exactly(p, n);
  if (!thread_sanitized && !emulated) {  // which let no thread start here
    field f(p, a_limit);
    std::thread one([&] { hammer_alone(f, n / 2, 1); });
    std::thread two([&] { hammer_alone(f, n / 2, 2); });
    recall_for(p, 10ms);
    f.stop = true;
    one.join();
    two.join();
    good = good && POOL9_HOLDS(f.complaint() == nullptr);
  }
  good = good && has_exactly(p, n) && in_child([&] { return has_exactly(p, n); });
  pool fresh(limited(192));
  return good && has_exactly(fresh, a_limit) && POOL9_HOLDS(p.check() == "");
}

TEST(ForkUnderLoad, ChildAndParentGoOnWithEveryItem) {
  pool p(limited());
  ASSERT_TRUE(has_exactly(p, a_limit));
  holders threads(p, a_limit);
  for (int i = 0; i < (slow ? 8 : 25); ++i) {
    std::this_thread::sleep_for(1ms);  // the threads come to another point
    ASSERT_TRUE(in_child([&] { return child_goes_on(p, threads.n_marked()); })) << "fork " << i;
    ASSERT_TRUE(threads.all_well());
  }
  threads.stop();
  EXPECT_TRUE(threads.all_well());
  EXPECT_EQ(p.check(), "");
  EXPECT_TRUE(has_exactly(p, a_limit));
  EXPECT_TRUE(hammer(p, 50ms));
}

// What sleeping threads have cached is theirs no more in the child, where they are not.
TEST(ForkUnderLoad, ChildHasWhatOtherThreadsCached) {
  {
    pool first(limited());  // whatever this thread needs, it has from now on
    ASSERT_TRUE(has_exactly(first, a_limit));
  }
  const std::size_t bytes_before = base::arena::bytes_out();
  pool p(limited());
  ASSERT_TRUE(has_exactly(p, a_limit));
  const sleepers idle(p, 4, 50);
  EXPECT_GE(p.stats().cached, 32u);
  EXPECT_TRUE(in_child([&] {
    const bool good = has_exactly(p, a_limit) && POOL9_HOLDS(p.close()) && has_exactly(p, a_limit);
    // Of the magazines only this thread's is left, which finds out at its next visit; and without
    // a barrier, the other threads' tables, which nobody can find.
    const std::size_t tables = cache::barrier::works() ? 0 : 4 * 1024;
    return good && POOL9_HOLDS(p.close()) &&
           POOL9_HOLDS(base::arena::bytes_out() <= bytes_before + 1024 + tables);
  }));
  EXPECT_TRUE(has_exactly(p, a_limit));
}

}  // namespace
}  // namespace pool9::test
