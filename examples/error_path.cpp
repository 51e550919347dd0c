// SPDX-License-Identifier: BSD-2-Clause
// A reserve for the error path: what must work when nothing else does has a pool of its own.
#include <cstdio>
#include <pool9/object_pool.hpp>
#include <utility>
#include <vector>

struct order {
  char text[2000] = {};
};
struct incident {
  char what[200] = {};
};

int main() {
  pool9::object_pool<order> orders{{.name = "orders", .hard_limit = 1000}};
  // Its memory is taken here, and nobody else can have it.
  pool9::object_pool<incident> incidents{{.name = "incidents", .reserve = 8, .hard_limit = 8}};

  std::vector<pool9::pooled_ptr<order>> busy;
  while (auto o = orders.try_make()) busy.push_back(std::move(o));

  auto report = incidents.try_make();  // works, however bad things are
  if (!report) return 1;
  std::snprintf(report->what, sizeof report->what, "%zu orders, no more", busy.size());
  std::puts(report->what);
}
