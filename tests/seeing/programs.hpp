// SPDX-License-Identifier: BSD-2-Clause
// Running other programs in a test: what they print, and how they end.
#pragma once
#include <fcntl.h>
#include <regex.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace pool9::test {

/// A file that lies beside the sources of these tests.
inline std::string beside(const std::string& name) { return POOL9_SEEING_DIRECTORY "/" + name; }

/// Whether some part of `text` matches, which may be of several lines (POSIX, extended).
inline bool matches(const std::string& text, const std::string& expression) {
  regex_t compiled;
  if (::regcomp(&compiled, expression.c_str(), REG_EXTENDED | REG_NOSUB) != 0) std::abort();
  const bool found = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

struct program_end {
  int status = -1;   // -1: did not run, or died of a signal
  std::string text;  // standard output and standard error together
};

/// A program that runs; its output comes through a pipe.
class program {
 public:
  explicit program(std::vector<std::string> words, int input = -1) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (input >= 0) posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    if (::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  ~program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  pid_t pid() const { return pid_; }
  /// Reads on until the output so far ends with `end`, or until its end.
  std::string read_until(const std::string& end) {
    std::string text;
    for (char c = 0; !text.ends_with(end) && ::read(output_, &c, 1) == 1;) text += c;
    return text;
  }
  /// Reads the rest, and waits for its end.
  program_end wait() {
    program_end e;
    char some[4096];
    for (ssize_t n = 0; (n = ::read(output_, some, sizeof some)) > 0;)
      e.text.append(some, static_cast<std::size_t>(n));
    int status = 0;
    if (pid_ > 0 && ::waitpid(pid_, &status, 0) == pid_ && WIFEXITED(status))
      e.status = WEXITSTATUS(status);
    pid_ = -1;
    return e;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// Runs a program to its end, with `input` as its standard input.
inline program_end run(std::vector<std::string> words, const std::string& input = {}) {
  std::FILE* const file = std::tmpfile();
  std::fwrite(input.data(), 1, input.size(), file);
  std::fflush(file);
  std::rewind(file);
  program_end end = program(std::move(words), ::fileno(file)).wait();
  std::fclose(file);
  return end;
}

inline bool is_installed(const std::string& name) {
  return run({"sh", "-c", "command -v " + name}).status == 0;
}

}  // namespace pool9::test
