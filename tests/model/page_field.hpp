// SPDX-License-Identifier: BSD-2-Clause
// Where the pages of a tested pool lie: always at the same addresses in the same order, so that
// what a pool does, and chooses, depends on nothing but the operations.
//
// Neighbours lie in three chunks of 2 MiB by turns, so that few pages are many regions already.
// What is not given out is poisoned under the address sanitizer.
#pragma once
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

namespace pool9::test {

class page_field {
 public:
  /// `bytes`, aligned to themselves, at the first place that is free.  Requires: all pages of a
  /// field have the same size, which divides 2 MiB.
  void* allocate(std::size_t bytes) {
    bytes_ = bytes;
    std::size_t i = n_fresh_;
    if (free_.empty()) {
      ++n_fresh_;
    } else {
      i = *free_.begin();
      free_.erase(free_.begin());
    }
    void* const page = place(i);
    live_[page] = i;
    ASAN_UNPOISON_MEMORY_REGION(page, bytes);
    return page;
  }
  /// false: that is no page of the field.
  bool release(void* page, std::size_t bytes) {
    const auto found = live_.find(page);
    if (found == live_.end() || bytes != bytes_) return false;
    ASAN_POISON_MEMORY_REGION(page, bytes);
    free_.insert(found->second);
    live_.erase(found);
    return true;
  }
  std::size_t n_live() const { return live_.size(); }
  /// Whether the bytes lie in one live page.
  bool holds(const void* item, std::size_t bytes) const {
    const auto next = live_.upper_bound(const_cast<void*>(item));
    return next != live_.begin() &&
           address(item) + bytes <= address(std::prev(next)->first) + bytes_;
  }

 private:
  static constexpr std::size_t chunk = std::size_t{2} << 20, n_chunks = 768;

  static std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }
  static std::byte* start() {
    static std::byte* const first = [] {
      void* const wish = reinterpret_cast<void*>(std::uintptr_t{0x3000} << 32);
      void* const p = mmap(wish, (n_chunks + 1) * chunk, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (p == MAP_FAILED) std::abort();
      auto* const begin = static_cast<std::byte*>(p) + (chunk - address(p) % chunk) % chunk;
      ASAN_POISON_MEMORY_REGION(begin, n_chunks * chunk);
      return begin;
    }();
    return first;
  }
  std::byte* place(std::size_t i) const {
    const std::size_t per_trio = 3 * (chunk / bytes_), j = i % per_trio;
    const std::size_t chunk_number = i / per_trio * 3 + j % 3;
    if (chunk_number >= n_chunks) std::abort();  // more than any test needs
    return start() + chunk_number * chunk + j / 3 * bytes_;
  }

  std::size_t bytes_ = 0, n_fresh_ = 0;
  std::set<std::size_t> free_;
  std::map<void*, std::size_t> live_;
};

}  // namespace pool9::test
