// SPDX-License-Identifier: BSD-2-Clause
#include "file_tree.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <string_view>
#include <system_error>

namespace httpd {
namespace {

// Non-blocking, so that a FIFO below the root cannot hold a thread; it makes no difference to
// files.
constexpr int how_to_open = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// Where the file behind `fd` really is, or "" if that cannot be told.
std::string_view real_path(int fd, char (&room)[PATH_MAX]) noexcept {
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = ::readlink(link, room, sizeof room);
  return n > 0 ? std::string_view(room, static_cast<std::size_t>(n)) : std::string_view();
}

int status_of_errno() noexcept {
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return 404;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return 503;
    default:  // EXDEV: out of the root; ELOOP, EACCES, ...
      return 403;
  }
}

}  // namespace

file_tree::file_tree(const std::string& root)
    : root_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!root_) throw std::system_error(errno, std::generic_category(), root);
  char room[PATH_MAX];
  real_root_ = real_path(root_.get(), room);
  if (real_root_.empty()) throw std::system_error(errno, std::generic_category(), root);
}

file_tree::opened file_tree::open(const char* path) const noexcept {
  const int fd = open_beneath(*path != '\0' ? path : ".");
  if (fd < 0) return {status_of_errno(), descriptor(), {}};
  opened result{200, descriptor(fd), {}};
  if (::fstat(fd, &result.about) != 0) result.status = 503;
  const mode_t mode = result.about.st_mode;
  if (!S_ISREG(mode) && !S_ISDIR(mode)) result.status = 403;
  return result;
}

int file_tree::open_beneath(const char* path) const noexcept {
  open_how how{};
  how.flags = how_to_open;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, root_.get(), path, &how, sizeof how);
  if (fd >= 0) return static_cast<int>(fd);
  // Kernels before 5.6, and containers that filter what they do not know.
  if (errno != ENOSYS && errno != EPERM) return -1;
  descriptor plain(::openat(root_.get(), path, how_to_open));
  if (!plain) return -1;
  if (!lies_beneath(plain.get())) {
    errno = EXDEV;
    return -1;
  }
  return plain.release();
}

bool file_tree::lies_beneath(int fd) const noexcept {
  char room[PATH_MAX];
  const std::string_view path = real_path(fd, room);
  const std::string_view root = real_root_;
  if (root == "/") return !path.empty();
  return path == root ||
         (path.substr(0, root.size()) == root && path.substr(root.size(), 1) == "/");
}

}  // namespace httpd
