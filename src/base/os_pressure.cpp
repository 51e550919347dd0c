// SPDX-License-Identifier: BSD-2-Clause
// Linux: pressure stall information and the events of the process's control group, version 2.
//
// A trigger ("tell me when tasks lacked memory for 5 % of a window") and the group's count of
// events are descriptors, so the sleep is a poll(), and it needs a descriptor to be woken by.
//
// That is a timer, which is rung by letting it expire, and not an eventfd: a program may close
// every descriptor there is, as daemons do, and open others that then have our numbers.  A timer's
// setting is refused by everything else, and a timer of the program's is told from ours by its
// interval, so nothing is ever written to, set, or taken from what is the program's.  The thread
// that sleeps then cannot be woken, and ring() says so.  For the same reason a descriptor is closed
// only if it still is the file that was opened.
//
// The alarm and the bell: who sleeps publishes the alarm and then looks at the bell; who rings
// changes the bell and then looks for the alarm.  One of the two sees the other.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "base/mutex.hpp"
#include "base/os.hpp"
#include "base/os_cgroup.hpp"
#include "base/pressure.hpp"

namespace pool9::base::pressure {
namespace {

/// What to ask for, the best first.  Without privileges a window must be a multiple of 2 s; before
/// Linux 6.4 there is none then.  In microseconds: stalled, of.
constexpr std::array triggers{"some 50000 1000000", "some 100000 2000000"};

enum class kind { trigger, events, told };

struct watched {
  int fd = -1;
  dev_t device = 0;  // of the file, as it was opened
  ino_t file = 0;
  std::uint64_t seen = 0;  // kind::events: the count
};
constexpr std::size_t n_kinds = 4;
/// The group's trigger, the system's, the group's events, and what a test gave.
constexpr std::array kinds{kind::trigger, kind::trigger, kind::events, kind::told};

constinit mutex guard;
constinit std::array<watched, n_kinds> all POOL9_GUARDED_BY(guard){};
constinit bool must_look POOL9_GUARDED_BY(guard) = true;  // something is to be opened still
constinit places where POOL9_GUARDED_BY(guard){};
constinit std::atomic<int> alarm{-1};  // the timer; written under guard

/// errno belongs to whoever called the pool.
struct keep_errno {
  const int saved = errno;
  ~keep_errno() { errno = saved; }
};

// ---- Opening and closing

/// Whether a failure is one of those that pass.
bool is_shortage(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/// The first three numbers belong to the program, whether it uses them or not.
int above_standard(int fd) noexcept {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int other = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close(fd);
  return other;
}

int open_trigger(const char* name) noexcept {
  const int fd = above_standard(open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (fd < 0) return -1;
  for (const char* const t : triggers)
    if (write(fd, t, std::strlen(t) + 1) >= 0) return fd;
  const int why = errno;
  close(fd);
  errno = why;
  return -1;
}
int open_to_read(const char* name) noexcept {
  return above_standard(open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

/// How often the group met a limit.  false: the file is gone.  Reading it also ends its news.
bool count_events(int fd, std::uint64_t& n) noexcept {
  char text[512];
  const ssize_t length = pread(fd, text, sizeof text, 0);
  if (length <= 0) return false;
  n = 0;
  std::string_view rest(text, static_cast<std::size_t>(length));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    for (const std::string_view name : {"high ", "max ", "oom "}) {
      if (!line.starts_with(name)) continue;
      std::uint64_t value = 0;
      std::from_chars(line.data() + name.size(), line.data() + line.size(), value);
      n += value;
    }
  }
  return true;
}

bool is_ours(const watched& w) noexcept {
  struct stat s {};
  return w.fd >= 0 && fstat(w.fd, &s) == 0 && s.st_dev == w.device && s.st_ino == w.file;
}

/// Takes an opened descriptor; -1: sees whether it is worth trying again.
void take(watched& w, int fd, kind k) noexcept POOL9_REQUIRES(guard) {
  struct stat s {};
  if (fd < 0 || fstat(fd, &s) != 0) {
    must_look |= is_shortage(errno);
    return;
  }
  w = {.fd = fd, .device = s.st_dev, .file = s.st_ino};
  if (k != kind::events || count_events(fd, w.seen)) return;
  close(fd);
  w = {};
}

void open_all() noexcept POOL9_REQUIRES(guard) {
  must_look = false;
  if (all[1].fd < 0) take(all[1], open_trigger(where.pressure), kind::trigger);
  os::path group;
  errno = 0;
  if (!os::find_cgroup(where.cgroup, where.mountinfo, group)) {
    must_look |= is_shortage(errno);
    return;
  }
  const auto file = [&](const char* name) { return os::path(group).add("%s", name); };
  if (all[0].fd < 0)
    take(all[0], open_trigger(file("/memory.pressure").view().data()), kind::trigger);
  if (all[2].fd < 0) take(all[2], open_to_read(file("/memory.events").view().data()), kind::events);
}

void close_all() noexcept POOL9_REQUIRES(guard) {
  for (std::size_t i = 0; i < n_kinds; ++i) {
    if (kinds[i] == kind::told) continue;
    if (is_ours(all[i])) close(all[i].fd);
    all[i] = {};
  }
  must_look = true;
}

// ---- The alarm

/// The interval that marks our timer: thirty years, and no program's.
constexpr timespec mark{.tv_sec = 946'080'123, .tv_nsec = 456'789'123};

bool is_alarm(int fd) noexcept {
  itimerspec t{};
  return timerfd_gettime(fd, &t) == 0 && t.it_interval.tv_sec == mark.tv_sec &&
         t.it_interval.tv_nsec == mark.tv_nsec;
}
bool set_alarm(int fd, long ns) noexcept {
  const itimerspec t{.it_interval = mark, .it_value = {.tv_sec = 0, .tv_nsec = ns}};
  return timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, nullptr) == 0;
}
/// Long ago, so at once.
bool let_expire(int fd) noexcept { return is_alarm(fd) && set_alarm(fd, 1); }
/// Also forgets that it has expired.
bool silence(int fd) noexcept { return is_alarm(fd) && set_alarm(fd, 0); }

void open_alarm() noexcept POOL9_REQUIRES(guard) {
  const int fd = above_standard(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (fd >= 0) set_alarm(fd, 0);
  must_look |= fd < 0;
  alarm.store(fd, std::memory_order_seq_cst);  // pairs with ring()
}
void drop_alarm() noexcept POOL9_REQUIRES(guard) {
  const int fd = alarm.exchange(-1, std::memory_order_seq_cst);
  if (is_alarm(fd)) close(fd);
}

// ---- Sleeping

/// What to poll: the alarm first.
struct poll_set {
  std::array<pollfd, n_kinds + 1> fds;
  std::array<std::size_t, n_kinds + 1> index;  // into `all`
  nfds_t n = 0;
  void add(int fd, int events, std::size_t i) noexcept {
    fds[n] = {.fd = fd, .events = static_cast<short>(events), .revents = 0};
    index[n++] = i;
  }
};

void prepare(poll_set& s, ears e) noexcept {
  const locked hold(guard);
  if (must_look) open_all();
  bool any = false;
  for (const watched& w : all) any |= w.fd >= 0;
  if (any && alarm.load(std::memory_order_relaxed) < 0) open_alarm();  // relaxed: under guard
  const int fd = alarm.load(std::memory_order_relaxed);
  if (fd < 0) return;
  s.add(fd, POLLIN, 0);
  for (std::size_t i = 0; i < n_kinds && e == ears::open; ++i)
    if (all[i].fd >= 0) s.add(all[i].fd, kinds[i] == kind::told ? POLLIN : POLLPRI, i);
}

/// Whether what poll() returned for a source is news.  It may be that the source has gone.
bool is_news(const pollfd& p, watched& w, kind k) noexcept POOL9_REQUIRES(guard) {
  std::uint64_t n = 0;
  switch (k) {
    case kind::trigger:
      if ((p.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0) return true;
      break;
    case kind::events:  // POLLERR is part of its news
      if ((p.revents & POLLNVAL) == 0 && count_events(w.fd, n)) return n > std::exchange(w.seen, n);
      break;
    case kind::told:  // nothing to read: another thread was faster
      if ((p.revents & POLLNVAL) == 0) return read(w.fd, &n, sizeof n) > 0;
      break;
  }
  if (k != kind::told && is_ours(w)) close(w.fd);
  w = {};
  must_look = true;
  return false;
}

bool is_any_news(poll_set& s) noexcept {
  const locked hold(guard);
  bool any = false;
  for (nfds_t i = 1; i < s.n; ++i) {
    watched& w = all[s.index[i]];
    if (s.fds[i].revents == 0 || w.fd != s.fds[i].fd) continue;
    any |= is_news(s.fds[i], w, kinds[s.index[i]]);
    if (w.fd < 0) s.fds[i].fd = -1;  // poll() leaves it out
  }
  return any;
}

int poll_until(poll_set& s, std::uint64_t until) noexcept {
  if (until == os::never) return ppoll(s.fds.data(), s.n, nullptr, nullptr);
  constexpr std::uint64_t second = 1'000'000'000;
  const std::uint64_t now = os::steady_ns(), left = until > now ? until - now : 0;
  const timespec t{static_cast<time_t>(left / second), static_cast<long>(left % second)};
  return ppoll(s.fds.data(), s.n, &t, nullptr);
}

}

bool sleep(const std::atomic<std::uint32_t>& bell, std::uint32_t heard, std::uint64_t until,
           ears e) noexcept {
  const keep_errno keep;
  poll_set s;
  prepare(s, e);
  if (s.n == 0) {
    os::wait(bell, heard, until);
    return false;
  }
  while (bell.load(std::memory_order_seq_cst) == heard) {  // pairs with ring()
    if (poll_until(s, until) <= 0) return false;
    const bool news = is_any_news(s);
    if (s.fds[0].revents != 0 && !silence(s.fds[0].fd)) {
      const locked hold(guard);  // the program closed it, so probably the others, too
      drop_alarm();
      close_all();
      return news;
    }
    if (news) return true;
  }
  return false;
}

bool ring(std::atomic<std::uint32_t>& bell) noexcept {
  const keep_errno keep;
  bell.fetch_add(1, std::memory_order_seq_cst);          // pairs with sleep()
  const int fd = alarm.load(std::memory_order_seq_cst);  // pairs with open_alarm()
  if (fd >= 0) {
    if (let_expire(fd)) return true;
    const locked hold(guard);
    if (alarm.load(std::memory_order_relaxed) != fd) return true;  // somebody else's turn
    drop_alarm();
    close_all();
    return false;
  }
  os::wake(&bell);
  return true;
}

std::size_t n_sources() noexcept {
  const locked hold(guard);
  std::size_t n = 0;
  for (const watched& w : all) n += w.fd >= 0 ? 1 : 0;
  return n;
}

void lock() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { guard.lock(); }
void unlock() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { guard.unlock(); }
void after_fork() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  const keep_errno keep;
  drop_alarm();
  close_all();
}

void look_at(const places& p) noexcept {
  const locked hold(guard);
  where = p;
  close_all();
}
void listen_to(int descriptor) noexcept {
  const locked hold(guard);
  all[3] = {.fd = descriptor};
}

}
