/* SPDX-License-Identifier: BSD-2-Clause */
/* One snapshot for C and C++. Fields are only ever added at the end; the caller passes sizeof. */
#ifndef POOL9_STATS_H
#define POOL9_STATS_H
#include <stddef.h>
#include <stdint.h>

struct pool_stats {
  char name[32];                         /* copied, cut at 31 bytes; not unique: `id` is */
  uint64_t id;                           /* never reused in a process */
  uint64_t item_size, stride, page_size; /* bytes */
  /* now, items */
  uint64_t out, cached, free, total;                           /* total = out + cached + free */
  uint64_t reserve, low_watermark, high_watermark, hard_limit; /* UINT64_MAX: unlimited */
  uint64_t waiters, oldest_wait_ns; /* who waits now, and for how long the first has */
  uint64_t pages, idle_pages, resident_bytes;
  uint64_t tight; /* 0 calm; else bits POOL_TIGHT_*: why */
  /* since birth, monotonic */
  uint64_t gets, puts, fails, waits, timeouts, cancels, limit_hits, source_fails;
  uint64_t pages_requested, pages_released, recalls, refills, flushes;
  /* the most that was seen out: at visits to the pool and when this is read */
  uint64_t peak_out, peak_out_time_ns, last_growth_time_ns; /* CLOCK_REALTIME */
  uint64_t wait_ns_total, wait_histogram[32];               /* bucket i: < 2^i microseconds */
  uint64_t peak_pages; /* most pages at a time: vmstat's Hiwat */
};
#define POOL_TIGHT_WAITERS 1u
#define POOL_TIGHT_LIMIT 2u
#define POOL_TIGHT_HIGHWAT 4u
#define POOL_TIGHT_DIAGNOSTIC 8u
#define POOL_TIGHT_MEMORY 16u /* a get found neither an item nor memory, and few came since */
#endif
