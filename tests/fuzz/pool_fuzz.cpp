// SPDX-License-Identifier: BSD-2-Clause
// Any operations on any pool: the bytes of the input are drawn from for the options of a pool and
// for one operation after another, and the models say after each what must have come of it.
//
//   byte 0       which model: with thread caches and three threads, or one thread and no caches,
//                where the model knows every figure
//   1 to 23      the options
//   24 and on    operations, five bytes each: the kind, and what its arguments are drawn from
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "fuzz/input.hpp"
#include "model/cached_rig.hpp"
#include "model/rig.hpp"

namespace pool9::test {
namespace {

constexpr std::size_t most_operations = 400;

/// What the bytes say, before anything is done.
template <class Operation>
struct plan {
  pool_options options;
  std::vector<Operation> operations;
};
template <class Operation>
std::ostream& operator<<(std::ostream& out, const plan<Operation>& p) {
  print(out, p.options) << '\n';
  for (const Operation& o : p.operations) out << "  " << o << '\n';
  return out;
}

template <class Operation, class Kind, class Draw>
plan<Operation> read_plan(input head, input rest, Kind last, Draw draw) {
  plan<Operation> p{draw([&](std::size_t n) { return head.below(n); }), {}};
  while (!rest.is_empty() && p.operations.size() < most_operations) {
    const auto kind = static_cast<Kind>(rest.below(static_cast<std::size_t>(last) + 1));
    p.operations.push_back({kind, rest.number(operation_bytes - 1)});
  }
  return p;
}

template <class Rig, class Operation>
void carry_out(const plan<Operation>& p) {
  try {
    Rig r(p.options);
    for (const Operation& o : p.operations) r.perform(o);
    r.finish();
  } catch (const std::runtime_error& broken) {
    std::ostringstream all;
    all << p << broken.what() << '\n';
    std::fputs(all.str().c_str(), stderr);
    std::abort();
  }
}

}  // namespace
}  // namespace pool9::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace pool9::test;
  input all(bytes, n);
  const bool has_caches = all.byte() % 2 == 0;
  const input head = all.first(head_bytes - 1), rest = all;
  if (has_caches) {
    carry_out<cached_rig>(
        read_plan<cached_operation>(head, rest, cached_kind::housekeep,
                                    [](const auto& below) { return draw_cached_options(below); }));
  } else {
    carry_out<rig>(read_plan<operation>(head, rest, op_kind::housekeep,
                                        [](const auto& below) { return draw_options(below); }));
  }
  return 0;
}
