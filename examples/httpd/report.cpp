// SPDX-License-Identifier: BSD-2-Clause
#include "report.hpp"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>

namespace httpd {
namespace {

/// A number of items as whole pages; 0 while the pool has none.
std::uint64_t as_pages(const pool_stats& s, std::uint64_t items) noexcept {
  const std::uint64_t per_page = s.pages != 0 ? s.total / s.pages : 0;
  return per_page != 0 ? items / per_page + (items % per_page != 0) : 0;
}

struct number_text {
  char text[24];
};
number_text or_inf(std::uint64_t number, bool unlimited) noexcept {
  number_text t;
  if (unlimited)
    std::snprintf(t.text, sizeof t.text, "inf");
  else
    std::snprintf(t.text, sizeof t.text, "%" PRIu64, number);
  return t;
}

struct totals {
  std::uint64_t in_use = 0;
  std::uint64_t allocated = 0;
};

void print_row(void* context, const pool_stats& s) {
  auto& sum = *static_cast<totals*>(context);
  sum.in_use += s.out * s.item_size;
  sum.allocated += s.pages * s.page_size;
  const std::uint64_t floor = s.reserve > s.low_watermark ? s.reserve : s.low_watermark;
  const bool no_high_watermark = s.high_watermark == UINT64_MAX;
  std::printf("%-11.11s%5" PRIu64 "%9" PRIu64 "%5" PRIu64 "%9" PRIu64 "%6" PRIu64 "%6" PRIu64
              "%6" PRIu64 "%6" PRIu64 "%6" PRIu64 "%6s%5" PRIu64 "%6" PRIu64 "%6s%8" PRIu64
              "%8" PRIu64 "\n",
              s.name, s.item_size, s.gets, s.fails, s.puts, s.pages_requested, s.pages_released,
              s.pages, s.peak_pages, as_pages(s, floor),
              or_inf(as_pages(s, s.high_watermark), no_high_watermark).text, s.idle_pages, s.out,
              or_inf(s.hard_limit, s.hard_limit == UINT64_MAX).text, s.waiters, s.waits);
}

}  // namespace

std::uint64_t resident_bytes() noexcept {
  std::FILE* const f = std::fopen("/proc/self/statm", "r");
  if (f == nullptr) return 0;
  std::uint64_t pages = 0;
  if (std::fscanf(f, "%*u %" SCNu64, &pages) != 1) pages = 0;
  std::fclose(f);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void print_pools() {
  std::printf("%-11s%5s%9s%5s%9s%6s%6s%6s%6s%6s%6s%5s%6s%6s%8s%8s\n", "Name", "Size", "Requests",
              "Fail", "Releases", "Pgreq", "Pgrel", "Npage", "Hiwat", "Minpg", "Maxpg", "Idle",
              "Out", "Limit", "Waiters", "Waits");
  totals sum;
  pool9::for_each_pool(print_row, &sum);
  const double percent = sum.allocated != 0 ? 100.0 * static_cast<double>(sum.in_use) /
                                                  static_cast<double>(sum.allocated)
                                            : 0;
  std::printf("In use %" PRIu64 "K, total allocated %" PRIu64 "K; utilization %.1f%%\n",
              sum.in_use / 1024, sum.allocated / 1024, percent);
}

void reporter::print() {
  const auto now = clock::now();
  const std::uint64_t requests = house_.count.requests;
  const double seconds = std::chrono::duration<double>(now - last_).count();
  std::printf("\n%.0f s: %.0f requests/s, %" PRIu64 " errors, %" PRIu64
              " connections waiting, resident %.2f MiB\n",
              std::chrono::duration<double>(now - born_).count(),
              static_cast<double>(requests - last_requests_) / seconds, house_.count.errors.load(),
              house_.waiting(), static_cast<double>(resident_bytes()) / (1024 * 1024));
  print_pools();
  std::fflush(stdout);
  last_ = now;
  last_requests_ = requests;
}

}  // namespace httpd
