// SPDX-License-Identifier: BSD-2-Clause
// What is done with files, texts and strings of a target, which may mean no good.
#include "target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace poolstat {

int open_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat s {};
  if (fd < 0 || (::fstat(fd, &s) == 0 && S_ISREG(s.st_mode))) return fd;
  ::close(fd);
  return -1;
}

std::string printable(std::string text) {
  const auto is = [&](std::size_t i, unsigned from, unsigned to) {
    const auto byte = static_cast<unsigned char>(text[i]);  // or the null behind
    return byte >= from && byte <= to;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is(i, 0, 0x1F) || is(i, 0x7F, 0x7F)) text[i] = '?';
    if (is(i, 0xC2, 0xC2) && is(i + 1, 0x80, 0x9F)) text.replace(i, 2, "?");  // more of them
  }
  return text;
}

std::string target::read_string(std::uint64_t address) {
  std::string text;
  for (char c = 0; text.size() < 1000 && read(address + text.size(), c) && c != 0;) text += c;
  return text.empty() ? "?" : text;
}

}
