// SPDX-License-Identifier: BSD-2-Clause
// The threads of this process, as the system knows them.
#pragma once
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace pool9::test {

inline std::filesystem::directory_iterator all_threads() {
  return std::filesystem::directory_iterator("/proc/self/task");
}
inline std::size_t n_threads() {
  return static_cast<std::size_t>(std::distance(all_threads(), {}));
}
/// Those that end meanwhile count or do not.
inline std::size_t n_threads_named(std::string_view name) {
  std::size_t n = 0;
  for (const auto& thread : all_threads()) {
    std::string word;
    n += std::ifstream(thread.path() / "comm") >> word && word == name ? 1 : 0;
  }
  return n;
}

}  // namespace pool9::test
