// SPDX-License-Identifier: BSD-2-Clause
// Operations on resources, as values: what to do, and a number from which its arguments are drawn.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>

namespace pool9::test {

enum class resource_kind {
  allocate,
  allocate_many,
  deallocate,
  deallocate_many,
  add,
  remove,
  exchange,
  hard_limit,
  prime,
  low_watermark,
  high_watermark,
  reclaim,
  release,
  mood,
  meddle,
  misput,
  housekeep
};
inline constexpr std::array resource_names{
    "allocate", "allocate_many", "deallocate", "deallocate_many",
    "add",      "remove",        "exchange",   "hard_limit",
    "prime",    "low",           "high",       "reclaim",
    "release",  "mood",          "meddle",     "misput",
    "housekeep"};

struct resource_operation {
  resource_kind kind = resource_kind::allocate;
  std::uint32_t dice = 0;

  /// The `i`th of four arguments, below `n`.
  std::size_t below(std::size_t n, unsigned i = 0) const {
    return n == 0 ? 0 : (dice >> (8 * i)) % 256 % n;
  }
  /// A size that is at an edge of the classes, or beside one.
  std::size_t bytes() const {
    constexpr std::array<std::size_t, 24> edges{
        0,   1,   8,   16,   24,   32,   48,   64,   100,  112,    128,    256,
        480, 512, 640, 1000, 1024, 2048, 3000, 4096, 8192, 20'000, 65'536, 100'000};
    constexpr std::array<std::size_t, 6> beside{0, 0, 1, 3, 15, 40};
    return edges[below(256) % edges.size()] + beside[below(256) / edges.size() % beside.size()];
  }
  std::size_t align() const {
    const std::size_t n = below(256, 2);
    return n < 128 ? 16 : std::size_t{1} << n % 13;
  }
};
inline std::ostream& operator<<(std::ostream& out, const resource_operation& o) {
  out << resource_names[static_cast<std::size_t>(o.kind)] << '(';
  for (unsigned i = 0; i < 4; ++i) out << o.below(256, i) << (i < 3 ? "," : "): ");
  return out << o.bytes() << " bytes aligned to " << o.align();
}

/// Two resources to begin with.
struct resource_options {
  bool by_pages;            // pages of a source instead of chunks of an upstream
  bool any_thread;          // may call the upstream
  bool leaves;              // blocks at the end
  std::size_t most_blocks;  // as std::pmr::pool_options
  std::size_t largest;
};
inline std::ostream& operator<<(std::ostream& out, const resource_options& o) {
  return out << "resources:" << (o.by_pages ? " by pages" : " by an upstream")
             << (o.any_thread ? " of any thread" : "") << (o.leaves ? ", blocks are left" : "")
             << ", blocks per chunk " << o.most_blocks << ", largest " << o.largest;
}
template <class Below>
resource_options draw_resource_options(const Below& below) {
  constexpr std::array<std::size_t, 8> most{0, 0, 1, 3, 16, 64, 100, 1000};
  constexpr std::array<std::size_t, 6> largest{0, 0, 16, 600, 4096, 40'000};
  resource_options o{};
  o.by_pages = below(3) == 2;
  o.any_thread = below(3) == 2;
  o.leaves = below(2) != 0;
  o.most_blocks = most[below(most.size())];
  o.largest = largest[below(largest.size())];
  return o;
}

}  // namespace pool9::test
