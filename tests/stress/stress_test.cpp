// SPDX-License-Identifier: BSD-2-Clause
// Threads x waiters x time-outs x cancels x changing settings.  `--gtest_random_seed=N` runs
// another sequence; the seed is told when something fails.
#include "stress/sanitized.hpp"
#include "stress/worker.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_out = 9;  // the highest limit ever set
constexpr auto budget = sanitized ? 1000ms : 700ms;

unsigned chosen_seed() {
  const int flag = testing::GTEST_FLAG(random_seed);
  return flag != 0 ? static_cast<unsigned>(flag) : 9;
}

/// Changes what can be changed, and looks.
void meddle(field& f, std::mt19937& random) {
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  switch (below(6)) {
    case 0:
    case 1:
      static_cast<void>(f.p.set_hard_limit(4 + below(most_out - 3)));
      break;
    case 2:
      f.p.set_low_watermark(below(12));
      break;
    case 3:
      f.p.set_high_watermark(below(3) == 0 ? unlimited : below(20));
      break;
    case 4:
      static_cast<void>(f.p.reclaim());
      break;
    default:
      if (!f.p.check().empty()) f.complain("check() finds something");
      if (f.p.stats().out > most_out) f.complain("the statistics say that too many are out");
  }
}

void expect_clean(field& f, const pool_stats& s) {
  EXPECT_EQ(f.complaint(), nullptr) << f.complaint();
  EXPECT_EQ(s.out, 0u);
  EXPECT_EQ(s.waiters, 0u);
  EXPECT_EQ(s.gets, s.puts);
  EXPECT_EQ(s.total, s.free);
  EXPECT_EQ(f.p.check(), "");
}

struct setting {
  const char* name;
  pool_options options;
  std::size_t most_pages;
};
std::ostream& operator<<(std::ostream& out, const setting& s) { return out << s.name; }

class Stress : public testing::TestWithParam<setting> {
 protected:
  /// Every worker takes a step in turn: the same work, and any failure repeats itself.
  void run_alone(unsigned seed) {
    bounded_source source(GetParam().most_pages);
    pool_options o = GetParam().options;
    o.source = &source;
    pool p(o);
    field f(p, most_out);
    std::mt19937 random(seed);
    std::deque<worker> workers;
    for (unsigned t = 0; t < 3; ++t) workers.emplace_back(f, seed + t, t + 1);
    const auto end = std::chrono::steady_clock::now() + budget / 4;
    while (!f.stop && std::chrono::steady_clock::now() < end) {
      for (worker& w : workers) w.step();
      if (std::uniform_int_distribution(0, 9)(random) == 0) meddle(f, random);
    }
    for (worker& w : workers) w.finish();
    expect_clean(f, p.stats());
    EXPECT_GT(f.n_gets, 0u);
    close(p, source);
  }
  void run_threads(unsigned seed) {
    bounded_source source(GetParam().most_pages);
    pool_options o = GetParam().options;
    o.source = &source;
    pool p(o);
    field f(p, most_out);
    std::deque<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
      threads.emplace_back([&f, seed, t] {
        worker w(f, seed + t, t + 1);
        while (!f.stop) w.step();
        w.finish();
      });
    std::mt19937 random(seed);
    const auto end = std::chrono::steady_clock::now() + budget;
    while (!f.stop && std::chrono::steady_clock::now() < end) {
      meddle(f, random);
      std::this_thread::yield();
    }
    f.stop = true;
    for (auto& t : threads) t.join();
    expect_clean(f, p.stats());
    EXPECT_GT(f.n_gets, 100u);
    close(p, source);
  }

 private:
  static void close(pool& p, const bounded_source& source) {
    EXPECT_TRUE(p.close());
    EXPECT_EQ(source.n_left(), static_cast<std::ptrdiff_t>(GetParam().most_pages));
  }
};

TEST_P(Stress, LosesNothingAlone) {
  const unsigned seed = chosen_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  run_alone(seed);
}
TEST_P(Stress, LosesNothingWithThreads) {
  const unsigned seed = chosen_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  run_threads(seed);
}

pool_options stressed(std::size_t size, std::size_t page, std::chrono::milliseconds idle) {
  return {
      .name = "stress", .item_size = size, .hard_limit = 6, .idle_time = idle, .page_size = page};
}

INSTANTIATE_TEST_SUITE_P(
    Pools, Stress,
    testing::Values(setting{"plenty", stressed(64, 0, 1000ms), 1000},
                    setting{"few_a_page_and_short_idle_time", stressed(1024, 4096, 1ms), 1000},
                    setting{"one_a_page", stressed(4096, 4096, 1ms), 1000},
                    setting{"memory_below_the_limit", stressed(2048, 4096, 2ms), 2},
                    setting{"one_item_for_all", stressed(4096, 4096, 1ms), 1}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace pool9::test
