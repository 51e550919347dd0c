// SPDX-License-Identifier: BSD-2-Clause
#include "connection.hpp"

#include <sys/socket.h>

#include <cstring>

#include "housed.hpp"

namespace httpd {
namespace {

// What pipelined requests may take of the buffer while a reply is being sent; a client that has
// sent more ahead gets its reply, and the connection is closed.
constexpr std::size_t most_ahead = buffer_bytes - listing::least_room - reply_head_bytes;

}  // namespace

connection::connection(house& h, socket_type socket, pool9::pooled_item buffer) noexcept
    : presence(socket.native_handle(), h.limits.head),
      house_(h),
      socket_(std::move(socket)),
      buffer_(std::move(buffer)) {
  house_.present.enter(*this);
}

connection::~connection() { house_.present.leave(*this); }

void connection::next_request() noexcept {
  const std::size_t head = head_length({data(), filled_}, seen_);
  if (head != 0) return answer(head);
  seen_ = filled_;
  if (filled_ < buffer_bytes) return read_more();
  reply_ = reply::refusal(431);
  begin_reply(filled_, false);
}

void connection::read_more() noexcept {
  socket_.async_read_some(asio::buffer(data() + filled_, buffer_bytes - filled_),
                          [this](std::error_code error, std::size_t n) { on_read(error, n); });
}

void connection::on_read(std::error_code error, std::size_t n) noexcept {
  if (error) return end();
  // The first bytes of a request: from here on the client is not idle but has to hurry.
  if (filled_ == 0 && !enter(phase::reading, house_.limits.head)) return end();
  filled_ += n;
  next_request();
}

void connection::answer(std::size_t head_bytes) noexcept {
  const parsed_head head = parse_head({data(), head_bytes});
  reply_ = head.status == 200 ? reply::to(head.what, house_.files) : reply::refusal(head.status);
  const bool keep_alive = head.status == 200 && head.what.keep_alive && !reply_.needs_close() &&
                          filled_ - head_bytes <= most_ahead && !house_.others_wait();
  begin_reply(head_bytes, keep_alive);
}

void connection::begin_reply(std::size_t head_bytes, bool keep_alive) noexcept {
  counters::count(house_.count.requests);
  if (reply_.status() >= 400) counters::count(house_.count.errors);
  replying_ = true;
  keep_alive_ = keep_alive;

  char text[reply_head_bytes];
  text_writer head(text);
  reply_.write_head(head, keep_alive);
  // Only now may the request be overwritten: the reply's head may have quoted it.
  filled_ = keep_alive ? filled_ - head_bytes : 0;
  std::memmove(data(), data() + head_bytes, filled_);
  seen_ = 0;
  std::memcpy(room_for_reply().data(), text, head.size());
  send_piece(head.size());
}

void connection::send_piece(std::size_t head_bytes) noexcept {
  const std::size_t n = head_bytes + reply_.fill(room_for_reply().subspan(head_bytes));
  if (reply_.broken()) return end();
  send(filled_, n);
}

void connection::send(std::size_t from, std::size_t n) noexcept {
  if (!enter(phase::writing, house_.limits.write)) return end();
  // What is followed by more, or by the end of the connection, travels with it.
  const bool more = !reply_.finished() || !keep_alive_;
  socket_.async_send(asio::buffer(data() + from, n), more ? MSG_MORE : 0,
                     [this, from, n](std::error_code error, std::size_t sent) {
                       if (error) return end();
                       if (sent < n) return send(from + sent, n - sent);
                       after_piece();
                     });
}

void connection::after_piece() noexcept {
  if (!reply_.finished()) return send_piece(0);
  reply_ = reply();  // closes its file
  replying_ = false;
  if (!keep_alive_) return say_goodbye();
  if (filled_ != 0) {
    if (!enter(phase::reading, house_.limits.head)) return end();
    return next_request();
  }
  if (!enter(phase::idle, house_.limits.idle)) return end();
  read_more();
}

// Closing a socket that still receives resets the connection, and the client may lose the reply. So
// only this direction is closed, and what comes is dropped until the client closes the other.
void connection::say_goodbye() noexcept {
  if (!enter(phase::closing, house_.limits.close)) return end();
  std::error_code ignored;
  socket_.shutdown(socket_type::shutdown_send, ignored);
  await_close();
}

void connection::await_close() noexcept {
  socket_.async_read_some(asio::buffer(data(), buffer_bytes),
                          [this](std::error_code error, std::size_t) {
                            if (error) return end();
                            await_close();
                          });
}

void connection::end() noexcept {
  if (replying_) {
    counters::count(house_.count.gone);
    // A client that does not read must not hold the system's memory either.
    std::error_code ignored;
    if (was_cut()) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  }
  const housed<connection> self(this, {&house_.items.connections});
}

}  // namespace httpd
