// SPDX-License-Identifier: BSD-2-Clause
// Handlers of a fork that were registered before main, and so before any pool was used, may use
// pools; and foreign code that the child owes something may need a lock of theirs.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <pool9/pool.hpp>
#include <thread>

namespace {

constinit pool9::pool used({.name = "used", .item_size = 64});
constinit pool9::pool awaited({.name = "awaited", .item_size = 64, .hard_limit = 4});
pthread_mutex_t theirs = PTHREAD_MUTEX_INITIALIZER;
int n_failed = 0;

void expect(bool claim, const char* what) {
  if (claim) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  ++n_failed;
}

void use() { used.put(used.get()); }
void before() {
  pthread_mutex_lock(&theirs);
  use();
}
void after() {
  use();
  pthread_mutex_unlock(&theirs);
}
void in_child() {
  expect(awaited.check().empty(), "the child has the pool whole");
  void* const item = awaited.try_get();
  expect(item != nullptr, "a get before the call is none too many");
  awaited.put(item);
  after();
}

struct callback final : pool9::waiter {
  callback() noexcept : waiter(served) {}
  static void served(waiter&, void*) noexcept {
    pthread_mutex_lock(&theirs);
    was_called = true;
    pthread_mutex_unlock(&theirs);
  }
  inline static bool was_called = false;
};

const int registered = pthread_atfork(before, after, in_child);

}

int main() {
  expect(registered == 0, "there was memory");
  use();
  static void* const held = awaited.get();
  std::thread([] {
    std::array<void*, 4> all{};
    awaited.get_bulk(all);
  }).detach();
  while (awaited.stats().waiters == 0) std::this_thread::yield();
  static callback behind;
  expect(awaited.get_or_enqueue(behind) == nullptr, "the bulk get comes first");

  alarm(60);
  const pid_t child = fork();
  alarm(60);
  use();
  expect(callback::was_called == (child == 0), "nobody is before it in the child");
  if (child == 0) _exit(n_failed);
  int status = 0;
  expect(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
         "the child went on");
  expect(held != nullptr, "there is an item");
  std::fflush(nullptr);
  _exit(n_failed);
}
