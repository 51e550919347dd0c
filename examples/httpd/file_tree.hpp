// SPDX-License-Identifier: BSD-2-Clause
// The directory that is served, and nothing outside it.
#pragma once
#include <string>
#include <sys/stat.h>

#include "descriptor.hpp"

namespace httpd {

/// Opens files below a root.  Whatever the path and whatever symbolic links lie on the way, what is
/// opened lies below the root: the system itself checks it (openat2 with RESOLVE_BENEATH), and
/// where it cannot, the opened file's real path is compared.  Thread-safe.
class file_tree {
 public:
  /// Throws: std::system_error if `root` is no directory that can be opened.
  explicit file_tree(const std::string& root);

  struct opened {
    int status = 200;  ///< 200, or why not: 403, 404, 503
    descriptor file;
    struct stat about = {};
  };
  /// Opens the regular file or directory `path`, relative to the root; "" is the root.
  [[nodiscard]] opened open(const char* path) const noexcept;

  /// The root without symbolic links.
  [[nodiscard]] const std::string& root() const noexcept { return real_root_; }

 private:
  int open_beneath(const char* path) const noexcept;
  bool lies_beneath(int fd) const noexcept;

  descriptor root_;
  std::string real_root_;
};

}  // namespace httpd
