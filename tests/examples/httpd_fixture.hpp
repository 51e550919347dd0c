// SPDX-License-Identifier: BSD-2-Clause
// A server with two connections over a small directory, and clients that block.
#pragma once
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "server.hpp"

namespace httpd::test {

using namespace std::chrono_literals;

inline const std::string large(300'000, 'x');

inline std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

/// A client that blocks, but not for ever: a test that waits in vain fails rather than hangs.
class client {
 public:
  explicit client(const tcp::endpoint& server) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{20, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(fd(), server.data(), static_cast<socklen_t>(server.size())) != 0)
      throw std::system_error(errno, std::generic_category(), "connect");
  }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(fd(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) throw std::system_error(errno, std::generic_category(), "send");
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Returns false at the end of what the server sends.
  bool receive_some() {
    char bytes[65536];
    const ssize_t n = ::recv(fd(), bytes, sizeof bytes, 0);
    EXPECT_GE(n, 0) << std::generic_category().message(errno);
    if (n > 0) pending_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }
  /// What comes until the server closes.
  std::string receive_all() {
    while (receive_some()) {
    }
    return std::exchange(pending_, {});
  }
  /// One reply with Content-Length, or what came of it before the server closed.  Closes if the
  /// reply says so.
  std::string receive_reply() {
    std::size_t head = 0;
    while ((head = pending_.find("\r\n\r\n")) == std::string::npos)
      if (!receive_some()) return std::exchange(pending_, {});
    const std::size_t field = pending_.find("Content-Length: ");
    const std::size_t body = field < head ? std::stoul(pending_.substr(field + 16)) : 0;
    const std::size_t length = head + 4 + body;
    while (pending_.size() < length && receive_some()) {
    }
    std::string reply = pending_.substr(0, length);
    pending_.erase(0, length);
    if (reply.find("Connection: close\r\n") < head && leaves_when_told_) leave();
    return reply;
  }
  std::string ask(const std::string& path, const std::string& fields = "") {
    send(get(path, fields));
    return receive_reply();
  }
  /// Half a request, so that the server has to wait for finish().
  void begin() { send("GET /small "); }
  std::string finish() {
    send("HTTP/1.1\r\nHost: x\r\n\r\n");
    return receive_reply();
  }
  void leave() { socket_ = descriptor(); }
  /// From now on, does not close when a reply says so.
  void stay() { leaves_when_told_ = false; }
  /// Leaves with a reset instead of an end.
  void abort() {
    const linger at_once{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    leave();
  }

 private:
  int fd() const { return socket_.get(); }

  descriptor socket_;
  std::string pending_;
  bool leaves_when_told_ = true;
};

class server_test : public ::testing::Test {
 protected:
  server_test() {
    namespace fs = std::filesystem;
    std::string name = (fs::temp_directory_path() / "httpd_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category());
    root_ = name;
    std::ofstream(root_ / "small") << "hello";
    std::ofstream(root_ / "large") << large;
    std::ofstream(root_ / "endless").close();
    fs::resize_file(root_ / "endless", 1u << 30);
    fs::create_directories(root_ / "dir");
    std::ofstream(root_ / "dir" / "a<b").close();
    options_.root = root_;
    options_.port = 0;
    options_.limit = 2;
    options_.lobby_limit = 8;
  }
  ~server_test() override {
    if (server_) stop();
    std::filesystem::remove_all(root_);
  }

  void start() {
    server_.emplace(options_);
    thread_ = std::jthread([this] { server_->run(); });
  }
  /// Ends the server as a signal does, and checks that it has put everything back.
  void stop() {
    server_->stop();
    thread_.join();
    EXPECT_EQ(server_->items().connections.stats().out, 0u);
    EXPECT_EQ(server_->items().buffers.stats().out, 0u);
    EXPECT_EQ(server_->items().lobby.stats().out, 0u);
    server_.reset();
  }
  std::unique_ptr<client> connect() { return std::make_unique<client>(server_->address()); }
  pool_stats connections() { return server_->items().connections.stats(); }
  /// Waits for what only time tells.
  template <class F>
  void await(F holds) {
    const auto deadline = clock::now() + 20s;
    while (!holds()) {
      ASSERT_LT(clock::now(), deadline);
      std::this_thread::sleep_for(1ms);
    }
  }

  std::filesystem::path root_;
  server_options options_;
  std::optional<server> server_;
  std::jthread thread_;
};

}  // namespace httpd::test
