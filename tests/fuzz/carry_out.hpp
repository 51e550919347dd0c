// SPDX-License-Identifier: BSD-2-Clause
// From bytes to what is done, and from what is broken to an end.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n);

namespace pool9::test {

inline constexpr std::size_t most_operations = 400;

/// What the bytes say, before anything is done.
template <class Options, class Operation>
struct plan {
  Options options;
  std::vector<Operation> operations;
};

/// Operations of kinds up to `last`.
template <class Operation, class Options, class Kind>
plan<Options, Operation> read_plan(const Options& o, input rest, Kind last) {
  plan<Options, Operation> p{o, {}};
  while (!rest.is_empty() && p.operations.size() < most_operations) {
    const auto kind = static_cast<Kind>(rest.below(static_cast<std::size_t>(last) + 1));
    p.operations.push_back({kind, rest.number(operation_bytes - 1)});
  }
  return p;
}

/// Has a rig do it.  What is not as it should be is said, with the plan, and ends the process.
template <class Rig, class Options, class Operation>
void carry_out(const plan<Options, Operation>& p) {
  std::optional<Rig> r;
  try {
    r.emplace(p.options);
    for (const Operation& o : p.operations) r->perform(o);
    r->finish();
  } catch (const std::runtime_error& broken) {
    std::ostringstream all;
    all << p.options << '\n';
    for (const Operation& o : p.operations) all << "  " << o << '\n';
    all << broken.what() << '\n';
    std::fputs(all.str().c_str(), stderr);
    std::abort();
  }
}

}  // namespace pool9::test
