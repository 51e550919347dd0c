// SPDX-License-Identifier: BSD-2-Clause
// pool9 from its C++ header, with the options of the first example: a name and an item size.
//
// `pool9.limited` has a hard limit that is never reached, `pool9.fallback` runs in a process that
// the system refuses membarrier(2).  `pool9.unsync` is the pool for one thread.
#include <pool9/unsynchronized_pool.hpp>
#include <sys/syscall.h>
#include <unistd.h>

#include "serve.hpp"

namespace {

using namespace peers;

constexpr std::size_t far_away = 1'000'000;

enum class kind { plain, limited, fallback };

template <kind Kind>
class pooled {
 public:
  static constexpr bool thread_safe = true;
  using in_thread = nothing_in_thread;
  static std::string version() { return "as built"; }

  explicit pooled(const setting& s)
      : pool_({.name = "bench", .item_size = s.item_size, .hard_limit = limit(s)}) {
    constexpr long query = 0;  // MEMBARRIER_CMD_QUERY
    if (Kind == kind::fallback && syscall(SYS_membarrier, query, 0, 0) >= 0)
      throw std::runtime_error("there is a membarrier: run by without-membarrier");
  }
  void* get() noexcept { return pool_.try_get(); }
  void put(void* item) noexcept { pool_.put(item); }

 private:
  static constexpr std::size_t limit(const setting& s) {
    if (s.hard_limit != 0) return s.hard_limit;
    return Kind == kind::limited ? far_away : pool9::unlimited;
  }

  pool9::pool pool_;
};

class unsynchronized {
 public:
  static constexpr bool thread_safe = false;
  using in_thread = nothing_in_thread;
  static std::string version() { return "as built"; }

  explicit unsynchronized(const setting& s) : pool_({.name = "bench", .item_size = s.item_size}) {}
  void* get() noexcept { return pool_.try_get(); }
  void put(void* item) noexcept { pool_.put(item); }

 private:
  pool9::unsynchronized_pool pool_;
};

const enrolled all{{"pool9", serve<pooled<kind::plain>>},
                   {"pool9.limited", serve<pooled<kind::limited>>},
                   {"pool9.fallback", serve<pooled<kind::fallback>>},
                   {"pool9.unsync", serve<unsynchronized>}};

}
