// SPDX-License-Identifier: BSD-2-Clause
// What a scenario needs of the machine: a process of its own, what is resident, who used how much
// of the processor.
#pragma once
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace pool9::bench {

using steady = std::chrono::steady_clock;

/// Runs `f`, which returns figures, in a child; start() them all, then read() each.
class child {
 public:
  template <class F>
  static child start(F f) {
    child c;
    int ends[2];
    if (pipe(ends) != 0) return c;
    c.id_ = fork();
    if (c.id_ == 0) {
      const std::vector<double> figures = f();
      const auto bytes = figures.size() * sizeof(double);
      const bool told = write(ends[1], figures.data(), bytes) == static_cast<ssize_t>(bytes);
      _exit(told ? 0 : 1);
    }
    close(ends[1]);
    c.end_ = ends[0];
    return c;
  }
  /// The figures; none where the child could not do it.
  std::vector<double> read() {
    std::vector<double> figures(PIPE_BUF / sizeof(double));  // which are written at once
    const ssize_t n = ::read(end_, figures.data(), figures.size() * sizeof(double));
    close(end_);
    waitpid(id_, nullptr, 0);
    figures.resize(n > 0 ? static_cast<std::size_t>(n) / sizeof(double) : 0);
    return figures;
  }

 private:
  pid_t id_ = -1;
  int end_ = -1;
};

inline std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Nanoseconds that the calling thread was on a processor.
inline double thread_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// Memory that a virtual machine never used costs it ten times as much when it first does, whoever
/// that is: so somebody else is first.
inline void use_memory(std::size_t bytes) {
  child::start([=] {
    constexpr std::size_t step = 4096;
    auto* const p = static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (p == MAP_FAILED) return std::vector<double>();
    madvise(p, bytes, MADV_HUGEPAGE);
    for (std::size_t i = 0; i < bytes; i += step) p[i] = 1;
    return std::vector<double>{1};
  }).read();
}

/// Nanoseconds that the threads of that name were on a processor, by the scheduler's own account.
inline double thread_cpu_ns(const std::string& name) {
  double sum = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(task.path() / "comm") >> std::ws, comm);
    double ns = 0;
    if (comm == name && std::ifstream(task.path() / "schedstat") >> ns) sum += ns;
  }
  return sum;
}

inline void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}
