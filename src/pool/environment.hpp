// SPDX-License-Identifier: BSD-2-Clause
// POOL9_OPTIONS: diagnostics for a program as it is, by its environment.  docs/MISUSE.md has the
// grammar.
//
// Nothing is kept: each birth of a pool reads the variable again, which costs less than what it
// would have to guard.  A program that runs with the rights of another user is not told anything.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pool9::inline v1::detail {

/// What the environment asks for, for one pool.
struct overrides {
  bool diagnostic = false;
  bool usage_log = false;
  bool may_abort = true;
  bool sanitize = true;
  bool use_malloc = false;
  std::optional<std::uint32_t> quarantine;
  std::optional<std::uint32_t> guard_one_in;
  std::optional<std::uint32_t> held_too_long;  // seconds
};

/// For the pool of that name.
overrides from_environment(std::string_view pool_name) noexcept;
/// Warns of what means nothing there, once in the life of the process.  No lock.
void check_environment() noexcept;

/// Whether `name` is what `glob` stands for: * is any characters, ? is any one.
constexpr bool matches(std::string_view glob, std::string_view name) noexcept {
  std::size_t g = 0, n = 0, star = std::string_view::npos, behind = 0;
  while (n < name.size()) {
    if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n]) && glob[g] != '*') {
      ++g, ++n;
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++;
      behind = n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++behind;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}
