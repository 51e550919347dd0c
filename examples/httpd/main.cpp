// SPDX-License-Identifier: BSD-2-Clause
// A static file server: `httpd --root DIRECTORY`.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>

#include "descriptor_limit.hpp"
#include "options.hpp"

namespace {

/// Makes the lobby as small as the limit of descriptors demands.  Returns false if not even the
/// connections fit.
bool fit_descriptors(httpd::server_options& o) {
  constexpr std::size_t others = 32;  // standard streams, the listener, the event queue
  const std::size_t served = 2 * o.limit + others;  // a socket and a file each
  const std::size_t have = httpd::raise_descriptor_limit(served + o.lobby_limit);
  if (have <= served) {
    std::fprintf(stderr, "httpd: %zu open files are allowed, --limit %zu needs %zu\n", have,
                 o.limit, served + 1);
    return false;
  }
  if (have < served + o.lobby_limit) {
    o.lobby_limit = have - served;
    std::fprintf(stderr, "httpd: %zu open files are allowed: only %zu clients may wait\n", have,
                 o.lobby_limit);
  }
  return true;
}

/// The last line, for scripts: figures of the connection pool, and what is not back in any pool.
/// Returns the latter.
std::uint64_t print_summary(httpd::server& server) {
  const httpd::counters& count = server.count();
  const pool_stats s = server.items().connections.stats();
  const std::uint64_t left =
      s.out + server.items().buffers.stats().out + server.items().lobby.stats().out;
  std::printf("\nsummary: requests=%" PRIu64 " errors=%" PRIu64 " gone=%" PRIu64
              " longest_wait_ms=%.1f limit=%" PRIu64 " peak_out=%" PRIu64 " fails=%" PRIu64
              " waits=%" PRIu64 " left_out=%" PRIu64 "\n",
              count.requests.load(), count.errors.load(), count.gone.load(),
              static_cast<double>(count.longest_wait_ns) / 1e6, s.hard_limit, s.peak_out, s.fails,
              s.waits, left);
  return left;
}

int serve(const httpd::server_options& o) {
  httpd::server server(o);
  std::ostringstream where;
  where << server.address();
  std::printf("httpd: serving %s at http://%s/ (limit %zu, lobby %zu, threads %u)\n",
              server.root().c_str(), where.str().c_str(), o.limit, o.lobby_limit, o.threads);
  std::fflush(stdout);
  server.run();
  if (o.report_every.count() != 0) {
    std::printf("\nhttpd: stopped\n");
    httpd::print_pools();
  }
  return print_summary(server) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    int exit_status = EXIT_SUCCESS;
    auto options = httpd::parse_command_line(argc, argv, exit_status);
    if (!options) return exit_status;
    if (!fit_descriptors(*options)) return EXIT_FAILURE;
    return serve(*options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "httpd: %s\n", e.what());
    return EXIT_FAILURE;
  }
}
