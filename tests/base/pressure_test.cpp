// SPDX-License-Identifier: BSD-2-Clause
// A sleep that the system may end: with descriptors, without them, and when they are taken away.
#include "base/pressure.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <set>
#include <thread>

#include "base/os.hpp"
#include "support/gate.hpp"
#include "support/scratch.hpp"

namespace pool9::test {
namespace {

namespace os = base::os;
namespace pressure = base::pressure;
using pressure::ears;

constexpr std::uint64_t ms = 1'000'000;

/// The descriptors of the process.
std::set<int> descriptors() {
  std::set<int> all;
  for (int fd = 0; fd < 1024; ++fd)
    if (fcntl(fd, F_GETFD) != -1) all.insert(fd);
  return all;
}

/// Nothing of the system's is looked at, unless a test says so; no descriptor is left behind.
class Pressure : public testing::Test {
 protected:
  Pressure() { pressure::look_at(nowhere); }
  ~Pressure() override {
    pressure::listen_to(-1);
    forget();
    pressure::look_at({});
    EXPECT_EQ(descriptors(), before_);
    close(eventfd_);
  }
  static void forget() {
    pressure::lock();
    pressure::after_fork();
    pressure::unlock();
  }
  bool sleep_for(std::uint64_t time, ears e = ears::open) {
    return pressure::sleep(bell_, bell_, os::steady_ns() + time, e);
  }
  bool sleep(ears e = ears::open) { return pressure::sleep(bell_, bell_, os::never, e); }
  /// The descriptor that who sleeps is woken by, once there is one.
  int alarm() const {
    EXPECT_TRUE(run_until([&] { return descriptors() != before_; }));
    int opened = -1;
    for (const int fd : descriptors())
      if (!before_.contains(fd)) opened = fd;
    return opened;
  }
  /// A thread in sleep(), or about to be, which a ring from now on wakes.
  std::unique_ptr<task<bool>> sleeper(ears e = ears::open) {
    const std::uint32_t heard = bell_;
    return std::make_unique<task<bool>>(
        [this, heard, e] { return pressure::sleep(bell_, heard, os::never, e); });
  }
  void tell() {
    const std::uint64_t one = 1;
    ASSERT_EQ(write(eventfd_, &one, sizeof one), 8);
  }

