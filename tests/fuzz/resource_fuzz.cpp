// SPDX-License-Identifier: BSD-2-Clause
// Any operations on any two resources and on containers over them.
//
//   byte 0       for all threads, or for one
//   1 to 23      where their memory comes from, and their options
//   24 and on    operations, five bytes each: the kind, and what its arguments are drawn from
#include "fuzz/resource_rig.hpp"

#include "fuzz/carry_out.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace pool9::test;
  input all(bytes, n);
  const bool is_for_all = all.byte() % 2 == 0;
  input head = all.first(head_bytes - 1);
  const auto p = read_plan<resource_operation>(
      draw_resource_options([&](std::size_t limit) { return head.below(limit); }), all,
      resource_kind::housekeep);
  if (is_for_all) {
    carry_out<resource_rig<pool9::pool_resource>>(p);
  } else {
    carry_out<resource_rig<pool9::unsynchronized_pool_resource>>(p);
  }
  return 0;
}
