// SPDX-License-Identifier: BSD-2-Clause
// What the system refused to a source with options, and who is told.
#include <pool9/fault.hpp>
#include <pool9/system_memory.hpp>

#include "base/os_memory.hpp"
#include "base/text.hpp"

namespace pool9::inline v1::detail {
namespace {

struct words {
  const char* option;
  const char* call;
  const char* consequence;
  const char* look_at;
};
constexpr const char* slower = "pages are given without";
constexpr const char* none = "no page is given without";
constexpr words about[] = {
    {"huge_pages", "madvise", slower, "/sys/kernel/mm/transparent_hugepage/enabled"},
    {"populate", "madvise", none, "the memory that system and control group have left"},
    {"lock", "mlock2", none, "RLIMIT_MEMLOCK: ulimit -l"},
    {"numa_node", "mbind", slower, "the nodes that there are: numactl --hardware"},
    {"guard_pages", "mprotect", none, "/proc/sys/vm/max_map_count"}};
constexpr unsigned half = 16;

}

void refusals::add(option o, int error) noexcept {
  // relaxed: complete in itself
  last_.store((1 + o) << half | static_cast<std::uint32_t>(error), std::memory_order_relaxed);
  const std::uint32_t this_one = 1u << o;
  if ((told_.fetch_or(this_one, std::memory_order_relaxed) & this_one) != 0) return;
  const words& w = about[o];
  base::text<256> text;
  text.add("system_memory: %s: the system refused %s (%s, %d); %s\n  look at %s", w.option, w.call,
           base::os::error_name(error), error, w.consequence, w.look_at);
  deliver({report_kind::warning, {}, {}, text.view(), nullptr});
}

memory_refusal refusals::last() const noexcept {
  const std::uint32_t last = last_.load(std::memory_order_relaxed);
  if (last == 0) return {};
  const words& w = about[(last >> half) - 1];
  return {w.option, w.call, static_cast<int>(last & ((1u << half) - 1))};
}

}
