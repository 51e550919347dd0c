// SPDX-License-Identifier: BSD-2-Clause
// A directory of a test's own, which goes with it.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace pool9::test {

class scratch_directory {
 public:
  scratch_directory() : path_(testing::TempDir() + "pool9-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~scratch_directory() { std::filesystem::remove_all(path_); }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file and returns its name.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    return file(name);
  }

 private:
  std::string path_;
};

}  // namespace pool9::test
