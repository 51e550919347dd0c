// SPDX-License-Identifier: BSD-2-Clause
// The system calls about memory that the library makes, seen and refused.
//
// This program is linked so that mmap, munmap, madvise, mprotect and syscall come here first, from
// the library and the tests alike; the library knows nothing of it.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace pool9::test {

/// What madvise and the calls behind syscall() are told, by the system's numbers.
namespace sys {
inline constexpr int dont_need = 4, huge_page = 14, no_huge_page = 15, cold = 20,
                     populate_write = 23, dont_need_locked = 24, guard_install = 102;
}

struct system_call {
  std::string name;   ///< mmap, munmap, madvise, mprotect, process_madvise, mlock2, mbind
  void* start;        ///< of process_madvise: of its first run
  std::size_t bytes;  ///< of process_madvise: of all runs
  int advice;         ///< of mbind: the mode; of mlock2: the flags; of mprotect: the protection
  std::size_t n_runs;
  unsigned long node_mask;  ///< of mbind: its first word
  bool is_refused = false;
};

/// Sees all calls while it lives.
class call_log {
 public:
  /// Says what becomes of a call: 0 to make it, an errno to refuse it with; of process_madvise, -n
  /// to make it for its first n runs only.
  using rule = std::function<int(const system_call&)>;

  explicit call_log(rule r = {});
  ~call_log();
  call_log(const call_log&) = delete;
  call_log& operator=(const call_log&) = delete;

  /// Those made since the last call of this.
  std::vector<system_call> take();
  /// How many of those were of that name, and advice unless it is 0.
  std::size_t count(const std::string& name, int advice = 0);
  /// Bytes mapped less those unmapped.
  std::size_t n_mapped();
  int n_refused() const { return n_refused_; }

  /// For the seam.
  int add(const system_call& c);

 private:
  rule rule_;
  std::vector<system_call> calls_;
  int n_refused_ = 0;
};

/// A rule that refuses the n-th call of that name (and advice, unless it is 0), counted from 1, and
/// all later ones.
call_log::rule refuse_from(int n, std::string name, int advice, int error);

}  // namespace pool9::test
