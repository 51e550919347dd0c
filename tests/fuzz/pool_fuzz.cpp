// SPDX-License-Identifier: BSD-2-Clause
// Any operations on any pool: the bytes of the input are drawn from for the options of a pool and
// for one operation after another, and the models say after each what must have come of it.
//
//   byte 0       which model: with thread caches and three threads, or one thread and no caches,
//                where the model knows every figure
//   1 to 23      the options
//   24 and on    operations, five bytes each: the kind, and what its arguments are drawn from
#include "fuzz/carry_out.hpp"
#include "model/cached_rig.hpp"
#include "model/rig.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace pool9::test;
  input all(bytes, n);
  const bool has_caches = all.byte() % 2 == 0;
  input head = all.first(head_bytes - 1);
  const auto below = [&](std::size_t limit) { return head.below(limit); };
  if (has_caches) {
    carry_out<cached_rig>(read_plan<cached_operation>(cached_beginning{draw_cached_options(below)},
                                                      all, cached_kind::housekeep));
  } else {
    carry_out<rig>(read_plan<operation>(beginning{draw_options(below)}, all, op_kind::housekeep));
  }
  return 0;
}
