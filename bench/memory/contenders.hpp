// SPDX-License-Identifier: BSD-2-Clause
// Who takes part: a pool, and the mallocs of this system, each loaded for itself alone.
#pragma once
#include <dlfcn.h>

#include <chrono>
#include <cstddef>
#include <pool9/pool.hpp>
#include <pool9/system_memory.hpp>

namespace pool9::bench {

inline constexpr double idle_seconds = 1;  // idle_time of the pools

struct malloc_library {
  const char* name;
  const char* file;  // nullptr: the program's own
  const char* allocate;
  const char* release;
};
inline constexpr malloc_library mallocs[] = {
    {"glibc", nullptr, "malloc", "free"},
    {"jemalloc", "libjemalloc.so.2", "malloc", "free"},
    {"mimalloc", "libmimalloc.so.2", "mi_malloc", "mi_free"},
    {"tcmalloc", "libtcmalloc_minimal.so.4", "tc_malloc", "tc_free"},
    {"tbb", "libtbbmalloc.so.2", "scalable_malloc", "scalable_free"}};

/// A malloc for items of one size.
class malloc_items {
 public:
  malloc_items(const malloc_library& l, std::size_t size) : size_(size) {
    void* const library = l.file == nullptr ? RTLD_DEFAULT : dlopen(l.file, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr && l.file != nullptr) return;
    allocate_ = reinterpret_cast<void* (*)(std::size_t)>(dlsym(library, l.allocate));
    release_ = reinterpret_cast<void (*)(void*)>(dlsym(library, l.release));
  }
  bool is_here() const { return allocate_ != nullptr && release_ != nullptr; }
  void* get() { return allocate_(size_); }
  void put(void* item) { release_(item); }

 private:
  const std::size_t size_;
  void* (*allocate_)(std::size_t) = nullptr;
  void (*release_)(void*) = nullptr;
};

/// The pool, as the targets mean it, with the default source or another.
class pool_items {
 public:
  explicit pool_items(std::size_t size, page_source* source = nullptr)
      : pool_({.name = "bench",
               .item_size = size,
               .idle_time = std::chrono::milliseconds(1000),
               .source = source,
               .at_destroy = on_live::leak}) {}
  static bool is_here() { return true; }
  void* get() { return pool_.get(); }
  void put(void* item) { pool_.put(item); }
  pool& p() { return pool_; }

 private:
  pool pool_;
};

}
