// SPDX-License-Identifier: BSD-2-Clause
// What the system says of a piece of memory, and pages in numbers.
#pragma once
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <pool9/pool.hpp>
#include <pool9/system_memory.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/os.hpp"
#include "support/report_catcher.hpp"
#include "system_calls.hpp"

namespace pool9::test {

inline constexpr std::size_t chunk = std::size_t{2} << 20;
inline constexpr get_flags now = get_flags::nowait;

inline std::uintptr_t number(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }
inline void* chunk_of(const void* p) { return reinterpret_cast<void*>(number(p) / chunk * chunk); }

inline bool is_mapped(const void* p, unsigned char* in_core = nullptr) {
  unsigned char here = 0;
  void* const page = reinterpret_cast<void*>(number(p) & ~(base::os::page_size() - 1));
  return mincore(page, 1, in_core != nullptr ? in_core : &here) == 0;
}
inline bool is_resident(const void* p) {
  unsigned char in_core = 0;
  return is_mapped(p, &in_core) && (in_core & 1) != 0;
}
inline std::size_t n_resident(const std::vector<void*>& pages) {
  std::size_t n = 0;
  for (void* p : pages) n += is_resident(p) ? 1 : 0;
  return n;
}

/// A line of /proc/self/smaps about the mapping that holds `p`: what follows "`field`:".
inline std::string smaps(const void* p, const std::string& field) {
  std::ifstream in("/proc/self/smaps");
  bool is_here = false;
  for (std::string line; std::getline(in, line);) {
    std::uintptr_t from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2)
      is_here = from <= number(p) && number(p) < to;
    else if (is_here && line.compare(0, field.size() + 1, field + ":") == 0)
      return line.substr(field.size() + 1);
  }
  return {};
}
inline std::size_t smaps_kib(const void* p, const std::string& field) {
  std::istringstream in(smaps(p, field));
  std::size_t n = 0;
  in >> n;
  return n;
}
/// Whether the system would give huge pages to whoever asks.
inline bool has_huge_pages() {
  std::string setting;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled") >> std::ws, setting);
  return setting.find("[madvise]") != std::string::npos ||
         setting.find("[always]") != std::string::npos;
}

/// `n` pages as a reserve, which is not resident but for an option; fewer where memory ends.
inline std::vector<void*> reserve(page_source& s, std::size_t n, std::size_t bytes) {
  std::vector<void*> pages(n);
  for (std::size_t i = 0; i < n;) {
    const std::size_t got = s.allocate_reserve({&pages[i], n - i}, bytes);
    if (got == 0) pages.resize(n = i);
    i += got;
  }
  return pages;
}

}  // namespace pool9::test
