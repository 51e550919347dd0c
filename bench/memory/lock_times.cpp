// SPDX-License-Identifier: BSD-2-Clause
// How long the housekeeping thread holds a lock: any of the library's, so the pool's among them.
//
// The linker lets this program see every lock and unlock of the library.  The clock is that of the
// thread's own time on a processor: on a machine that does other things, a holder that is preempted
// says nothing about the library.  Reading it is in the figures, some 0.2 us.
#include <pthread.h>
#include <sys/prctl.h>

#include <atomic>
#include <cstring>
#include <ctime>

#include "scenarios.hpp"

namespace {

std::atomic<double> longest{0};

struct held {
  void* mutex;
  double since;
};
constexpr int most_held = 8;
thread_local held stack[most_held];
thread_local int n_held = 0;
thread_local int is_housekeeping = -1;

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}
bool watched() {
  if (is_housekeeping < 0) {
    char name[16] = {};
    prctl(PR_GET_NAME, name);
    if (std::strcmp(name, "pool9") == 0) is_housekeeping = 1;
    // It is given its name after it was started: until then, nobody knows.
  }
  return is_housekeeping == 1;
}

}

extern "C" {
int __real_pthread_mutex_lock(pthread_mutex_t* m);
int __real_pthread_mutex_unlock(pthread_mutex_t* m);
int __wrap_pthread_mutex_lock(pthread_mutex_t* m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t* m);

int __wrap_pthread_mutex_lock(pthread_mutex_t* m) {
  const int result = __real_pthread_mutex_lock(m);
  if (n_held < most_held && is_housekeeping != 0 && watched()) stack[n_held++] = {m, cpu_us()};
  return result;
}
int __wrap_pthread_mutex_unlock(pthread_mutex_t* m) {
  if (n_held != 0 && stack[n_held - 1].mutex == m) {
    const double us = cpu_us() - stack[--n_held].since;
    if (us > longest.load()) longest = us;
  }
  return __real_pthread_mutex_unlock(m);
}
}

namespace pool9::bench {
double longest_hold_us() { return longest; }
}
