// SPDX-License-Identifier: BSD-2-Clause
// What a connection holds, and what it does: a coroutine, of which one operation is under way at
// any time, on whichever thread.
//
//      0            filled_                                        buffer_bytes
//      |== requests ==|------ the reply, piece by piece ------------|
//
// Requests are parsed where they were received; a request's head is cut out of the buffer once its
// reply's head is known, and what has come of the next ones moves to the front.
#include "connection.hpp"

#include <sys/socket.h>

#include <asio/buffer.hpp>
#include <cstring>
#include <span>
#include <string_view>

#include "here.hpp"
#include "reply.hpp"

namespace httpd {
namespace {

// What pipelined requests may take of the buffer while a reply is being sent; a client that has
// sent more ahead gets its reply, and the connection is closed.
constexpr std::size_t most_ahead = buffer_bytes - listing::least_room - reply_head_bytes;

class connection final : public presence {
 public:
  connection(house& h, socket_type s, pool9::pooled_item b) noexcept
      : presence(s.native_handle(), h.limits.head),
        socket(std::move(s)),
        house_(h),
        buffer_(std::move(b)) {
    house_.present.enter(*this);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Whether the head of a request is there, or no more of it can come.
  bool has_request() noexcept;
  /// Room for more of it.
  asio::mutable_buffer room() const noexcept { return {data() + filled_, buffer_bytes - filled_}; }
  /// So many bytes came.  Returns false if the client was cut.
  bool received(std::size_t n) noexcept;
  /// The first piece of the reply to the request that is there.
  std::span<const char> begin_reply() noexcept;
  /// The next one; empty if there is none, or the connection is of no more use.
  std::span<const char> next_piece(std::size_t head_bytes = 0) noexcept;
  /// Returns whether the client may ask again.
  bool end_reply() noexcept;
  /// What is followed by more, or by the end of the connection, travels with it.
  int send_flags() const noexcept { return reply_.finished() && keep_alive_ ? 0 : MSG_MORE; }
  bool may_write() noexcept { return enter(phase::writing, house_.limits.write); }
  /// Returns false if the client was cut.
  bool say_goodbye() noexcept;

  socket_type socket;

 private:
  char* data() const noexcept { return static_cast<char*>(buffer_.get()); }
  std::span<char> room_for_reply() const noexcept {
    return std::span(data(), buffer_bytes).subspan(filled_);
  }

  house& house_;
  pool9::pooled_item buffer_;
  std::size_t head_ = 0;    // bytes of the first request's head, if all of it is there
  std::size_t filled_ = 0;  // bytes of requests at the front of the buffer
  std::size_t seen_ = 0;    // of these, bytes in which no head ends
  reply reply_;
  bool keep_alive_ = true;
  bool replying_ = false;
};

connection::~connection() {
  house_.present.leave(*this);
  if (!replying_) return;
  counters::count(house_.count.gone);
  // A client that does not read must not hold the system's memory either.
  std::error_code ignored;
  if (was_cut()) socket.set_option(asio::socket_base::linger(true, 0), ignored);
}

bool connection::has_request() noexcept {
  head_ = head_length({data(), filled_}, seen_);
  if (head_ == 0) seen_ = filled_;
  return head_ != 0 || filled_ == buffer_bytes;
}

bool connection::received(std::size_t n) noexcept {
  // The first bytes of a request: from here on the client is not idle but has to hurry.
  if (filled_ == 0 && !enter(phase::reading, house_.limits.head)) return false;
  filled_ += n;
  return true;
}

std::span<const char> connection::begin_reply() noexcept {
  const bool is_too_long = head_ == 0;
  const std::size_t n = is_too_long ? filled_ : head_;
  const parsed_head head = is_too_long ? parsed_head{431, {}} : parse_head({data(), n});
  const bool is_understood = head.status == 200;
  reply_ = is_understood ? reply::to(head.what, house_.files) : reply::refusal(head.status);
  keep_alive_ = is_understood && head.what.keep_alive && !reply_.needs_close() &&
                filled_ - n <= most_ahead && !house_.others_wait();
  counters::count(house_.count.requests);
  if (reply_.status() >= 400) counters::count(house_.count.errors);
  replying_ = true;

  char text[reply_head_bytes];
  text_writer written(text);
  reply_.write_head(written, keep_alive_);
  // Only now may the request be overwritten: the reply's head may have quoted it.
  filled_ = keep_alive_ ? filled_ - n : 0;
  std::memmove(data(), data() + n, filled_);
  seen_ = 0;
  std::memcpy(room_for_reply().data(), text, written.size());
  return next_piece(written.size());
}

std::span<const char> connection::next_piece(std::size_t head_bytes) noexcept {
  if (head_bytes == 0 && reply_.finished()) return {};
  const std::span<char> room = room_for_reply();
  const std::size_t n = head_bytes + reply_.fill(room.subspan(head_bytes));
  return room.first(reply_.broken() ? 0 : n);
}

bool connection::end_reply() noexcept {
  if (!reply_.finished() || reply_.broken()) return false;
  reply_ = reply();  // closes its file
  replying_ = false;
  if (!keep_alive_) return false;
  return filled_ != 0 ? enter(phase::reading, house_.limits.head)
                      : enter(phase::idle, house_.limits.idle);
}

bool connection::say_goodbye() noexcept {
  if (replying_ || !enter(phase::closing, house_.limits.close)) return false;
  std::error_code ignored;
  socket.shutdown(socket_type::shutdown_send, ignored);
  return true;
}

}  // namespace

resident serve(pool9::pooled_item, house* h, socket_type socket, pool9::pooled_item buffer) {
  connection c(*h, std::move(socket), std::move(buffer));
  do {
    while (!c.has_request()) {
      auto [error, n] = co_await c.socket.async_read_some(c.room(), here);
      if (error || !c.received(n)) co_return;
    }
    for (auto piece = c.begin_reply(); !piece.empty(); piece = c.next_piece()) {
      while (!piece.empty()) {
        if (!c.may_write()) co_return;
        const asio::const_buffer rest(piece.data(), piece.size());
        auto [error, n] = co_await c.socket.async_send(rest, c.send_flags(), here);
        if (error) co_return;
        piece = piece.subspan(n);
      }
    }
  } while (c.end_reply());

  // Closing a socket that still receives resets the connection, and the client may lose the reply.
  // So only this direction is closed, and what comes is dropped until the client closes the other.
  bool is_open = c.say_goodbye();
  while (is_open) {
    auto [error, n] = co_await c.socket.async_read_some(c.room(), here);
    is_open = !error;
  }
}

}  // namespace httpd
