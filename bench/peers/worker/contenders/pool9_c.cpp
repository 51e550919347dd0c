// SPDX-License-Identifier: BSD-2-Clause
// pool9 as C programs use it: pool_init(), pool_get() and pool_put() of <sys/pool.h>, called in the
// shared library.
#include <pool9-bsd/sys/pool.h>

#include "serve.hpp"

namespace {

using namespace peers;

class c_pool {
 public:
  static constexpr bool thread_safe = true;
  using in_thread = nothing_in_thread;
  static std::string version() { return "as built"; }

  explicit c_pool(const setting& s) {
    pool_init(&pool_, s.item_size, 0, 0, 0, "bench", 0, nullptr, nullptr, 0);
    if (s.hard_limit != 0)
      pool_sethardlimit(&pool_, static_cast<unsigned>(s.hard_limit), nullptr, 0);
  }
  ~c_pool() { pool_destroy(&pool_); }
  c_pool(const c_pool&) = delete;
  c_pool& operator=(const c_pool&) = delete;

  void* get() noexcept { return pool_get(&pool_, PR_NOWAIT); }
  void put(void* item) noexcept { pool_put(&pool_, item); }

 private:
  pool pool_;
};

const enrolled all{{"pool9.c", serve<c_pool>}};

}
