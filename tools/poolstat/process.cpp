// SPDX-License-Identifier: BSD-2-Clause
// A running process, seen through process_vm_readv(2) and /proc.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "target.hpp"

namespace poolstat {
namespace {

std::string first_line(const std::string& file) {
  std::ifstream from(file);
  std::string line;
  std::getline(from, line);
  return line;
}

/// A thread that has the process's memory still: its first may have ended before the others.
int living_thread_of(int pid) {
  const std::string first = "/proc/" + std::to_string(pid);
  if (!first_line(first + "/maps").empty()) return pid;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(first + "/task", ignored))
    if (!first_line(entry.path() / "maps").empty()) return std::stoi(entry.path().filename());
  return pid;
}

class process final : public target {
 public:
  explicit process(int pid)
      : pid_(living_thread_of(pid)),
        directory_("/proc/" + std::to_string(pid_) + "/"),
        name_("process " + std::to_string(pid)) {
    if (!std::filesystem::exists(directory_))
      throw trouble(exit_code::no_access, "there is no process " + std::to_string(pid));
    mappings();  // says by an exception if it may not be looked into
  }

  bool read(std::uint64_t address, void* to, std::size_t n) override {
    const iovec here{to, n};
    const iovec there{reinterpret_cast<void*>(address), n};
    const ssize_t done = ::process_vm_readv(pid_, &here, 1, &there, 1, 0);
    if (done == static_cast<ssize_t>(n)) return true;
    if (done < 0 && errno == EPERM) throw may_not();
    if (done < 0 && errno == ESRCH) throw gone();
    return done < 0 && errno == ENOSYS && read_file(address, to, n);
  }

  std::vector<mapping> mappings() override {
    std::ifstream file(directory_ + "maps");
    // Its own link leads to the program even if that is deleted, or has another root.
    std::error_code ignored;
    const std::string program = std::filesystem::read_symlink(directory_ + "exe", ignored);
    std::vector<mapping> all;
    std::string line;
    while (std::getline(file, line)) {
      mapping m{};
      unsigned long inode = 0;
      int path_at = 0;
      char access[5] = {};
      // sscanf: fields of fixed form, made by the kernel
      if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %lu %n", &m.start, &m.end, access,
                      &m.offset, &inode, &path_at) < 5 ||
          inode == 0 || access[0] != 'r')
        continue;
      m.path = line.substr(static_cast<std::size_t>(path_at));
      m.file = directory_ + (m.path == program ? "exe" : "root" + m.path);
      all.push_back(m);
    }
    if (!file.eof() || file.bad()) throw std::filesystem::exists(directory_) ? may_not() : gone();
    return all;
  }

  std::vector<thread> threads() override {
    std::vector<thread> all;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ + "task", ignored)) {
      const std::string task = entry.path();
      thread t{std::atoi(entry.path().filename().c_str()), {}, 0};
      t.name = first_line(task + "/comm");
      all.push_back(t);
    }
    // Who waits may still be on its way to sleep, and is asked again.
    constexpr int tries = 50;
    for (int i = 0; i < tries && !find_stacks(all); ++i) ::usleep(1000);
    return all;
  }

  std::optional<std::uint64_t> steady_ns() override {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>((now.tv_sec + clock_offset()) * 1'000'000'000 + now.tv_nsec);
  }

  std::string name() const override { return name_; }

 private:
  /// Where process_vm_readv() is not to be had.
  bool read_file(std::uint64_t address, void* to, std::size_t n) const {
    const int fd = ::open((directory_ + "mem").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw may_not();
    const ssize_t done = ::pread(fd, to, n, static_cast<off_t>(address));
    ::close(fd);
    return done == static_cast<ssize_t>(n);
  }

  /// Asks for the stack pointers that are not known yet; false: not all are now.
  bool find_stacks(std::vector<thread>& all) const {
    bool are_known = true;
    for (thread& t : all) {
      if (t.stack_pointer != 0) continue;
      const std::string task = directory_ + "task/" + std::to_string(t.id);
      t.stack_pointer = stack_pointer_in(first_line(task + "/syscall"));
      are_known = are_known && t.stack_pointer != 0;
    }
    return are_known;
  }

  /// What /proc/PID/syscall says last but one; 0: the thread runs.
  static std::uint64_t stack_pointer_in(const std::string& call) {
    std::istringstream words(call);
    std::vector<std::string> all;
    for (std::string w; words >> w;) all.push_back(w);
    return all.size() < 3 ? 0 : std::strtoull(all[all.size() - 2].c_str(), nullptr, 16);
  }

  /// By how much its steady clock is ahead of ours, in seconds: a container may have its own.
  std::int64_t clock_offset() const {
    const auto of = [](const std::string& file) {
      std::ifstream lines(file);
      std::string clock;
      std::int64_t seconds = 0, ns = 0;
      while (lines >> clock >> seconds >> ns)
        if (clock == "monotonic") return seconds;
      return std::int64_t{0};
    };
    return of(directory_ + "timens_offsets") - of("/proc/self/timens_offsets");
  }

  trouble gone() const { return {exit_code::no_access, name() + " has ended"}; }
  trouble may_not() const {
    const std::string scope = first_line("/proc/sys/kernel/yama/ptrace_scope");
    return {exit_code::no_access,
            name() +
                ": permission denied.  Reading its memory takes what a debugger takes: the\n"
                "same user, and /proc/sys/kernel/yama/ptrace_scope of 0 (it is " +
                (scope.empty() ? "not there" : scope) +
                "); or the capability CAP_SYS_PTRACE,\nwhich root has (sudo poolstat)."};
  }

  const int pid_;  // of a thread of it
  const std::string directory_;
  const std::string name_;
};

}

std::unique_ptr<target> open_process(int pid) { return std::make_unique<process>(pid); }

}
