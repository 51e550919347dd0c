// SPDX-License-Identifier: BSD-2-Clause
// What all connections share.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

#include "file_tree.hpp"
#include "net.hpp"
#include "pools.hpp"
#include "roster.hpp"

namespace httpd {

/// Relaxed throughout: figures for people, which order nothing.
struct counters {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> errors{0};  ///< replies of status 400 and above
  std::atomic<std::uint64_t> gone{0};    ///< clients that left before their reply was sent
  std::atomic<std::uint64_t> longest_wait_ns{0};

  static void count(std::atomic<std::uint64_t>& counter) noexcept {
    counter.fetch_add(1, std::memory_order_relaxed);
  }
};

struct house {
  executor where;
  const file_tree& files;
  const patience limits;
  pools& items;
  roster present;
  counters count;
  std::atomic<bool> stopping{false};

  [[nodiscard]] std::uint64_t waiting() const noexcept { return items.connections.stats().waiters; }
  /// Whether a client should make room after its reply rather than stay for another request.
  [[nodiscard]] bool others_wait() const noexcept { return stopping || waiting() != 0; }
};

}  // namespace httpd
