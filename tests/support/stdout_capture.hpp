// SPDX-License-Identifier: BSD-2-Clause
// What C code writes to standard output, as a string.
#pragma once
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace pool9::test {

class stdout_capture {
 public:
  stdout_capture() : file_(std::tmpfile()), before_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    if (file_ == nullptr || before_ < 0 || dup2(fileno(file_), STDOUT_FILENO) < 0) std::abort();
  }
  ~stdout_capture() {
    restore();
    std::fclose(file_);
  }
  stdout_capture(const stdout_capture&) = delete;
  stdout_capture& operator=(const stdout_capture&) = delete;

  /// Ends the capture and returns what was written.
  std::string text() {
    restore();
    std::string all;
    char part[4096];
    std::rewind(file_);
    while (const std::size_t n = std::fread(part, 1, sizeof part, file_)) all.append(part, n);
    return all;
  }

 private:
  void restore() {
    if (before_ < 0) return;
    std::fflush(stdout);
    dup2(before_, STDOUT_FILENO);
    close(before_);
    before_ = -1;
  }

  std::FILE* file_;
  int before_;
};

}  // namespace pool9::test
