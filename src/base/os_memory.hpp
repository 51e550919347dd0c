// SPDX-License-Identifier: BSD-2-Clause
// What the library asks of the system about memory that it has mapped: os.hpp's second half.
//
// As there: nothing here allocates, throws, or changes errno for the caller's caller; thread-safe.
// All addresses and lengths are whole system pages.
#pragma once
#include <cstddef>
#include <span>

namespace pool9::base::os {

/// What a request came to: 0, or the system's number for why not.
using error = int;

/// Neighbouring system pages.  The system's own vectors look the same.
struct run {
  void* start;
  std::size_t bytes;
};

/// Whether the calls below keep the memory that they are about in RAM, which matters to the system
/// when it is asked to take it back.
enum class locked_in_ram : bool { no, yes };

/// Gives the memory of the runs back; the addresses stay and read as zero.  What cannot be given
/// back stays as it is.  Many runs cost one call, where the system has such a call.
void discard(std::span<const run> runs, locked_in_ram locked = locked_in_ram::no) noexcept;
/// Makes all of the runs resident, at once where the system can, which is cheaper than touching
/// each page.  What stands there may be lost.
error populate(std::span<const run> runs) noexcept;

/// Lets huge pages stand for the mapping, which holds from its next page fault on.
error allow_huge_pages(void* p, std::size_t bytes) noexcept;
/// Lets the mapping have no huge page from now on.  Those it has stay.
error forbid_huge_pages(void* p, std::size_t bytes) noexcept;
/// Breaks up the huge page that begins at `p`, if there is one, so that parts of it can be given
/// back: of a whole one the system takes a part from the process but does not use it again.
error split_huge_page(void* p) noexcept;

/// Keeps in RAM what becomes resident there, as long as it is mapped.
error lock_in_ram(void* p, std::size_t bytes) noexcept;
/// Takes memory for the mapping from that NUMA node, as long as it has any.
error prefer_node(void* p, std::size_t bytes, int node) noexcept;
/// Lets whoever reads or writes there fault, as long as it is mapped.  Cheap where the system has
/// guards; where it has not, each run is a mapping of its own.
error guard(std::span<const run> runs) noexcept;

/// Address space that nobody may touch; nullptr: there is none.
void* reserve(std::size_t bytes) noexcept;
/// A part of it that may be touched from now on; false: no.
bool open(void* p, std::size_t bytes) noexcept;
/// No more; what was there is gone.
void shut(void* p, std::size_t bytes) noexcept;

/// The name of an error, such as "ENOMEM"; "error" where it has none here.
const char* error_name(error e) noexcept;

}
