// SPDX-License-Identifier: BSD-2-Clause
// A worker's life: it says that it is ready, and then takes a turn whenever it is told to.
//
// Each line that it reads is a number of operations; each line that it writes holds the figures of
// a turn with so many.
#pragma once
#include <iostream>
#include <stdexcept>

#include "contender.hpp"
#include "pin.hpp"
#include "workloads/batch.hpp"
#include "workloads/containers.hpp"
#include "workloads/latency.hpp"
#include "workloads/machine.hpp"
#include "workloads/many.hpp"
#include "workloads/pair.hpp"
#include "workloads/pipe.hpp"
#include "workloads/shared.hpp"
#include "workloads/short_threads.hpp"

namespace peers {

template <class Workload>
void take_turns(const options& o, std::string (*version)()) {
  Workload turn(o);
  if (o.is_first) go_first();  // now, and not while a library settles in
  std::cout << "ready " << version() << std::endl;
  for (std::size_t n; std::cin >> n;) {
    for (const double value : turn(n)) std::cout << value << ' ';
    std::cout << std::endl;
  }
}

/// What `C` is a version of; to be asked for when there is a contender.
template <class C>
std::string version_of() {
  return C::version();
}

template <class C>
struct choice {
  const char* workload;
  void (*take_turns)(const options&, std::string (*version)());
};

template <contender C>
std::vector<choice<C>> workloads_of() {
  std::vector<choice<C>> all = {
      {"W1", take_turns<pair<C>>},
      {"W1roll", take_turns<rolling<C>>},
      {"W2lifo", take_turns<batches_in<C, order::lifo>>},
      {"W2fifo", take_turns<batches_in<C, order::fifo>>},
      {"W2random", take_turns<batches_in<C, order::random>>},
      {"W3", take_turns<many<C>>},
      {"W8W2", take_turns<latency_in_batches<C>>},
  };
  if constexpr (has_allocator<C>) {
    all.push_back({"W9map", take_turns<map_of_ints<C>>});
    all.push_back({"W9list", take_turns<list_of_ints<C>>});
  }
  if constexpr (C::thread_safe) {
    all.push_back({"W4pair", take_turns<shared_pairs<C>>});
    all.push_back({"W4batch", take_turns<shared_batches<C>>});
    all.push_back({"W5oneway", take_turns<one_way<C>>});
    all.push_back({"W5twoway", take_turns<two_way<C>>});
    all.push_back({"W7", take_turns<short_threads<C>>});
    all.push_back({"W8W5", take_turns<latency_in_pipe<C>>});
    all.push_back({"limit", take_turns<pairs_at_limit<C>>});
    all.push_back({"machine", take_turns<machine>});
  }
  return all;
}

/// Serves until there are no more lines.
template <contender C>
void serve(const options& o) {
  for (const choice<C>& c : workloads_of<C>())
    if (o.workload == c.workload) return c.take_turns(o, version_of<C>);
  throw std::invalid_argument(o.contender + " cannot do " + o.workload);
}

}
