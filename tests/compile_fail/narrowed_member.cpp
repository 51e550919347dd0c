// SPDX-License-Identifier: BSD-2-Clause
// Aggregates are made with braces by every compiler: nothing is narrowed.
// expect: makeable|braceable
#include <pool9/object_pool.hpp>

struct point {
  int x, y;
};
pool9::object_pool<point> points;
const auto wrong = points.make(1.5, 2);
