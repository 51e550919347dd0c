// SPDX-License-Identifier: BSD-2-Clause
// No wake-up is lost in very many hand-offs, and callbacks of several threads keep their order.
#include <deque>
#include <mutex>

#include "stress/sanitized.hpp"
#include "stress/worker.hpp"

namespace pool9::test {
namespace {

constexpr std::size_t n_handoffs = thread_sanitized ? 10'000 : 100'000;
constexpr auto never_idle = std::chrono::milliseconds::max();

/// Holds on until somebody waits, so that the put is a hand-off; at the end there may be nobody.
void await_company(const pool& p) {
  for (int i = 0; i < 50 && p.stats().waiters == 0; ++i) std::this_thread::yield();
}

/// Runs `turn` in three threads until they have had `n` turns; a lost wake-up is a thread that has
/// stopped for good.
template <class F>
void take_turns(std::size_t n, F turn) {
  std::atomic<std::size_t> n_left{n};
  std::atomic<std::size_t> n_done{0};
  std::deque<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t left = n_left; left != 0; left = n_left)
        if (n_left.compare_exchange_weak(left, left - 1)) {
          turn(t);
          ++n_done;
        }
    });
  for (std::size_t before = 0; before < n;) {
    if (!run_until([&] { return n_done == n || n_done > before; })) give_up("a wake-up was lost");
    before = n_done;
  }
  for (auto& t : threads) t.join();
}

TEST(Handoff, NoWakeUpOfAThreadIsLost) {
  pool p({.name = "handoff", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  std::size_t n_turns = 0;  // whoever holds the item may write

  take_turns(n_handoffs, [&](int) {
    void* const item = p.get();
    ++n_turns;
    await_company(p);
    p.put(item);
  });

  EXPECT_EQ(n_turns, n_handoffs);
  EXPECT_GT(p.stats().waits, n_handoffs / 100);
  EXPECT_EQ(p.stats().out, 0u);
}

TEST(Handoff, NoWakeUpOfABulkWaiterIsLost) {
  pool p({.name = "handoff", .item_size = 64, .hard_limit = 5, .idle_time = never_idle});

  take_turns(n_handoffs / 2, [&](int t) {
    void* items[3];
    const std::span<void*> wanted(items, t == 0 ? 1u : 3u);
    p.get_bulk(wanted);
    await_company(p);
    p.put_bulk(wanted);
  });

  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(Handoff, NoWakeUpIsLostWhereMemoryIsShort) {
  bounded_source source(1);
  pool p({.name = "handoff",
          .item_size = 4096,
          .high_watermark = 0,
          .idle_time = never_idle,
          .page_size = 4096,
          .source = &source});

  take_turns(n_handoffs / 10, [&](int) {
    void* const item = p.get();
    await_company(p);
    p.put(item);
  });

  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().pages, 0u) << "each put that nobody waited for gave the page back";
}

TEST(Handoff, TimeoutsAndStopsSwallowNothing) {
  pool p({.name = "handoff", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});

  take_turns(n_handoffs / 10, [&](int t) {
    void* item = nullptr;
    while (item == nullptr) item = p.try_get_for(std::chrono::microseconds(5 * t));
    await_company(p);
    p.put(item);
  });

  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().waiters, 0u);
}

/// Callbacks that were enqueued under a lock, and so in a known order.
class ordered {
 public:
  explicit ordered(pool& p) : p_(p) {}

  struct callback final : waiter {
    callback() noexcept
        : waiter([](waiter& w, void* item) noexcept {
            auto& self = static_cast<callback&>(w);
            self.all->take_turn(self, item);
          }) {}
    ordered* all = nullptr;
    std::size_t ticket = 0;
    std::atomic<bool> is_done{true};
  };
  void enqueue(callback& w) {
    void* item = nullptr;
    {
      const std::scoped_lock hold(mutex_);
      w.is_done = false;
      w.all = this;
      w.ticket = n_tickets_++;
      item = p_.get_or_enqueue(w);
    }
    if (item != nullptr) take_turn(w, item);
  }
  std::size_t n_served() const { return n_served_; }
  std::size_t n_out_of_order() const { return n_out_of_order_; }

 private:
  /// There is one item, so turns follow one another.
  void take_turn(callback& w, void* item) {
    if (w.ticket != n_served_++) ++n_out_of_order_;
    await_company(p_);
    w.is_done = true;
    p_.put(item);
  }
  pool& p_;
  std::mutex mutex_;
  std::size_t n_tickets_ = 0, n_served_ = 0, n_out_of_order_ = 0;
};

TEST(Handoff, CallbacksOfSeveralThreadsKeepTheirOrder) {
  pool p({.name = "handoff", .item_size = 64, .hard_limit = 1, .idle_time = never_idle});
  ordered all(p);
  std::deque<ordered::callback> callbacks(3 * 32);
  std::size_t next[3] = {};

  take_turns(n_handoffs, [&](int t) {
    auto& mine = callbacks[static_cast<std::size_t>(t) * 32 + next[t]++ % 32];
    if (!run_until([&] { return mine.is_done.load(); })) give_up("a waiter is never called");
    all.enqueue(mine);
  });
  ASSERT_TRUE(run_until([&] { return p.stats().puts == n_handoffs; }));

  EXPECT_EQ(all.n_served(), n_handoffs);
  EXPECT_EQ(all.n_out_of_order(), 0u);
  EXPECT_EQ(p.stats().out, 0u);
}

}  // namespace
}  // namespace pool9::test
