// SPDX-License-Identifier: BSD-2-Clause
// A directory as a page of links, written piece by piece.
#pragma once
#include <dirent.h>
#include <memory>
#include <span>

#include "descriptor.hpp"
#include "text_writer.hpp"

namespace httpd {

/// Lists a directory of any size in the memory of one buffer: in the order of the directory, since
/// to sort the names would be to hold them all.
class listing {
 public:
  /// The room that one fill() needs at least: the longest name, escaped twice, and what is around.
  static constexpr std::size_t least_room = 4096;

  /// `chunked`: every piece is a chunk of HTTP/1.1's transfer coding; else the end of the
  /// connection is the end of the page.
  listing(descriptor directory, bool chunked) noexcept;

  /// Whether the directory could be read at all.
  [[nodiscard]] bool opened() const noexcept { return directory_ != nullptr; }
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// Writes the next piece; returns its length, which is not 0 unless finished().
  /// Requires: room.size() >= least_room.
  std::size_t fill(std::span<char> room) noexcept;

 private:
  std::size_t fill_plain(std::span<char> room) noexcept;
  void next_entry() noexcept;

  struct close_directory {
    void operator()(DIR* d) const noexcept { ::closedir(d); }
  };
  std::unique_ptr<DIR, close_directory> directory_;
  const dirent* entry_ = nullptr;  // the next to write; nullptr: all are
  bool chunked_;
  bool begun_ = false;
  bool finished_ = false;
};

}  // namespace httpd
