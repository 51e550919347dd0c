// SPDX-License-Identifier: BSD-2-Clause
// Whatever the system refuses, at whatever moment: every call of every function that the library
// makes, once, or from then on.
//
// A life of pools from birth to end is lived in a process of its own for each of them, and again in
// that process when nothing is refused any more.  What may fail says so; everything else holds.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <new>
#include <pool9/memory_resource.hpp>
#include <string>
#include <string_view>

#include "faults/life.hpp"
#include "faults/refusals.hpp"
#include "support/child.hpp"

namespace pool9::test {
namespace {

/// Whether the library asks again after a refusal, and after a success.
enum class asked { always, once };

struct sweep {
  function what;
  int error;
  const char* name;
  asked when = asked::always;
  bool without_guards = false;
};
std::ostream& operator<<(std::ostream& out, const sweep& s) { return out << s.name; }

refusal of_call(const sweep& s, unsigned n, bool and_later) {
  return {s.what, n, and_later, s.error, s.without_guards};
}

/// What became of one refusal.
struct verdict {
  bool is_well = false, was_met = false;
};
verdict live_with(const refusal& r) {
  alarm(60);  // nobody waits for ever
  refuse(r);
  const bool survived = live_whole_life();
  const bool was_met = n_refused() != 0;
  refuse({.without_guards = r.without_guards});
  const bool recovers = live_whole_life();
  if (!survived || !recovers)
    std::fprintf(stderr, "call %u%s was refused\n", r.n, r.and_later ? " and all later" : "");
  return {survived && recovers, was_met};
}

/// All calls are refused in turn in one process, where nothing may be lost.
bool live_with_all(const sweep& s) {
  refuse({.without_guards = s.without_guards});
  if (!live_whole_life() || !live_whole_life()) return false;
  const std::size_t bytes = bytes_mapped();
  for (const bool and_later : {false, true}) {
    for (unsigned n = 1;; ++n) {
      const verdict v = live_with(of_call(s, n, and_later));
      const bool may_lose = s.what == function::munmap;
      if (!v.is_well || !POOL9_HOLDS(may_lose || bytes_mapped() == bytes)) return false;
      if (v.was_met) continue;
      std::printf("%u calls\n", n - 1);
      if (!POOL9_HOLDS(n > 1)) return false;
      break;
    }
  }
  std::fflush(stdout);
  return true;
}

class Refused : public testing::TestWithParam<sweep> {};

TEST_P(Refused, AtAnyCall) {
  const sweep& s = GetParam();
  if (s.when == asked::always) {
    EXPECT_TRUE(in_child([&] { return live_with_all(s); }));
    return;
  }
  void* const shared =
      mmap(nullptr, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* const met = static_cast<bool*>(shared);  // a child's answer
  for (const bool and_later : {false, true}) {
    unsigned n = 1;
    for (;; ++n) {
      *met = false;
      ASSERT_TRUE(in_child([&] {
        const verdict v = live_with(of_call(s, n, and_later));
        *met = v.was_met;
        return v.is_well;
      })) << "call "
          << n;
      if (!*met) break;
    }
    std::printf("%u calls\n", n - 1);
    EXPECT_GT(n, 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    System, Refused,
    testing::Values(
        sweep{function::page_source, ENOMEM, "PageSource"}, sweep{function::mmap, ENOMEM, "Mmap"},
        sweep{function::mmap, ENOMEM, "MmapFromTheStart", asked::once},
        sweep{function::munmap, ENOMEM, "Munmap"},
        sweep{function::mprotect, ENOMEM, "Mprotect", asked::always, true},
        sweep{function::madvise, ENOMEM, "MadviseForWantOfMemory"},
        sweep{function::madvise, EINVAL, "MadviseAsUnknown"},
        sweep{function::process_madvise, EAGAIN, "ProcessMadviseForNow"},
        sweep{function::process_madvise, ENOSYS, "ProcessMadviseAsUnknown", asked::once},
        sweep{function::mlock2, ENOMEM, "Mlock2"}, sweep{function::mbind, EPERM, "Mbind"},
        sweep{function::membarrier, EPERM, "Membarrier", asked::once},
        sweep{function::pthread_create, EAGAIN, "PthreadCreate", asked::once},
        sweep{function::pthread_key_create, EAGAIN, "PthreadKeyCreate", asked::once},
        sweep{function::pthread_setspecific, ENOMEM, "PthreadSetspecific", asked::once},
        sweep{function::pthread_atfork, ENOMEM, "PthreadAtfork", asked::once},
        sweep{function::clock_gettime, EPERM, "ClockGettime"},
        sweep{function::timerfd_create, EMFILE, "TimerfdCreate", asked::once},
        sweep{function::open, EMFILE, "Open", asked::once}),
    [](const auto& s) { return std::string(s.param.name); });

TEST(NoMemory, IsSaidByAResourceWithItsNameAndTheSize) {
  EXPECT_TRUE(in_child([] {
    pool_resource r("orders");
    try {
      static_cast<void>(r.allocate(4096));
      refuse({.what = function::mmap, .n = 1, .and_later = true, .error = ENOMEM});
      for (;;) static_cast<void>(r.allocate(4096));
    } catch (const std::bad_alloc& e) {
      return POOL9_HOLDS(e.what() ==
                         std::string_view("allocate: pool 'orders': no memory for 4096 bytes"));
    }
  }));
}

TEST(NothingRefused, AllIsGiven) {
  EXPECT_TRUE(in_child([] { return live_whole_life(); }));
}

}  // namespace
}  // namespace pool9::test
