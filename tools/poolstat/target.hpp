// SPDX-License-Identifier: BSD-2-Clause
// What is looked into: the memory of a running process, or that which a core file kept.
//
// Nothing here stops the process, writes to it, or waits for it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace poolstat {

/// How the program ends; poolstat(1) lists them.
enum class exit_code { fine = 0, usage = 1, no_access = 2, no_pools = 3, incomplete = 4 };

/// Why it cannot go on.
class trouble : public std::runtime_error {
 public:
  trouble(exit_code c, const std::string& why) : std::runtime_error(why), code(c) {}
  const exit_code code;
};

/// A part of the address space that a file is mapped to.
struct mapping {
  std::uint64_t start, end;
  std::uint64_t offset;  // in the file
  std::string path;      // there
  std::string file;      // the same as it is opened here: another container's paths are not ours
};

struct thread {
  int id;
  std::string name;             // empty: not known
  std::uint64_t stack_pointer;  // 0: it runs, or may not be looked at
};

class target {
 public:
  virtual ~target() = default;
  /// false: not all of it is there.
  virtual bool read(std::uint64_t address, void* to, std::size_t n) = 0;
  /// Mapped files, lowest address first.
  virtual std::vector<mapping> mappings() = 0;
  virtual std::vector<thread> threads() = 0;
  /// The steady clock there; nullopt: it stands still, and nobody noted when.
  virtual std::optional<std::uint64_t> steady_ns() = 0;
  /// For messages.
  virtual std::string name() const = 0;
  /// A file that was mapped, would have to be read, and is not to be had; or nothing.
  virtual std::string missing() const { return {}; }

  template <class T>
  bool read(std::uint64_t address, T& to) {
    return read(address, &to, sizeof to);
  }
  /// A string, cut at a thousand bytes; what cannot be read is "?".
  std::string read_string(std::uint64_t address);
};

/// What the target says without what might confuse a terminal.
std::string printable(std::string text);
/// A descriptor to read that file, which the target may have named, or -1: only a regular file is
/// opened, so that nobody has to wait for whoever writes to a pipe.
int open_file(const std::string& path);

/// Throws trouble if there is no such process, or it may not be looked into.
std::unique_ptr<target> open_process(int pid);
/// `executable` is where the program that `core` is of lies now.
std::unique_ptr<target> open_core(const std::string& core, const std::string& executable);

}
