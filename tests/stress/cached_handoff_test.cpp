// SPDX-License-Identifier: BSD-2-Clause
// G4 with thread caches on: whoever waits gets the very next put, from whatever thread, in order,
// and no wake-up is lost, while the pool turns from calm to tight and back.
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>

#include "pool/actor.hpp"
#include "pool/wait_queue.hpp"
#include "stress/sanitized.hpp"
#include "stress/worker.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

/// How many hand-offs a test makes; POOL9_TEST_HANDOFFS=n says otherwise.
std::size_t n_handoffs() {
  if (const char* const n = std::getenv("POOL9_TEST_HANDOFFS"))
    return std::strtoull(n, nullptr, 10);
  if (sanitized) return 100'000;
#if defined(NDEBUG)
  return 10'000'000;
#else
  return 100'000;
#endif
}

pool_options cached(std::size_t limit) {
  return {.name = "cached", .item_size = 64, .hard_limit = limit, .idle_time = never_idle};
}

// ---- the very next put

/// Threads with caches that have all items of a pool together.
class holders {
 public:
  holders(pool& p, std::size_t n_threads, std::size_t n_each) : p_(p), held_(n_threads) {
    for (std::size_t t = 0; t < n_threads; ++t) {
      actor& a = *actors_.emplace_back(std::make_unique<actor>());
      a([&, t] {
        for (int i = 0; i < 3; ++i) {
          put_all(p_, held_[t]);
          held_[t] = get_n(p_, n_each);
        }
      });
    }
  }
  ~holders() {
    for (std::size_t t = 0; t < actors_.size(); ++t) (*actors_[t])([&] { put_all(p_, held_[t]); });
  }
  holders(const holders&) = delete;
  holders& operator=(const holders&) = delete;

  /// The next thread puts an item; returns which.
  void* put_one() {
    const std::size_t t = next_++ % actors_.size();
    void* const item = held_[t].back();
    held_[t].pop_back();
    (*actors_[t])([&] { p_.put(item); });
    return item;
  }

 private:
  pool& p_;
  std::vector<std::vector<void*>> held_;
  std::vector<std::unique_ptr<actor>> actors_;
  std::size_t next_ = 0;
};

// "A blocked getter receives the very next put, from whatever thread, FIFO among 32 waiters".
TEST(CachedHandoff, BlockedGetterReceivesTheVeryNextPutFromWhateverThread) {
  pool p(cached(128));  // two pages: no item is free but what was put
  holders all(p, 4, 32);
  std::deque<task<void*>> waiting;
  for (std::size_t i = 0; i < 32; ++i) {
    waiting.emplace_back([&] { return p.get(); });
    await_waiters(p, i + 1);
  }

  for (std::size_t i = 0; i < 32; ++i) {
    void* const item = all.put_one();
    EXPECT_EQ(waiting[i].result(), item);
    EXPECT_EQ(p.stats().waiters, 31 - i);
    EXPECT_EQ(p.try_get(), nullptr) << "and there was no other";
    EXPECT_EQ(p.check(), "");
  }
  for (auto& w : waiting) p.put(w.result());
}

// "A bulk get waits for all n at once, and items gather for it at the head of the queue" - also
// when so much is free meanwhile that caches would be worth having again.
TEST(CachedHandoff, BlockedBulkGetterReceivesTheVeryPutThatMakesItPossible) {
  pool p(cached(256));
  holders all(p, 4, 64);
  std::vector<void*> wanted(200);
  task<bool> waiting([&] {
    p.get_bulk(wanted);
    return true;
  });
  await_waiters(p, 1);

  for (int i = 0; i < 199; ++i) {
    all.put_one();
    ASSERT_EQ(p.stats().waiters, 1u);
    ASSERT_EQ(p.try_get(), nullptr) << "free items belong to the queue";
    ASSERT_EQ(p.stats().cached, 0u);
  }
  all.put_one();

  EXPECT_TRUE(waiting.result());
  EXPECT_EQ(p.check(), "");
  p.put_bulk(wanted);
}

// "... under churn, time-outs and cancellations": whoever gives up swallows nothing.
TEST(CachedHandoff, WaitersThatGiveUpLetTheNextPutThroughToTheNext) {
  pool p(cached(128));  // two pages: no item is free but what was put
  holders all(p, 4, 32);
  std::deque<task<void*>> waiting;
  std::deque<noting_waiter> callbacks;
  for (std::size_t i = 0; i < 32; ++i) {
    if (i % 4 == 1) {
      waiting.emplace_back([&] { return p.try_get_for(1h); });
    } else if (i % 4 == 2) {
      EXPECT_EQ(p.get_or_enqueue(callbacks.emplace_back()), nullptr);
    } else {
      waiting.emplace_back([&] { return p.get(); });
    }
    await_waiters(p, i + 1);
  }
  for (std::size_t i = 0; i < callbacks.size(); i += 2) EXPECT_TRUE(p.cancel(callbacks[i]));
  task<void*> late([&] { return p.try_get_for(20ms); });
  EXPECT_EQ(late.result(), nullptr);

  for (std::size_t i = 0, of_threads = 0, of_callbacks = 0; i < 32; ++i) {
    if (i % 4 != 2) {
      void* const item = all.put_one();
      EXPECT_EQ(waiting[of_threads++].result(), item);
    } else if (of_callbacks++ % 2 != 0) {
      void* const item = all.put_one();
      EXPECT_EQ(callbacks[of_callbacks - 1].wait_for_item(), item);
    }
  }
  EXPECT_EQ(p.stats().waiters, 0u);
  EXPECT_EQ(p.stats().cancels, 4u);
  EXPECT_EQ(p.stats().timeouts, 1u);
  for (auto& w : waiting) p.put(w.result());
  for (std::size_t i = 1; i < callbacks.size(); i += 2) p.put(callbacks[i].item);
  EXPECT_EQ(p.check(), "");
}

