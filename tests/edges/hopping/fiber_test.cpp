// SPDX-License-Identifier: BSD-2-Clause
// G8: a fiber - a stack of its own, switched to by hand - that goes on in another thread uses the
// cache of that thread.  The sanitizers would have to be told of every switch.
#include "stress/sanitized.hpp"
#if !defined(__SANITIZE_ADDRESS__) && !defined(POOL9_TEST_THREAD_SANITIZED)
#include <gtest/gtest.h>
#include <ucontext.h>

#include "edges/exactness.hpp"
#include "threads.hpp"

namespace pool9::test {
namespace {

class fiber {
 public:
  explicit fiber(std::function<void(fiber&)> body) : body_(std::move(body)), stack_(64 * 1024) {
    getcontext(&own_);
    own_.uc_stack.ss_sp = stack_.data();
    own_.uc_stack.ss_size = stack_.size();
    own_.uc_link = &thread_;
    const auto address = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&own_, reinterpret_cast<void (*)()>(begin), 2, static_cast<unsigned>(address),
                static_cast<unsigned>(address >> 32));
  }
  /// In a thread: runs the fiber until it goes elsewhere or ends.
  void go_on() {
    next_ = nullptr;
    swapcontext(&thread_, &own_);
    if (runner* const there = next_) there->tell([this] { go_on(); });  // the last touch
  }
  /// In the fiber: goes on in that thread.
  void move_to(runner& there) {
    next_ = &there;
    swapcontext(&own_, &thread_);
  }

 private:
  static void begin(unsigned low, unsigned high) {
    auto* const self = reinterpret_cast<fiber*>(std::uintptr_t{low} | (std::uintptr_t{high} << 32));
    self->body_(*self);
  }
  std::function<void(fiber&)> body_;
  std::vector<std::byte> stack_;
  ucontext_t own_{}, thread_{};
  runner* next_ = nullptr;
};

TEST(Fiber, UsesTheCacheOfTheThreadInWhichItGoesOn) {
  pool p(limited());
  EXPECT_TRUE(has_exactly(p, a_limit));
  bool good = false;
  gate done;
  fiber* self = nullptr;
  runner first, second;
  fiber f([&](fiber& me) {
    void* const item = p.get();
    const std::size_t n_first = n_cached_here();
    me.move_to(second);
    p.put(p.get());
    const std::size_t n_second = n_cached_here();
    p.put(item);
    good = POOL9_HOLDS(n_cached_here() == n_second + 1);
    void* const again = p.get();
    me.move_to(first);
    good = good && POOL9_HOLDS(n_cached_here() == n_first);
    p.put(again);
    good = good && POOL9_HOLDS(n_cached_here() == n_first + 1);
    done.open();
  });
  self = &f;
  first.tell([self] { self->go_on(); });
  done.pass();
  EXPECT_TRUE(good);
  EXPECT_TRUE(has_exactly(p, a_limit));
}

TEST(Fiber, ManyHopBetweenThreadsFromGetToPut) {
  constexpr std::uint64_t n_fibers = 48;
  pool p(limited());
  field marks(p, a_limit);
  std::deque<fiber> fibers;
  std::atomic<std::uint64_t> n_left{n_fibers};
  {
    runner first, second;
    runner* const there[2] = {&first, &second};
    for (std::uint64_t me = 1; me <= n_fibers; ++me)
      fibers.emplace_back([&, me](fiber& self) {
        for (std::uint64_t i = 0; i < 1000 && !marks.stop; ++i) {
          void* const item = p.try_get();
          if (item == nullptr) return marks.complain("a get fails");
          marks.claim(item, me);
          self.move_to(*there[(i + me) % 2]);
          marks.disclaim(item, me);
          p.put(item);
          if (i % 3 == 0) self.move_to(*there[i % 2]);
        }
        --n_left;
      });
    for (fiber& f : fibers) first.tell([&f] { f.go_on(); });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (n_left != 0 && !marks.stop && std::chrono::steady_clock::now() < end)
      recall_for(p, std::chrono::milliseconds(1));
    if (n_left != 0) give_up("fibers do not end");
  }
  EXPECT_EQ(marks.complaint(), nullptr) << marks.complaint();
  EXPECT_TRUE(has_exactly(p, a_limit));
}

}  // namespace
}  // namespace pool9::test
#endif
