// SPDX-License-Identifier: BSD-2-Clause
// The server: its threads, its clock, and how it stops.
#pragma once
#include <asio/signal_set.hpp>
#include <optional>
#include <string>

#include "house.hpp"
#include "lobby.hpp"
#include "report.hpp"

namespace httpd {

struct server_options {
  std::string root = ".";
  std::string address = "127.0.0.1";
  unsigned short port = 8080;          ///< 0: any that is free
  std::size_t limit = 100;             ///< connections served at a time
  std::size_t lobby_limit = 16 * 100;  ///< connections accepted that wait
  unsigned threads = 2;
  std::chrono::seconds report_every{0};  ///< 0: no reports
  patience limits = {};
  pool9::page_source* source = nullptr;  ///< of all pools; nullptr: the system's
};

class server {
 public:
  /// Listens.  Throws: std::system_error, std::bad_alloc.
  explicit server(const server_options& options);

  [[nodiscard]] tcp::endpoint address() const { return lobby_.address(); }
  [[nodiscard]] const std::string& root() const noexcept { return files_.root(); }
  /// Serves until stop() or SIGINT or SIGTERM, and returns when the last client is served; a second
  /// signal, or patience::stop, cuts whoever is left.
  void run();
  /// Thread-safe.
  void stop();

  [[nodiscard]] const counters& count() const noexcept { return house_.count; }
  [[nodiscard]] pools& items() noexcept { return items_; }

 private:
  using timer = asio::basic_waitable_timer<clock, asio::wait_traits<clock>, strand>;
  using signals = asio::basic_signal_set<strand>;

  // On the strand.
  asio::awaitable<void> obey_signals();
  asio::awaitable<void> report();
  /// Returns when everybody has left after begin_stop().
  asio::awaitable<void> watch_clients();
  void begin_stop();
  void inspect_present() noexcept;
  bool anybody_left() const noexcept;

  const server_options options_;
  const file_tree files_;
  pools items_;  // outlives the context, whose pending handlers may own items
  asio::io_context context_;
  strand desk_;
  house house_;
  lobby lobby_;
  signals signals_;
  timer round_;
  timer report_timer_;
  reporter reporter_;
  clock::time_point cut_at_ = clock::time_point::max();
};

}  // namespace httpd
