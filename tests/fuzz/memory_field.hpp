// SPDX-License-Identifier: BSD-2-Clause
// Memory for whoever feeds a tested resource: at the lowest place that is free, so that what the
// resource does depends on nothing but the operations.
//
// What is not given out is poisoned under the address sanitizer.
#pragma once
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>

namespace pool9::test {

class memory_field {
 public:
  /// Requires: `align` is a power of two.
  void* allocate(std::size_t bytes, std::size_t align) {
    for (const auto& [from, size] : free_) {
      const std::size_t lead = (align - from % align) % align;
      if (size < lead || size - lead < bytes) continue;
      return cut(from, size, lead, bytes);
    }
    std::abort();  // more than any test needs
  }
  /// Requires: that was given out so.
  void release(void* p, std::size_t bytes) {
    ASAN_POISON_MEMORY_REGION(p, bytes);
    auto at = free_.emplace(reinterpret_cast<std::uintptr_t>(p), bytes).first;
    if (const auto next = std::next(at); next != free_.end() && next->first == end_of(*at)) {
      at->second += next->second;
      free_.erase(next);
    }
    if (at == free_.begin()) return;
    if (const auto before = std::prev(at); end_of(*before) == at->first) {
      before->second += at->second;
      free_.erase(at);
    }
  }

 private:
  static constexpr std::size_t all_bytes = std::size_t{1} << 30;

  static std::uintptr_t end_of(const std::pair<const std::uintptr_t, std::size_t>& part) {
    return part.first + part.second;
  }
  static std::uintptr_t start() {
    static const std::uintptr_t first = [] {
      void* const wish = reinterpret_cast<void*>(std::uintptr_t{0x3100} << 32);
      void* const p = mmap(wish, all_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (p == MAP_FAILED) std::abort();
      ASAN_POISON_MEMORY_REGION(p, all_bytes);
      return reinterpret_cast<std::uintptr_t>(p);
    }();
    return first;
  }
  void* cut(std::uintptr_t from, std::size_t size, std::size_t lead, std::size_t bytes) {
    free_.erase(from);
    if (lead != 0) free_[from] = lead;
    if (size - lead != bytes) free_[from + lead + bytes] = size - lead - bytes;
    void* const p = reinterpret_cast<void*>(from + lead);
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    return p;
  }

  std::map<std::uintptr_t, std::size_t> free_{{start(), all_bytes}};
};

}  // namespace pool9::test
