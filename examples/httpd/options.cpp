// SPDX-License-Identifier: BSD-2-Clause
#include "options.hpp"

#include <CLI/CLI.hpp>

namespace httpd {
namespace {

// How many clients may wait for each one that is served.
constexpr std::size_t waiting_per_connection = 16;
constexpr std::size_t most_connections = 1'000'000;

}  // namespace

std::optional<server_options> parse_command_line(int argc, char** argv, int& exit_status) {
  server_options o;
  unsigned report_seconds = 0;
  o.lobby_limit = 0;
  CLI::App app("A static file server whose connections and buffers come from pools.", "httpd");
  app.option_defaults()->always_capture_default();
  app.add_option("--root", o.root, "directory to serve")->check(CLI::ExistingDirectory);
  app.add_option("--address", o.address, "address to listen on");
  app.add_option("--port", o.port, "port to listen on; 0: any that is free");
  app.add_option("--limit", o.limit, "connections served at a time")
      ->check(CLI::Range(std::size_t{1}, most_connections));
  app.add_option("--lobby", o.lobby_limit, "connections that may wait; 0: 16 times the limit")
      ->check(CLI::Range(std::size_t{0}, waiting_per_connection * most_connections));
  app.add_option("--threads", o.threads, "threads that serve")->check(CLI::Range(1, 256));
  app.add_option("--report", report_seconds, "seconds between reports; 0: none");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    exit_status = app.exit(e);
    return std::nullopt;
  }
  if (o.lobby_limit == 0) o.lobby_limit = waiting_per_connection * o.limit;
  o.report_every = std::chrono::seconds(report_seconds);
  return o;
}

}  // namespace httpd
