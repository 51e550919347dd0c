// SPDX-License-Identifier: BSD-2-Clause
// What the library takes for granted of the system.
#include "base/os.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/os_memory.hpp"
#include "support/gate.hpp"

namespace pool9::test {
namespace {

namespace os = base::os;

constexpr std::uint64_t ms = 1'000'000;

std::size_t resident_pages(void* p, std::size_t bytes) {
  std::vector<unsigned char> in_core(bytes / os::page_size());
  EXPECT_EQ(mincore(p, bytes, in_core.data()), 0);
  return static_cast<std::size_t>(
      std::count_if(in_core.begin(), in_core.end(), [](unsigned char c) { return c & 1; }));
}

bool is_mapped(const void* p) {
  unsigned char in_core = 0;
  return mincore(const_cast<void*>(p), 1, &in_core) == 0;
}

// Cut, it would lead nowhere.
TEST(Os, AnAddressInAFunctionOfTooLongANameIsToldAsAnOffsetIntoItsFile) {
  const char* const name =
      "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE10_M_replaceEmmPKcm";
  const auto* const function = static_cast<const char*>(dlsym(RTLD_DEFAULT, name));
  if (function == nullptr) GTEST_SKIP() << "there is no such function in this program";
  char whole[160], some[60], little[24];
  os::name_address(function + 4, whole, sizeof whole);
  os::name_address(function + 4, some, sizeof some);
  os::name_address(function + 4, little, sizeof little);
  const std::string offset = std::string(some).substr(0, std::string(some).find(' '));
  const std::string module = offset.substr(0, offset.find('+'));
  EXPECT_EQ(whole, name + ("+0x4 (" + module + ")"));
  EXPECT_EQ(some, offset + " (" + std::string(name).substr(0, 59 - offset.size() - 6) + "...)");
  EXPECT_EQ(little, offset.substr(0, 23));
}

TEST(Os, PageSizeIsTheSystems) {
  EXPECT_EQ(os::page_size(), static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
}

TEST(OsMap, IsAlignedAndZeroAndMappedToItsEnd) {
  for (const std::size_t align : {std::size_t{1}, os::page_size(), 4 * os::page_size(),
                                  std::size_t{1} << 21, std::size_t{1} << 24}) {
    for (const std::size_t bytes : {os::page_size(), 3 * os::page_size(), std::size_t{1} << 21}) {
      auto* const p = static_cast<char*>(os::map(bytes, align));
      ASSERT_NE(p, nullptr);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % align, 0u);
      EXPECT_EQ(std::count(p, p + bytes, 0), static_cast<std::ptrdiff_t>(bytes));
      std::memset(p, 1, bytes);
      os::unmap(p, bytes);
      EXPECT_FALSE(is_mapped(p));
      EXPECT_FALSE(is_mapped(p + bytes - os::page_size()));
    }
  }
}

TEST(OsMap, BecomesResidentWhereItIsTouched) {
  const std::size_t bytes = 64 * os::page_size();
  auto* const p = static_cast<char*>(os::map(bytes, os::page_size()));
  ASSERT_NE(p, nullptr);
  EXPECT_LT(resident_pages(p, bytes), 64u);

  std::memset(p, 1, bytes);

  EXPECT_EQ(resident_pages(p, bytes), 64u);
  os::unmap(p, bytes);
}

TEST(OsMap, AnsweredWithNothingByASystemThatHasNone) {
  EXPECT_EQ(os::map(std::size_t{1} << 60, os::page_size()), nullptr);
  EXPECT_EQ(os::map(std::size_t{1} << 60, std::size_t{1} << 21), nullptr);
}

TEST(OsWait, ReturnsAtOnceWhenTheStateIsAnother) {
  const std::atomic<std::uint32_t> state{1};
  os::wait(state, 0, os::never);
}

TEST(OsWait, EndsAtItsDeadline) {
  const std::atomic<std::uint32_t> state{0};
  const std::uint64_t until = os::steady_ns() + 5 * ms;
  while (os::steady_ns() < until) os::wait(state, 0, until);  // may return early

  EXPECT_GE(os::steady_ns(), until);
}

TEST(OsWait, EndsAtOnceWhenTheDeadlineIsPast) {
  const std::atomic<std::uint32_t> state{0};
  os::wait(state, 0, 0);
  os::wait(state, 0, os::steady_ns() - 1);
}

TEST(OsWait, EndsWhenItIsWoken) {
  std::atomic<std::uint32_t> state{0};
  {
    task<bool> sleeper([&] {
      while (state.load() == 0) os::wait(state, 0, os::never);
      return true;
    });
    state.store(1);
    os::wake(&state);
    EXPECT_TRUE(sleeper.result());
  }
}

TEST(OsWait, WakeReachesEverySleeper) {
  std::atomic<std::uint32_t> state{0};
  std::atomic<int> n_here{0};
  std::vector<std::thread> sleepers;
  for (int i = 0; i < 4; ++i)
    sleepers.emplace_back([&] {
      ++n_here;
      while (state.load() == 0) os::wait(state, 0, os::never);
    });
  EXPECT_TRUE(run_until([&] { return n_here == 4; }));

  state.store(1);
  os::wake(&state);

  for (std::thread& t : sleepers) t.join();
}

TEST(OsWait, WakeMayNameAnAddressThatIsGone) {
  void* const p = os::map(os::page_size(), os::page_size());
  ASSERT_NE(p, nullptr);
  os::unmap(p, os::page_size());
  os::wake(p);
}

TEST(OsErrno, IsKeptByEveryFunction) {
  const std::atomic<std::uint32_t> state{0};
  errno = 77;
  EXPECT_EQ(os::map(std::size_t{1} << 60, os::page_size()), nullptr);
  EXPECT_EQ(errno, 77) << "map";
  void* const p = os::map(os::page_size(), std::size_t{1} << 21);
  os::unmap(p, os::page_size());
  const os::run gone{p, os::page_size()};
  os::discard({&gone, 1});
  EXPECT_EQ(errno, 77) << "discard of what is not mapped";
  os::unmap(static_cast<char*>(p) + 1, os::page_size());
  EXPECT_EQ(errno, 77) << "unmap of what is no page";
  os::wait(state, 1, os::never);
  EXPECT_EQ(errno, 77) << "wait for another state";
  os::wait(state, 0, 0);
  EXPECT_EQ(errno, 77) << "wait until long ago";
  os::wake(nullptr);
  EXPECT_EQ(errno, 77) << "wake";
  os::pause(1);
  EXPECT_EQ(errno, 77) << "pause";
}

TEST(OsTime, SteadyClockNeverGoesBack) {
  std::uint64_t last = os::steady_ns();
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t now = os::steady_ns();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(OsTime, PauseLastsAsLongAsItIsTold) {
  const std::uint64_t start = os::steady_ns();
  os::pause(3 * ms);
  EXPECT_GE(os::steady_ns() - start, 2 * ms);  // a signal may end it early
}

std::atomic<int> n_blocked{-1};

void* count_blocked_signals(void*) {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  int n = 0;
  for (const int s : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGCHLD})
    n += sigismember(&blocked, s) == 1 ? 1 : 0;
  n_blocked = n;
  return nullptr;
}

TEST(OsThread, StartsWithAllSignalsBlockedAndLeavesTheCallersAlone) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);

  ASSERT_TRUE(os::start_thread(count_blocked_signals, nullptr, "unit-test"));

  EXPECT_TRUE(run_until([] { return n_blocked != -1; }));
  EXPECT_EQ(n_blocked, 6);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGUSR1), sigismember(&after, SIGUSR1));
}

TEST(OsPrintError, WritesTheTextAsItIs) {
  testing::internal::CaptureStderr();
  os::print_error("50%s of\n");
  os::print_error("");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "50%s of\n");
}

}
}
