// SPDX-License-Identifier: BSD-2-Clause
// No workload of a contender, but what the figures of W4, W5 and W8 stand on: how far two
// processors are apart, which may be two cores or the two threads of one; and how fine the clock of
// W8 is.
#pragma once
#include <atomic>

#include "contender.hpp"
#include "team.hpp"
#include "ticks.hpp"

namespace peers {

/// Nanoseconds that a cache line takes to the other processor and back; nanoseconds of the clock's
/// least step.
class machine {
 public:
  explicit machine(const options& o)
      : team_(2, o, [this](unsigned i, std::size_t n) { play(i, n); }) {}
  values operator()(std::size_t n) {
    ball_ = 0;
    return {team_.turn(n) * 1e9 / static_cast<double>(n), least_step(n) * ns_of_a_tick()};
  }

 private:
  /// Thread 0 waits for even numbers, thread 1 for odd ones.
  void play(unsigned index, std::size_t n) {
    for (std::size_t i = index; i < 2 * n; i += 2) {
      for (patience p; ball_.load() != i;) p.lose();
      ball_.store(i + 1);
    }
  }

  static double least_step(std::size_t n) {
    std::uint64_t least = ~std::uint64_t{0};
    for (std::uint64_t last = ticks(); n != 0; --n) {
      const std::uint64_t now = ticks();
      if (now != last) least = std::min(least, now - last);
      last = now;
    }
    return static_cast<double>(least);
  }

  alignas(128) std::atomic<std::size_t> ball_{0};
  alignas(128) team<nothing_in_thread> team_;
};

}
