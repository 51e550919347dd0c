// SPDX-License-Identifier: BSD-2-Clause
// The C face with little ceremony: a struct pool that ends with its scope, and what tests do with
// many items.
#pragma once
#include <gtest/gtest.h>
#include <sys/pool.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "page_ladder.hpp"

// The compiler knows that pool_put() ends an item, and warns about most of the misuse, and of the
// hand-overs between threads, that tests are about.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuse-after-free"
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace pool9::test {

/// The arguments of pool_init() with the values most tests want: four items to a page.
struct c_options {
  std::size_t size = 1024;
  unsigned align = 0;
  unsigned align_offset = 0;
  int flags = 0;
  const char* wchan = "test";
  unsigned pagesz = 4096;
  test_source* source = nullptr;  ///< nullptr: the default source
};

inline void init(::pool* pp, const c_options& o) {
  if (o.source != nullptr) {
    pool_init(pp, o.size, o.align, o.align_offset, o.flags, o.wchan, o.pagesz, test_source::palloc,
              test_source::prelease, o.source->tag());
  } else {
    pool_init(pp, o.size, o.align, o.align_offset, o.flags, o.wchan, o.pagesz, nullptr, nullptr, 0);
  }
}

inline pool_stats stats_of(::pool* pp) {
  pool_stats s{};
  EXPECT_EQ(pool_getstats(pp, &s, sizeof s), 0);
  return s;
}

/// A pool that is checked and destroyed at the end of its scope; all items must be back by then.
class c_pool {
 public:
  explicit c_pool(const c_options& o = {}) { init(&pool_, o); }
  ~c_pool() {
    EXPECT_EQ(pool_chk(&pool_, "at the end of a test"), 0);
    pool_destroy(&pool_);
  }
  c_pool(const c_pool&) = delete;
  c_pool& operator=(const c_pool&) = delete;

  operator ::pool*() { return &pool_; }  // NOLINT: tests read like C
  pool_stats stats() { return stats_of(&pool_); }

 private:
  ::pool pool_;
};

/// Gets `n` items; fewer, with a test failure, if there are not so many.
inline std::vector<void*> get_n(::pool* pp, std::size_t n, int flags = PR_NOWAIT) {
  std::vector<void*> items;
  for (std::size_t i = 0; i < n; ++i) {
    void* item = pool_get(pp, flags);
    if (item == nullptr) {
      ADD_FAILURE() << "no item after " << i << " of " << n;
      break;
    }
    items.push_back(item);
  }
  return items;
}

/// Gets items until there are no more, `at_most` at most.
inline std::vector<void*> get_all(::pool* pp, std::size_t at_most = 1u << 20) {
  std::vector<void*> items;
  while (items.size() < at_most) {
    void* item = pool_get(pp, PR_NOWAIT);
    if (item == nullptr) break;
    items.push_back(item);
  }
  return items;
}

inline void put_all(::pool* pp, std::vector<void*>& items) {
  for (void* item : items) pool_put(pp, item);
  items.clear();
}

/// Whether no two items of `size` bytes overlap.
inline bool are_disjoint(std::vector<void*> items, std::size_t size) {
  std::sort(items.begin(), items.end());
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (static_cast<char*>(items[i]) - static_cast<char*>(items[i - 1]) <
        static_cast<std::ptrdiff_t>(size))
      return false;
  }
  return true;
}

inline bool is_aligned(const void* p, std::size_t align, std::size_t offset = 0) {
  return (reinterpret_cast<std::uintptr_t>(p) + offset) % align == 0;
}

}  // namespace pool9::test
