// SPDX-License-Identifier: BSD-2-Clause
// A server that stays within its memory: as many requests as there are items, and no more.
#include <chrono>
#include <cstdio>
#include <pool9/object_pool.hpp>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

struct request {
  char buffer[16 * 1024] = {};
};
constinit pool9::object_pool<request> requests{{.name = "requests", .hard_limit = 8}};

/// Waits its turn for as long as a client would; then says that it is busy.
std::string_view serve() {
  auto r = requests.try_make_for(20ms);
  if (!r) return "503 Service Unavailable";
  std::this_thread::sleep_for(5ms);  // work
  return "200 OK";
}

}

int main() {
  if (!requests.items().prime(2)) return 1;  // two at a time, whatever happens to the system
  std::vector<std::thread> clients;
  for (int i = 0; i < 64; ++i) clients.emplace_back([] { static_cast<void>(serve()); });
  for (std::thread& c : clients) c.join();

  const pool_stats s = requests.items().stats();
  std::printf("at most %d at a time, %d waited, %d were refused\n", static_cast<int>(s.peak_out),
              static_cast<int>(s.waits), static_cast<int>(s.timeouts));
  return s.peak_out <= 8 ? 0 : 1;
}