// ---- in order, under churn

/// 32 callbacks, each of which sees when it is called that the one before it waits no more.
class line_of_waiters {
 public:
  explicit line_of_waiters(pool& p) : p_(p) {
    for (std::size_t i = 0; i < 32; ++i) all_.emplace_back(*this, i);
  }
  /// Enqueues them all; some get an item at once.
  void enqueue() {
    for (member& w : all_) {
      w.is_done = false;
      if (void* const item = p_.get_or_enqueue(w)) w.take(item);
    }
  }
  void cancel(std::size_t i) {
    if (p_.cancel(all_[i])) all_[i].is_done = true;
  }
  bool is_done() const {
    for (const member& w : all_)
      if (!w.is_done) return false;
    return true;
  }
  std::size_t n_overtaken() const { return n_overtaken_; }

 private:
  struct member final : waiter {
    member(line_of_waiters& l, std::size_t i) noexcept
        : waiter([](waiter& w, void* item) noexcept { static_cast<member&>(w).take(item); }),
          line(l),
          place(i) {}
    void take(void* item) noexcept {
      // Not by cancel(), which takes back what is served and not called, too.
      if (place != 0 && detail::wait_queue::is_in_line(line.all_[place - 1])) ++line.n_overtaken_;
      pool& p = line.p_;
      is_done = true;  // the last touch
      p.put(item);
    }
    line_of_waiters& line;
    const std::size_t place;
    std::atomic<bool> is_done{true};
  };
  pool& p_;
  std::deque<member> all_;
  std::atomic<std::size_t> n_overtaken_{0};
};

TEST(CachedHandoff, NobodyIsOvertakenUnderChurnTimeoutsAndCancellations) {
  pool p(cached(128));
  std::atomic<bool> stop{false};
  std::deque<std::thread> churning;
  for (std::size_t t = 0; t < 3; ++t)
    churning.emplace_back([&, t] {
      std::vector<void*> held;
      for (std::size_t i = 0; !stop; ++i) {
        while (held.size() < 1 + i % 7)
          if (void* const item = p.try_get_for(std::chrono::microseconds(t * (i % 3)))) {
            held.push_back(item);
          } else {
            break;
          }
        put_all(p, held);
      }
    });
  line_of_waiters line(p);
  std::vector<void*> held;
  std::size_t n_rounds = 0;
  const auto end = std::chrono::steady_clock::now() + (sanitized ? 1500ms : 1000ms);
  for (; std::chrono::steady_clock::now() < end; ++n_rounds) {
    while (void* const item = p.try_get()) held.push_back(item);
    line.enqueue();
    for (std::size_t i = n_rounds % 5; i < 32; i += 5) line.cancel(i);
    put_all(p, held);
    if (!run_until([&] { return line.is_done(); })) give_up("a waiter is never called");
  }
  stop = true;
  for (auto& t : churning) t.join();

  EXPECT_EQ(line.n_overtaken(), 0u);
  EXPECT_GT(n_rounds, 10u);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

// ---- no wake-up is lost

/// Threads that get an item, wait for it if they must, and put it.
class passers {
 public:
  passers(pool& p, int n_threads) : p_(p) {
    for (int t = 0; t < n_threads; ++t) threads_.emplace_back([this, t] { work(t); });
  }
  /// Returns after so many turns more.  Whoever loses a wake-up has stopped for good, and with one
  /// item for all everybody has.
  void await_turns(std::size_t n) {
    for (const std::size_t until = n_turns_ + n; n_turns_ < until;) {
      const std::size_t before = n_turns_;
      for (int i = 0; i < 1000 && n_turns_ == before; ++i) std::this_thread::yield();
      if (n_turns_ == before && !run_until([&] { return n_turns_ != before; }))
        give_up("a wake-up was lost");
    }
  }
  /// By ebb, who has the item holds on until somebody waits, so that the put is a hand-off.
  void set_ebb(bool on) { is_ebb_ = on; }
  ~passers() {
    stop_ = true;
    for (auto& t : threads_) t.join();
  }
  passers(const passers&) = delete;
  passers& operator=(const passers&) = delete;

 private:
  void work(int t) {
    while (!stop_) {
      void* item = t == 0 ? p_.try_get_for(20us) : p_.get();
      if (item == nullptr) continue;
      ++n_turns_;
      for (int i = 0; i < 50 && is_ebb_ && p_.stats().waiters == 0; ++i) std::this_thread::yield();
      p_.put(item);
    }
  }
  pool& p_;
  std::atomic<std::size_t> n_turns_{0};
  std::atomic<bool> stop_{false}, is_ebb_{false};
  std::deque<std::thread> threads_;
};

// "No lost wake-up in 10^7 hand-offs": by ebb one item is left for all, and nothing but its puts
// helps those who wait; by flood caches are open, until the next ebb finds puts half done.
TEST(CachedHandoff, NoWakeUpIsLostFromCalmToTight) {
  constexpr std::size_t limit = 160;
  const std::size_t n = n_handoffs();
  pool p(cached(limit));
  std::vector<void*> held;
  std::size_t n_ebbs = 0;
  {
    passers workers(p, 4);
    for (; p.stats().waits < n; ++n_ebbs) {
      while (held.size() < limit - 1) held.push_back(p.get());
      workers.set_ebb(true);
      workers.await_turns(200);
      workers.set_ebb(false);
      put_all(p, held);
      workers.await_turns(20);
    }
  }
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().waiters, 0u);
  EXPECT_EQ(p.check(), "");
  EXPECT_GE(p.stats().recalls, n_ebbs / 2);
}

}  // namespace
}  // namespace pool9::test