  static constexpr pressure::places nowhere{"/nowhere/pressure", "/nowhere/a", "/nowhere/b"};
  const int eventfd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::atomic<std::uint32_t> bell_{0};
  const std::set<int> before_ = descriptors();
};

TEST_F(Pressure, WithoutSourcesItIsAnOrdinarySleepWithoutDescriptors) {
  EXPECT_FALSE(sleep_for(1 * ms));
  EXPECT_EQ(pressure::n_sources(), 0u);
  EXPECT_EQ(descriptors(), before_);
  const auto thread = sleeper();

  EXPECT_TRUE(pressure::ring(bell_));

  EXPECT_FALSE(thread->result());
}

TEST_F(Pressure, SleepEndsWithTheNews) {
  pressure::listen_to(eventfd_);
  const auto thread = sleeper();
  EXPECT_FALSE(thread->is_done());

  tell();

  EXPECT_TRUE(thread->result());
  EXPECT_FALSE(sleep_for(1 * ms)) << "it is told once";
}

TEST_F(Pressure, SleepEndsWithTheBellAndAtItsTime) {
  pressure::listen_to(eventfd_);
  const std::uint64_t start = os::steady_ns();
  EXPECT_FALSE(sleep_for(5 * ms));
  EXPECT_GE(os::steady_ns(), start + 5 * ms);
  for (int i = 0; i < 100; ++i) {
    const auto thread = sleeper();
    if (i % 2 == 0) std::this_thread::yield();
    EXPECT_TRUE(pressure::ring(bell_));
    EXPECT_FALSE(thread->result());
  }
}

TEST_F(Pressure, RingBeforeTheSleepEndsItAtOnce) {
  pressure::listen_to(eventfd_);
  EXPECT_FALSE(sleep_for(0));
  EXPECT_TRUE(pressure::ring(bell_));

  EXPECT_FALSE(pressure::sleep(bell_, 0, os::never, ears::open));
}

TEST_F(Pressure, WithShutEarsTheNewsWaits) {
  pressure::listen_to(eventfd_);
  tell();
  EXPECT_FALSE(sleep_for(5 * ms, ears::shut));
  EXPECT_TRUE(sleep());
}

TEST_F(Pressure, DescriptorsAreClosedByExecAndAboveTheStandardOnes) {
  const int saved = dup(STDIN_FILENO);
  close(STDIN_FILENO);
  pressure::listen_to(eventfd_);

  EXPECT_FALSE(sleep_for(0));

  EXPECT_EQ(fcntl(STDIN_FILENO, F_GETFD), -1);
  dup2(saved, STDIN_FILENO);
  close(saved);
  for (const int fd : descriptors())
    if (!before_.contains(fd)) {
      EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
}

TEST_F(Pressure, AfterAForkNothingIsLeft) {
  pressure::listen_to(eventfd_);
  EXPECT_FALSE(sleep_for(0));
  EXPECT_NE(descriptors(), before_);
  forget();
  EXPECT_EQ(descriptors(), before_);
}

// The undefined behaviour sanitizer opens descriptors when it checks an object.
#if !defined(__SANITIZE_ADDRESS__)
TEST_F(Pressure, WithoutDescriptorsItSleepsAndTriesAgain) {
  pressure::listen_to(eventfd_);
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none{0, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);

  const auto thread = sleeper();
  EXPECT_TRUE(pressure::ring(bell_));
  EXPECT_FALSE(thread->result()) << "the bell is heard";
  tell();
  EXPECT_FALSE(sleep_for(1 * ms)) << "the news is not";

  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_TRUE(sleep());
}
#endif

// As a daemon does that closes all there are, and opens others.
TEST_F(Pressure, DescriptorsOfTheProgramInThePlaceOfOursAreLeftAlone) {
  pressure::listen_to(eventfd_);
  const auto thread = sleeper();
  const int ours = alarm();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  ASSERT_EQ(dup2(ends[1], ours), ours);

  EXPECT_FALSE(pressure::ring(bell_)) << "who sleeps there cannot be woken";
  EXPECT_TRUE(pressure::ring(bell_)) << "nobody sleeps elsewhere";

  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), -1) << "nothing was written";
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(fcntl(ours, F_GETFD), 0) << "nothing was closed";
  for (int fd : {ends[0], ends[1], ours}) close(fd);
  pressure::listen_to(eventfd_);
  tell();  // ends the first sleep, which still polls what it had
  static_cast<void>(thread->result());
}

// A timer is what the alarm is, too.
TEST_F(Pressure, TimersOfTheProgramInThePlaceOfOursAreLeftAlone) {
  pressure::listen_to(eventfd_);
  const auto thread = sleeper();
  const int ours = alarm();
  const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  const itimerspec in_an_hour{.it_interval = {}, .it_value = {.tv_sec = 3600, .tv_nsec = 0}};
  ASSERT_EQ(timerfd_settime(timer, 0, &in_an_hour, nullptr), 0);
  ASSERT_EQ(dup2(timer, ours), ours);

  EXPECT_FALSE(pressure::ring(bell_)) << "who sleeps there cannot be woken";

  itimerspec left{};
  EXPECT_EQ(timerfd_gettime(timer, &left), 0);
  EXPECT_GT(left.it_value.tv_sec, 3000) << "it was not set";
  EXPECT_EQ(fcntl(ours, F_GETFD), 0) << "nothing was closed";
  for (int fd : {timer, ours}) close(fd);
  pressure::listen_to(eventfd_);
  tell();  // ends the first sleep, which still polls what it had
  static_cast<void>(thread->result());
}

TEST_F(Pressure, ClosedAlarmIsReplaced) {
  pressure::listen_to(eventfd_);
  EXPECT_FALSE(sleep_for(0));
  for (const int fd : descriptors())
    if (!before_.contains(fd)) close(fd);

  EXPECT_FALSE(sleep_for(1 * ms));

  const auto thread = sleeper();
  EXPECT_TRUE(run_until([&] { return descriptors() != before_; }));
  EXPECT_TRUE(pressure::ring(bell_));
  EXPECT_FALSE(thread->result());
}

// A regular file takes any trigger that is written to it, as the kernel takes the first it allows.
TEST_F(Pressure, LooksAtTheSystemAndAtTheGroup) {
  const scratch_directory dir;
  const std::string system = dir.write("system", ""), group = dir.write("memory.pressure", "");
  const std::string events = dir.write("memory.events", "low 1\nhigh 2\nmax 3\n");
  const std::string cgroup = dir.write("cgroup", "0::/\n");
  const std::string mounts =
      dir.write("mounts", "1 2 0:3 / " + dir.file("") + " rw - cgroup2 none rw\n");
  pressure::look_at({system.c_str(), cgroup.c_str(), mounts.c_str()});

  static_cast<void>(sleep_for(0, ears::shut));

  EXPECT_EQ(pressure::n_sources(), 3u);
  for (const std::string& name : {system, group}) {
    std::ifstream file(name);
    std::string text;
    std::getline(file, text);
    EXPECT_EQ(text.substr(0, text.find('\0')), "some 50000 1000000");
  }
  forget();
  EXPECT_EQ(pressure::n_sources(), 0u);
}

TEST_F(Pressure, FilesThatMayNotBeWrittenAreDoneWithout) {
  const scratch_directory dir;
  std::filesystem::create_directory(dir.file("system"));  // not even root may write it
  pressure::look_at({dir.file("system").c_str(), "/nowhere/a", "/nowhere/b"});

  EXPECT_FALSE(sleep_for(0));

  EXPECT_EQ(pressure::n_sources(), 0u);
  EXPECT_EQ(descriptors(), before_);
}

// The kernel itself, where it has such files and lets us.
TEST_F(Pressure, SystemsTriggerIsTakenAndSleepsWhileAllIsWell) {
  if (access("/proc/pressure/memory", W_OK) != 0)
    GTEST_SKIP() << "there is no /proc/pressure/memory that may be written";
  pressure::look_at({"/proc/pressure/memory", "/nowhere/a", "/nowhere/b"});
  EXPECT_FALSE(sleep_for(0, ears::shut));
  if (pressure::n_sources() == 0) GTEST_SKIP() << "the kernel refuses triggers";
  const auto thread = sleeper(ears::shut);

  EXPECT_TRUE(pressure::ring(bell_));

  EXPECT_FALSE(thread->result());
}

}  // namespace
}  // namespace pool9::test
