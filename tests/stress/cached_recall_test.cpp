// SPDX-License-Identifier: BSD-2-Clause
// "A stress with tens of thousands of recalls per second and signals checks every item for loss and
// double hand-out by writing an owner's mark": threads whose every operation may be caught between
// publishing and looking, by a signal handler that dawdles there, while another recalls.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <iostream>
#include <random>
#include <string>

#include "pool/actor.hpp"
#include "stress/sanitized.hpp"
#include "stress/worker.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

constexpr auto budget = sanitized ? 1500ms : 1000ms;

std::atomic<std::size_t> n_signals{0};

/// Stays for a while where it is, every now and then so long that others run meanwhile.
void dawdle(int) {
  const std::size_t n = n_signals.fetch_add(1, std::memory_order_relaxed);
  const int errno_before = errno;
  if (n % 16 == 0) {
    const timespec long_enough{0, 300'000};
    nanosleep(&long_enough, nullptr);
  } else {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(n % 8);
    while (std::chrono::steady_clock::now() < end) continue;
  }
  errno = errno_before;
}

/// A timer that interrupts the thread that makes it.
class interrupter {
 public:
  explicit interrupter(std::chrono::nanoseconds every) {
    sigevent to_me{};
    to_me.sigev_notify = SIGEV_THREAD_ID;
    to_me.sigev_signo = SIGRTMIN;
    to_me._sigev_un._tid = gettid();
    if (timer_create(CLOCK_MONOTONIC, &to_me, &timer_) != 0) std::abort();
    itimerspec times{};
    times.it_interval.tv_nsec = times.it_value.tv_nsec = every.count();
    timer_settime(timer_, 0, &times, nullptr);
  }
  ~interrupter() { timer_delete(timer_); }
  interrupter(const interrupter&) = delete;
  interrupter& operator=(const interrupter&) = delete;

 private:
  timer_t timer_{};
};

/// Catches the signals while it lives.
class dawdling {
 public:
  dawdling() {
    struct sigaction now {};
    now.sa_handler = dawdle;
    now.sa_flags = SA_RESTART;
    sigaction(SIGRTMIN, &now, &before_);
  }
  // A signal that is under way when its timer is deleted may come later.
  ~dawdling() { signal(SIGRTMIN, SIG_IGN); }
  dawdling(const dawdling&) = delete;
  dawdling& operator=(const dawdling&) = delete;

 private:
  struct sigaction before_ {};
};

/// A way to make recalls, for one that may get `n` items more than it has.
struct recaller {
  const char* name;
  void (*recall)(field& f, std::size_t n, std::size_t round);
};
void PrintTo(const recaller& r, std::ostream* out) { *out << r.name; }

void by_demand(field& f, std::size_t n, std::size_t) {
  std::vector<void*> items(n);
  if (!f.p.try_get_bulk(items)) return f.complain("items were refused that are free");
  f.p.put_bulk(items);
}
void by_reclaim(field& f, std::size_t, std::size_t) { static_cast<void>(f.p.reclaim()); }
void by_high_watermark(field& f, std::size_t, std::size_t round) {
  f.p.set_high_watermark(round % 2 == 0 ? 0 : unlimited);
}

/// Gets and puts as fast as it can; some items go to others, who put them; now and then it recalls
/// what all have cached.
class owner {
 public:
  owner(field& f, std::atomic<void*>& mail, recaller r, std::uint64_t name)
      : f_(f), mail_(mail), recaller_(r), random_(static_cast<unsigned>(name)), name_(name) {}
  ~owner() { let_go(0); }
  owner(const owner&) = delete;
  owner& operator=(const owner&) = delete;

  void work() {
    for (std::size_t round = 0; !f_.stop; ++round) {
      get(1 + random_() % most_held);
      post();
      let_go(random_() % (held_.size() + 1));
      if (random_() % 4 == 0) recaller_.recall(f_, most_held - held_.size(), round);
    }
  }
  static constexpr std::size_t most_held = 60;

 private:
  void get(std::size_t until) {
    while (held_.size() < until) {
      void* const item = f_.p.try_get();
      if (item == nullptr) return f_.complain("a get was refused though items are free");
      f_.claim(item, name_);
      held_.push_back(item);
    }
  }
  void post() {
    if (held_.empty()) return;
    f_.disclaim(held_.back(), name_);
    if (void* const item = mail_.exchange(held_.back())) f_.p.put(item);  // it bears no mark
    held_.pop_back();
  }
  void let_go(std::size_t until) {
    for (; held_.size() > until; held_.pop_back()) {
      f_.disclaim(held_.back(), name_);
      f_.p.put(held_.back());
    }
  }
  field& f_;
  std::atomic<void*>& mail_;
  const recaller recaller_;
  std::mt19937 random_;
  const std::uint64_t name_;
  std::vector<void*> held_;
};

constexpr std::size_t n_owners = 3, n_items = 256;

class CachedRecall : public testing::TestWithParam<recaller> {};
INSTANTIATE_TEST_SUITE_P(Recalls, CachedRecall,
                         testing::Values(recaller{"by_demand", by_demand},
                                         recaller{"by_reclaim", by_reclaim},
                                         recaller{"by_high_watermark", by_high_watermark}),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(CachedRecall, LosesNothingAndHandsNothingOutTwice) {
  const dawdling handler;
  pool p({.name = "recall", .item_size = 64, .idle_time = never_idle, .page_size = 4096});
  // It stays, so that recalls move few pages or none.
  EXPECT_TRUE(p.prime(GetParam().recall == by_high_watermark ? n_items / 4 : n_items));
  n_signals = 0;
  field f(p, n_items);
  std::atomic<void*> mail{nullptr};
  std::deque<std::thread> threads;
  for (std::uint64_t t = 1; t <= n_owners; ++t)
    threads.emplace_back([&, t] {
      const interrupter often(std::chrono::microseconds(70 + 30 * t));
      owner(f, mail, GetParam(), t).work();
    });
  // On a busy machine longer, until there was enough of everything.
  const auto begin = std::chrono::steady_clock::now();
  const auto goes_on = [&] {
    const auto took = std::chrono::steady_clock::now() - begin;
    if (f.stop || took < budget || took > patience) return !f.stop && took < budget;
    return n_signals <= 500 || p.stats().recalls <= 500;
  };
  for (std::size_t round = 0; goes_on(); ++round) {
    // Owners' items, one in the mail and one on its way there for each, are out.
    GetParam().recall(f, n_items - n_owners * (owner::most_held + 1) - 1, round);
    const std::string_view broken = round % 64 == 0 ? p.check() : "";
    if (!broken.empty()) f.complain(broken.data());  // a literal
    std::this_thread::sleep_for(20us);  // who wakes interrupts another, in mid-operation
  }
  f.stop = true;
  for (auto& t : threads) t.join();
  if (void* const item = mail) p.put(item);

  EXPECT_STREQ(f.complaint(), nullptr);
  const pool_stats s = p.stats();
  std::cout << s.recalls << " recalls, " << n_signals << " signals, " << f.n_gets << " gets\n";
  EXPECT_GT(s.recalls, 500u);
  EXPECT_GT(n_signals, 500u);
  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.gets, s.puts);
  EXPECT_EQ(p.check(), "");
}

}  // namespace
}  // namespace pool9::test
