// SPDX-License-Identifier: BSD-2-Clause
// Pools of several sizes near their limits, where calm and tight alternate all the time: everything
// that can be done, with time-outs, bulk gets, callbacks, changing settings and threads that end in
// between.
#include <deque>
#include <iostream>
#include <string>

#include "stress/sanitized.hpp"
#include "stress/worker.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

constexpr auto budget = sanitized ? 800ms : 500ms;
constexpr std::size_t n_threads = 4;
/// What the threads and their callbacks hold at most.
constexpr std::size_t most_held = n_threads * 16;

struct setting {
  const char* name;
  pool_options options;
  std::size_t most_pages;
};
std::ostream& operator<<(std::ostream& out, const setting& s) { return out << s.name; }

/// One who holds nearly everything, or not.
class tide {
 public:
  tide(field& f, unsigned seed, std::size_t limit) : f_(f), random_(seed), limit_(limit) {}
  ~tide() { sink_to(0); }
  tide(const tide&) = delete;
  tide& operator=(const tide&) = delete;

  void step() {
    switch (below(4)) {
      case 0:
        sink_to(held_.size() - std::min(held_.size(), below(limit_)));
        break;
      case 1:
        rise_to(limit_ - below(most_held));
        break;
      case 2:
        rise_to(limit_ - 1 - below(4));
        break;
      default:
        change_something();
    }
    const std::string_view broken = f_.p.check();
    if (!broken.empty()) f_.complain(broken.data());  // a literal
  }

 private:
  static constexpr std::uint64_t name = 1'000'000;
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  void rise_to(std::size_t n) {
    while (held_.size() < n) {
      void* const item =
          below(2) == 0 ? f_.p.try_get() : f_.p.try_get_for(std::chrono::microseconds(below(100)));
      if (item == nullptr) return;
      f_.claim(item, name);
      held_.push_back(item);
    }
  }
  void sink_to(std::size_t n) {
    for (; held_.size() > n; held_.pop_back()) {
      f_.disclaim(held_.back(), name);
      f_.p.put(held_.back());
    }
  }
  void change_something() {
    switch (below(5)) {
      case 0:
        static_cast<void>(f_.p.set_hard_limit(limit_ - below(20)));
        break;
      case 1:
        static_cast<void>(f_.p.set_hard_limit(limit_));
        break;
      case 2:
        f_.p.set_high_watermark(below(3) != 0 ? unlimited : below(limit_));
        break;
      case 3:
        f_.p.set_low_watermark(below(limit_ / 2));
        break;
      default:
        static_cast<void>(f_.p.reclaim());
    }
  }
  field& f_;
  std::mt19937 random_;
  const std::size_t limit_;
  std::vector<void*> held_;
};

class CachedTide : public testing::TestWithParam<setting> {
 protected:
  const std::size_t limit = GetParam().options.hard_limit;
  bounded_source source{GetParam().most_pages};
  static pool_options options(page_source& s) {
    pool_options o = GetParam().options;
    o.source = &s;
    return o;
  }
  pool p{options(source)};
  field f{p, limit};

  /// Threads of `n_steps` each follow one another.
  void succeed_one_another(unsigned seed, int n_steps) {
    for (unsigned i = 0; !f.stop; ++i) {
      std::thread next([&] {
        worker w(f, seed + i, 1 + seed % n_threads + n_threads * i);
        for (int step = 0; step < n_steps && !f.stop; ++step) w.step();
        w.finish();
      });
      next.join();
    }
  }
};

TEST_P(CachedTide, LosesNothing) {
  const int flag = testing::GTEST_FLAG(random_seed);
  const unsigned seed = flag != 0 ? static_cast<unsigned>(flag) : 9;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::deque<std::thread> threads;
  for (unsigned t = 0; t < n_threads; ++t)
    threads.emplace_back([&, t] { succeed_one_another(1000 * seed + t, t % 2 == 0 ? 2000 : 50); });
  {
    tide t(f, seed, limit);
    const auto end = std::chrono::steady_clock::now() + budget;
    while (!f.stop && std::chrono::steady_clock::now() < end) t.step();
  }
  f.stop = true;
  for (auto& t : threads) t.join();

  EXPECT_STREQ(f.complaint(), nullptr);
  const pool_stats s = p.stats();
  std::cout << s.gets << " gets, " << s.recalls << " recalls, " << s.refills << " refills, "
            << s.waits << " waits, " << s.timeouts << " time-outs\n";
  EXPECT_GT(s.recalls, 10u);
  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.waiters, 0u);
  EXPECT_EQ(s.gets, s.puts);
  EXPECT_EQ(s.total, s.free + s.cached);
  EXPECT_EQ(p.check(), "");
  EXPECT_TRUE(p.close());
  EXPECT_EQ(source.n_left(), static_cast<std::ptrdiff_t>(GetParam().most_pages));
}

pool_options limited(std::size_t size, std::size_t limit, std::chrono::milliseconds idle) {
  return {.name = "tide", .item_size = size, .hard_limit = limit, .idle_time = idle};
}
INSTANTIATE_TEST_SUITE_P(
    Pools, CachedTide,
    testing::Values(setting{"limit_of_100", limited(64, 100, 1000ms), 1000},
                    setting{"limit_of_300_large_items", limited(2048, 300, 1ms), 1000},
                    setting{"limit_of_2000", limited(16, 2000, 2ms), 1000},
                    setting{"memory_below_the_limit", limited(256, 500, 5ms), 20}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace pool9::test
