// SPDX-License-Identifier: BSD-2-Clause
// Any operations on any pool of objects.
//
//   byte 0       for all threads, or for one; and which objects
//   1 to 23      the options
//   24 and on    operations, five bytes each: the kind, and what its arguments are drawn from
#include "fuzz/carry_out.hpp"
#include "fuzz/typed_rig.hpp"

namespace pool9::test {
namespace {

template <class Pool>
void carry_out_with(std::size_t which, const plan<typed_beginning, typed_operation>& p) {
  switch (which) {
    case 0:
      return carry_out<typed_rig<Pool, 8, 8>>(p);
    case 1:
      return carry_out<typed_rig<Pool, 200, 64>>(p);
    default:
      return carry_out<typed_rig<Pool, 3000, 512>>(p);
  }
}

}  // namespace
}  // namespace pool9::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace pool9::test;
  input all(bytes, n);
  const std::size_t which = all.byte();
  input head = all.first(head_bytes - 1);
  const auto p = read_plan<typed_operation>(
      draw_typed_beginning([&](std::size_t limit) { return head.below(limit); }), all,
      typed_kind::housekeep);
  if (which % 2 == 0) {
    carry_out_with<pool9::pool>(which / 2 % 3, p);
  } else {
    carry_out_with<pool9::unsynchronized_pool>(which / 2 % 3, p);
  }
  return 0;
}
