// SPDX-License-Identifier: BSD-2-Clause
// Statistics of pools as text: for people, for programs, for monitoring.  docs/STATS.md tells what
// each figure means.
#pragma once
#include <pool9/stats.h>

#include <span>
#include <string_view>

namespace pool9 {
using ::pool_stats;
inline namespace [[gnu::visibility("default")]] v1 {

enum class stats_format {
  table,       ///< a line for each pool under a heading; "-": unlimited
  json,        ///< one object, {"pools": [...]}, all fields by their names; null: unlimited
  openmetrics  ///< OpenMetrics, which Prometheus's text format is as well; +Inf: unlimited
};

/// Calls line(context, text) for every line of `pools` in that format, without its line feed.
/// Allocates nothing, and calls no pool; whatever a name holds, the text is well-formed UTF-8.
/// Thread-safe.
[[gnu::visibility("default")]] void render(stats_format f, std::span<const pool_stats> pools,
                                           void (*line)(void* context, std::string_view text),
                                           void* context) noexcept;
/// The same for every pool of the process that has been used, on copies; `line` is called with no
/// lock held.  Returns false, having called nothing, if there is no memory for the copies, which
/// come from the library's own.  Thread-safe.
[[nodiscard, gnu::visibility("default")]] bool render_all(
    stats_format f, void (*line)(void* context, std::string_view text), void* context) noexcept;

}  // namespace v1
}  // namespace pool9
