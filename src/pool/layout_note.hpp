// SPDX-License-Identifier: BSD-2-Clause
// Where the members lie that poolstat reads in a process that knows nothing of it.
//
// An ELF note, which survives stripping and static linking, leads there: owner "pool9", type 1, and
// as its description two distances, each from its own place, so that nothing need be relocated: to
// the layout_table, then to registry::root.  Whoever reads looks members up by type and name; one
// that is not there has a value of 0, and others than it asked for do not matter.  So members may
// come and go; `version` changes only with what this comment says, or with the meaning of a name.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pool9::inline v1::detail {

struct layout_table {
  struct member {
    char type[16];  // ends with a null, as the next
    char name[40];  // of a member of a member: with dots; "": all of the type
    std::uint32_t offset;
    std::uint32_t size;  // bytes; 0: no member, but a constant, and `offset` is its value
  };
  static constexpr std::size_t most_members = 128;

  std::uint32_t version;
  std::uint32_t member_size;  // sizeof(member)
  std::uint32_t n_members;
  std::uint32_t reserved;
  member members[most_members];
};

}

extern "C" [[gnu::visibility("hidden")]] const pool9::detail::layout_table pool9_layout;
