// SPDX-License-Identifier: BSD-2-Clause
// G5 in a real control group with a real limit: a burst of 2 GiB, put again, outlives a limit of
// 1 GiB.  It needs version 2 with the memory controller, in a group that may be created.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "base/os_cgroup.hpp"
#include "base/pressure.hpp"
#include "pools.hpp"
#include "stress/sanitized.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t mib = 1u << 20, item_size = 4096, n_items = 2048 * mib / item_size;
constexpr std::size_t reserve = 64 * mib / item_size;

std::string content_of(const std::string& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}
bool write_to(const std::string& name, const std::string& text) {
  std::ofstream file(name);
  return static_cast<bool>(file << text << std::flush);
}

/// A group of its own, beside or below the one that the test runs in; empty when it goes.
class group {
 public:
  group() {
    base::os::path own;
    if (!base::os::find_cgroup("/proc/self/cgroup", "/proc/self/mountinfo", own)) {
      why_not_ = "no control group of version 2";
      return;
    }
    why_not_ = "no group here has memory among its cgroup.subtree_control";
    for (std::string at(own.view()); !at.empty(); at.resize(at.rfind('/'))) {
      if (content_of(at + "/cgroup.subtree_control").find("memory") == std::string::npos) continue;
      name_ = at + "/pool9-test-" + std::to_string(getpid());
      if (mkdir(name_.c_str(), 0755) == 0) {
        why_not_.clear();
        return;
      }
      why_not_ = "may not make " + name_ + ": " + std::strerror(errno);
    }
  }
  ~group() {
    if (why_not_.empty()) rmdir(name_.c_str());
  }
  group(const group&) = delete;
  group& operator=(const group&) = delete;

  const std::string& why_not() const { return why_not_; }
  bool enter() const { return write_to(name_ + "/cgroup.procs", std::to_string(getpid())); }
  bool set(const char* file, std::size_t n) const {
    return write_to(name_ + "/" + file, std::to_string(n));
  }
  std::size_t current() const { return std::stoull(content_of(name_ + "/memory.current")); }

 private:
  std::string name_, why_not_;
};

/// Says how far a child came, where GoogleTest is not to be used.
bool holds(bool claim, const char* what) {
  if (!claim) std::fprintf(stderr, "in the child: %s\n", what);
  return claim;
}
#define POOL9_HOLDS(claim) holds((claim), #claim)

bool outlives_the_limit(const group& g) {
  base::pressure::look_at({});  // the machine itself
  pool p({.name = "burst", .item_size = item_size, .reserve = reserve, .idle_time = 1h});
  {
    std::vector<void*> items = get_n(p, n_items);
    for (void* item : items) std::memset(item, 1, item_size);
    put_all(p, items);
  }
  if (!POOL9_HOLDS(g.current() > 2000 * mib) || !POOL9_HOLDS(g.set("memory.high", 1024 * mib)))
    return false;

  // The program goes on, and needs some more.
  const auto start = std::chrono::steady_clock::now();
  std::vector<char> more(256 * mib);
  const auto took = std::chrono::steady_clock::now() - start;

  std::vector<void*> items = get_n(p, reserve);
  const bool fits = run_until([&] { return g.current() < 1024 * mib; }, 10s);
  std::fprintf(stderr, "256 MiB more took %lld ms; the group has %zu MiB, the pool %zu pages\n",
               static_cast<long long>(took / 1ms), g.current() / mib,
               static_cast<std::size_t>(p.stats().pages));
  return POOL9_HOLDS(fits) && POOL9_HOLDS(p.stats().pages_released > 0) &&
         POOL9_HOLDS(items.size() == reserve) && POOL9_HOLDS(g.set("memory.max", 1024 * mib)) &&
         (put_all(p, items), p.check().empty());
}

TEST(ControlGroup, BurstThatIsIdleOutlivesALimitOfHalfOfItAndTheReserveStays) {
  if (sanitized) GTEST_SKIP() << "too much memory under a sanitizer";
  constexpr auto needed = static_cast<long>(3072 * mib / 4096);
  if (sysconf(_SC_AVPHYS_PAGES) < needed) GTEST_SKIP() << "less than 3 GiB of memory are free";
  const group g;
  if (!g.why_not().empty()) GTEST_SKIP() << g.why_not();
  const pid_t child = fork();
  if (child == 0) {
    alarm(50);
    _exit(!g.enter() ? 77 : outlives_the_limit(g) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not enter a new group";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pool9::test
