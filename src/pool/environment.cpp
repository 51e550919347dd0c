// SPDX-License-Identifier: BSD-2-Clause
#include "pool/environment.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <pool9/fault.hpp>

#include "base/os.hpp"
#include "base/text.hpp"

namespace pool9::inline v1::detail {
namespace {

constexpr const char* variable = "POOL9_OPTIONS";

/// Takes off `text` what stands before the first `separator`, and that.
std::string_view cut(std::string_view& text, char separator) noexcept {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}
std::string_view trimmed(std::string_view s) noexcept {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

/// A number that takes all of `s`.
std::optional<std::uint32_t> number(std::string_view s) noexcept {
  std::uint32_t n = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (error != std::errc{} || end != s.data() + s.size()) return std::nullopt;
  return n;
}
/// A time, in seconds: 30, 30s, 5m, 2h.
std::optional<std::uint32_t> seconds(std::string_view s) noexcept {
  std::uint32_t unit = 1;
  if (!s.empty() && (s.back() == 's' || s.back() == 'm' || s.back() == 'h')) {
    unit = s.back() == 's' ? 1 : s.back() == 'm' ? 60 : 3600;
    s.remove_suffix(1);
  }
  const auto n = number(s);
  if (!n || *n > UINT32_MAX / unit) return std::nullopt;
  return *n * unit;
}
/// A switch: alone, or =1, or =0.
std::optional<bool> on_or_off(std::string_view value, bool has_value) noexcept {
  if (!has_value || value == "1") return true;
  if (value == "0") return false;
  return std::nullopt;
}

template <class T, class To>
bool set(To& field, const std::optional<T>& value) noexcept {
  if (!value) return false;
  field = *value;
  return true;
}

/// One setting; false: it is none.
bool apply(overrides& o, std::string_view setting) noexcept {
  const bool has_value = setting.find('=') != std::string_view::npos;
  const std::string_view key = trimmed(cut(setting, '=')), value = trimmed(setting);
  if (key == "diagnostic") return set(o.diagnostic, on_or_off(value, has_value));
  if (key == "log") return set(o.usage_log, on_or_off(value, has_value));
  if (key == "abort") return set(o.may_abort, on_or_off(value, has_value));
  if (key == "sanitize") return set(o.sanitize, on_or_off(value, has_value));
  if (key == "malloc") return set(o.use_malloc, on_or_off(value, has_value));
  if (key == "quarantine") return set(o.quarantine, number(value));
  if (key == "guard") return set(o.guard_one_in, number(value));
  if (key == "held") return set(o.held_too_long, seconds(value));
  return false;
}

bool any_matches(std::string_view globs, std::string_view name) noexcept {
  while (!globs.empty())
    if (matches(trimmed(cut(globs, ',')), name)) return true;
  return false;
}

template <class Bad>
overrides parse(std::string_view text, std::string_view pool_name, Bad bad) noexcept {
  overrides all;
  while (!text.empty()) {
    const std::string_view clause = trimmed(cut(text, ';'));
    std::string_view names = clause;
    const std::string_view setting = cut(names, ':');
    const bool for_all = clause.find(':') == std::string_view::npos;
    overrides with = all;
    if (clause.empty()) continue;
    if (!apply(with, setting) || (!for_all && trimmed(names).empty())) {
      bad(clause);
    } else if (for_all || any_matches(names, pool_name)) {
      all = with;
    }
  }
  return all;
}

}

overrides from_environment(std::string_view pool_name) noexcept {
  return parse(base::os::environment(variable), pool_name, [](std::string_view) {});
}

void check_environment() noexcept {
  static constinit std::atomic<bool> checked{false};
  const std::string_view text = base::os::environment(variable);
  if (text.empty() || checked.exchange(true, std::memory_order_relaxed)) return;
  parse(text, {}, [](std::string_view clause) {
    constexpr std::size_t most = 80;  // of what may be of any length
    base::text<512> message;
    message.add(
        "%s: '%.*s%s' means nothing and is ignored; settings are diagnostic, log, "
        "quarantine=ITEMS, "
        "held=TIME, guard=REFILLS, malloc, sanitize=0, abort=0, each with :POOL,POOL... or for all "
        "pools\n  look at docs/MISUSE.md, section POOL9_OPTIONS",
        variable, static_cast<int>(std::min(clause.size(), most)), clause.data(),
        clause.size() > most ? "..." : "");
    deliver({report_kind::warning, {.function = variable}, {}, message.view(), nullptr});
  });
}

}
