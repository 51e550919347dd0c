// SPDX-License-Identifier: BSD-2-Clause
// DPDK's mempool, without huge pages: a ring of all items and a cache for each thread, of the
// largest size there is.  Threads must register, or they get no cache.
//
// All items exist from the start: as many as the threads could hold in their caches and in what the
// workloads keep out, so the pool never runs dry.  It cannot fill memory as W3 does.
#include <rte_config.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_version.h>
#include <sched.h>

#include <bit>
#include <cstdio>

#include "serve.hpp"

namespace {

using namespace peers;

/// The process's DPDK, with so many megabytes: there is but one contender in it.
void start(std::size_t megabytes) {
  std::string cpu = std::to_string(sched_getcpu()), memory = std::to_string(megabytes);
  std::string arguments[] = {"worker-dpdk",
                             "--no-huge",
                             "--no-pci",
                             "--no-shconf",
                             "--no-telemetry",
                             "--iova-mode=va",
                             "--log-level=*:error",
                             "-l",
                             cpu,
                             "-m",
                             memory};
  char* argv[std::size(arguments) + 1] = {};
  for (std::size_t i = 0; i < std::size(arguments); ++i) argv[i] = arguments[i].data();
  if (rte_eal_init(static_cast<int>(std::size(arguments)), argv) < 0)
    throw std::runtime_error(std::string("rte_eal_init: ") + rte_strerror(rte_errno));
}

class mempool {
 public:
  static constexpr bool thread_safe = true;
  static std::string version() { return std::string(rte_version()).substr(5); }

  struct in_thread {
    in_thread() {
      if (rte_thread_register() < 0) std::fputs("a thread without a cache\n", stderr);
    }
    ~in_thread() { rte_thread_unregister(); }
  };

  explicit mempool(const setting& s) {
    // A cache grows to one and a half its size; a batch and a ring are about a thousand items.
    const std::size_t n = std::bit_ceil((s.n_threads + 1) * 4096ul) - 1;
    constexpr std::size_t overhead = 256;  // more than the header and the rounding of an item
    start(n * (s.item_size + overhead) / 1'000'000 + 64);
    pool_ = rte_mempool_create("bench", static_cast<unsigned>(n),
                               static_cast<unsigned>(s.item_size), RTE_MEMPOOL_CACHE_MAX_SIZE, 0,
                               nullptr, nullptr, nullptr, nullptr, SOCKET_ID_ANY, 0);
    if (pool_ == nullptr)
      throw std::runtime_error(std::string("rte_mempool_create: ") + rte_strerror(rte_errno));
  }
  void* get() noexcept {
    void* item = nullptr;
    return rte_mempool_get(pool_, &item) == 0 ? item : nullptr;
  }
  void put(void* item) noexcept { rte_mempool_put(pool_, item); }

 private:
  rte_mempool* pool_;
};

const enrolled all{{"dpdk", serve<mempool>}};

}
