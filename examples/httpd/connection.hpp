// SPDX-License-Identifier: BSD-2-Clause
// One client being served: an object in an item of the connection pool that ends itself.
//
//      0            filled_                                        buffer_bytes
//      |== requests ==|------ the reply, piece by piece ------------|
//
// One operation is under way at any time, so its handlers run one after the other, on whichever
// thread, and need no lock.  Requests are parsed where they were received; a request's head is cut
// out of the buffer once its reply's head is known, and what has come of the next ones moves to the
// front.
#pragma once
#include <span>
#include <string_view>

#include "house.hpp"
#include "reply.hpp"

namespace httpd {

class connection final : public presence {
 public:
  connection(house& h, socket_type socket, pool9::pooled_item buffer) noexcept;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Serves the client; in the end the connection destroys itself and puts its item back.
  void start() noexcept { next_request(); }

 private:
  void next_request() noexcept;
  void read_more() noexcept;
  void on_read(std::error_code error, std::size_t n) noexcept;
  void answer(std::size_t head_bytes) noexcept;
  void begin_reply(std::size_t head_bytes, bool keep_alive) noexcept;
  void send_piece(std::size_t head_bytes) noexcept;
  void send(std::size_t from, std::size_t n) noexcept;
  void after_piece() noexcept;
  void say_goodbye() noexcept;
  void await_close() noexcept;
  void end() noexcept;

  char* data() const noexcept { return static_cast<char*>(buffer_.get()); }
  std::span<char> room_for_reply() const noexcept {
    return std::span(data(), buffer_bytes).subspan(filled_);
  }

  house& house_;
  socket_type socket_;
  pool9::pooled_item buffer_;
  std::size_t filled_ = 0;  // bytes of requests at the front of the buffer
  std::size_t seen_ = 0;    // of these, bytes in which no head ends
  reply reply_;
  bool keep_alive_ = true;
  bool replying_ = false;
};

}  // namespace httpd
