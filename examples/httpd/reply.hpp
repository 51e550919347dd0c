// SPDX-License-Identifier: BSD-2-Clause
// What a request is answered with: a head, and a body that is fetched piece by piece.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "conditional.hpp"
#include "file_tree.hpp"
#include "listing.hpp"
#include "request.hpp"
#include "target.hpp"

namespace httpd {

/// Room for any head that write_head() writes: a redirection repeats a name of at most 255 bytes,
/// each perhaps as three.
inline constexpr std::size_t reply_head_bytes = 2048;

class reply {
 public:
  reply() noexcept = default;
  /// Decides what to answer.  Refers to the bytes of `r` until the head is written.
  static reply to(const request& r, const file_tree& files) noexcept;
  /// Says no to a request that was not understood.
  static reply refusal(int status) noexcept;

  [[nodiscard]] int status() const noexcept { return status_; }
  /// Whether the end of the body can be told only by the end of the connection.
  [[nodiscard]] bool needs_close() const noexcept;
  void write_head(text_writer& out, bool keep_alive) const noexcept;

  /// Puts the next bytes of the body into `room`, of listing::least_room bytes at least, and
  /// returns how many.
  std::size_t fill(std::span<char> room) noexcept;
  [[nodiscard]] bool finished() const noexcept;
  /// Whether the file turned out shorter than was promised: the connection is of no more use.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  struct file_part {
    descriptor file;
    std::uint64_t offset;
    std::uint64_t left;
  };

  void decide(const request& r, const file_tree& files, path_room& room) noexcept;
  void serve_directory(const request& r, const file_tree& files, local_path path, path_room& room,
                       file_tree::opened found) noexcept;
  void serve_file(const request& r, std::string_view path, file_tree::opened found) noexcept;
  bool client_has_it(const request& r) const noexcept;
  byte_range wanted_range(const request& r, std::uint64_t size) const noexcept;
  void write_about_body(text_writer& out) const noexcept;

  int status_ = 200;
  bool http_1_0_ = false;
  bool head_only_ = false;
  bool broken_ = false;
  std::string_view type_;
  std::string_view location_;  // the last segment of the target; only with 301
  std::uint64_t size_ = 0;     // of the whole file
  byte_range range_;           // of it
  std::time_t modified_ = 0;   // 0: no file
  char tag_[40] = "";          // with its quotes
  std::variant<std::monostate, file_part, listing> body_;
};

}  // namespace httpd
