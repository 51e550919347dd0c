// SPDX-License-Identifier: BSD-2-Clause
// The functions of the system that the library calls, counted, and refused one call at a time.
//
// This program is linked so that they come here first, from the library and the tests alike; the
// library knows nothing of it.  There is no lock here, so that a process may fork at any time.
#pragma once
#include <cstddef>

namespace pool9::test {

enum class function {
  page_source,  // the tests' own
  mmap,
  munmap,
  mprotect,
  madvise,
  process_madvise,
  mlock2,
  mbind,
  membarrier,
  pthread_create,
  pthread_key_create,
  pthread_setspecific,
  pthread_atfork,
  clock_gettime,
  timerfd_create,
  open,
  count
};
/// Which calls fail: the n-th of one function, counted from 1, and perhaps all later ones.
struct refusal {
  function what = function::count;  // none
  unsigned n = 0;
  bool and_later = false;
  int error = 0;
  bool without_guards = false;  // madvise() knows none, as before Linux 6.13: mprotect() serves
};
/// Counts anew from now on.
void refuse(const refusal& r);
/// Whether that call is refused, which is counted; errno says why.
bool is_refused(function f);
unsigned n_calls(function f);
unsigned n_refused();
/// What refuse() said last.
refusal present_refusal();
/// Bytes that are mapped, of those that were since the program began.
std::size_t bytes_mapped();

}  // namespace pool9::test
