// SPDX-License-Identifier: BSD-2-Clause
// Prints, checks and statistics from C.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <pool9/render.hpp>

#include "c_api/handle.hpp"

using namespace pool9;
using namespace pool9::c_api;

namespace {

void print_line(void*, std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

}

size_t pool_report_held(struct ::pool* pp, unsigned seconds) {
  return at(pp, "pool_report_held")
      .items.report_held(print_line, nullptr, std::chrono::seconds(seconds));
}

void pool_print(struct ::pool* pp, const char* modif) {
  const handle& h = at(pp, "pool_print");
  const auto asks_for = [&](char c) {
    return modif != nullptr && std::strchr(modif, c) != nullptr;
  };
  const int parts =
      (asks_for('l') ? int(print_parts::log) : 0) | (asks_for('p') ? int(print_parts::pages) : 0);
  h.items.print(print_line, nullptr, print_parts(parts));
}

int pool_printall(const char* format) {
  const std::string_view name = format != nullptr ? format : "table";
  stats_format f = stats_format::table;
  if (name == "json") {
    f = stats_format::json;
  } else if (name == "openmetrics") {
    f = stats_format::openmetrics;
  } else if (name != "table") {
    return EINVAL;
  }
  return render_all(f, print_line, nullptr) ? 0 : ENOMEM;
}

int pool_chk(struct ::pool* pp, const char* label) {
  const handle& h = at(pp, "pool_chk");
  const std::string_view broken = h.items.check();
  if (broken.empty()) return 0;
  char text[256];
  std::snprintf(
      text, sizeof text,
      "pool_chk: pool '%s': %s: invariant %.*s is broken\n  look at what writes beyond its "
      "memory: the pool's own data lie elsewhere than its items",
      h.items.name().data(), label != nullptr ? label : "", int(broken.size()), broken.data());
  deliver({report_kind::warning, {"pool_chk"}, h.items.name(), text, nullptr});
  return 1;
}

int pool_getstats(struct ::pool* pp, struct pool_stats* st, size_t st_size) {
  const handle& h = at(pp, "pool_getstats");
  if (st == nullptr || st_size == 0) return EINVAL;
  const struct pool_stats now = h.items.stats();
  // A caller built with a newer header finds zeros in what this library does not know.
  std::memset(st, 0, st_size);
  std::memcpy(st, &now, std::min(st_size, sizeof now));
  return 0;
}
