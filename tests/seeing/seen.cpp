// SPDX-License-Identifier: BSD-2-Clause
// A program to be looked into.  It prints its own statistics as JSON, then "ready", and goes on
// until its standard input ends.
//
//   quiet   pools of every kind, and nobody works on them
//   held    pools that know who holds their items
//   stuck   a pool at its limit, where a thread and a callback wait
//   left    the same, and the first thread of the program has ended
//   busy    threads work on pools, and pools come and go
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <pool9/pool.hpp>
#include <pool9/render.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <string>
#include <sys/pool.h>
#include <thread>
#include <vector>

// To a debugger.
pool9::pool* shown;
pool9::unsynchronized_pool* shown_one;
struct ::pool* shown_in_c;

namespace {

using pool9::get_flags;
using pool9::pool;

[[gnu::noinline]] void keep(pool& p, std::size_t n, const pool9::call_site& where = {}) {
  for (std::size_t i = 0; i < n; ++i) static_cast<void>(p.get(get_flags::waitok, where));
}

void say_ready() {
  const auto print = [](void*, std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  };
  if (!pool9::render_all(pool9::stats_format::json, print, nullptr)) std::abort();
  std::printf("ready\n");
  std::fflush(stdout);
}

void await_end() {
  for (char c = 0; ::read(0, &c, 1) > 0;) continue;
}

void put_some_of(pool& p, std::size_t n) {
  std::vector<void*> items;
  for (std::size_t i = 0; i < n; ++i) items.push_back(p.get());
  for (std::size_t i = 0; i < n / 2; ++i) p.put(items[i]);
}

void be_quiet() {
  alignas(64) static std::byte storage[16384];
  static pool cached({.name = "cached", .item_size = 200}),
      parked({.name = "parked", .item_size = 8}), recalled({.name = "recalled", .item_size = 4096}),
      logged({.name = "twin \"one\"", .item_size = 64, .usage_log = true}),
      primed({.name = "twin \"one\"",
              .item_size = 3000,
              .reserve = 100,
              .low_watermark = 10,
              .high_watermark = 20,
              .hard_limit = 150}),
      stored({.name = "stored", .item_size = 100, .thread_cache = false});
  static pool9::unsynchronized_pool one({.name = "one", .item_size = 48, .hard_limit = 1000});
  shown = &cached;
  shown_one = &one;
  std::array<void*, 70> items;
  if (!one.try_get_bulk(items)) std::abort();
  for (std::size_t i = 0; i < 5; ++i) one.put(items[i]);
  put_some_of(cached, 500);
  std::thread([] { put_some_of(parked, 5000); }).join();
  put_some_of(recalled, 300);
  static_cast<void>(recalled.reclaim());
  keep(logged, 3, {"be_quiet", "seen.cpp", 1});
  keep(logged, 2, {"be_quiet", "seen.cpp", 2});
  put_some_of(primed, 120);
  if (stored.prime(std::span(storage)) == 0) std::abort();
  keep(stored, 200);
  static struct ::pool in_c;
  pool_init(&in_c, 24, 0, 0, 0, "in C", 0, nullptr, nullptr, 0);
  static_cast<void>(pool_get(&in_c, PR_NOWAIT));
  shown_in_c = &in_c;
  say_ready();
  await_end();
}

/// Items of pools that know who holds them.
void be_held() {
  static pool watched({.name = "watched",
                       .item_size = 100,
                       .diagnostic = true,
                       .quarantine = 3,
                       .sanitize = false}),
      guarded({.name = "guarded", .item_size = 100, .guard_one_in = 1, .sanitize = false});
  shown = &watched;
  keep(watched, 3, {"be_held", "seen.cpp", 1});
  keep(watched, 2);
  void* items[7];
  for (void*& item : items) item = watched.get();
  for (void* const item : items) watched.put(item);
  keep(guarded, 5000);
  say_ready();
  await_end();
}

struct callback final : pool9::waiter {
  callback() noexcept : waiter(served_at_last) {}
  static void served_at_last(waiter&, void*) noexcept {}
};

void be_stuck(bool leaves_first = false) {
  static pool p({.name = "stuck", .item_size = 100, .hard_limit = 2});
  static callback w;
  shown = &p;
  keep(p, 2);
  std::thread([] {
    ::prctl(PR_SET_NAME, "patient");
    void* all[2];
    p.get_bulk(all);
  }).detach();
  while (p.stats().waiters == 0) std::this_thread::yield();
  std::thread([] { ::pause(); }).detach();  // its stack lies below the other's
  static_cast<void>(p.get_or_enqueue(w));
  const auto go_on = [] {
    say_ready();
    await_end();
    std::_Exit(0);
  };
  if (!leaves_first) return go_on();
  std::thread([go_on] {
    // It stays as what has ended but is not waited for.
    const std::string first = "/proc/" + std::to_string(::getpid()) + "/maps";
    for (std::string line = "?"; !line.empty(); std::this_thread::yield()) {
      line.clear();
      std::getline(std::ifstream(first), line);
    }
    go_on();
  }).detach();
  ::pthread_exit(nullptr);
}

void be_busy() {
  static pool shared({.name = "busy", .item_size = 64, .hard_limit = 100});
  static std::atomic<bool> stop{false};
  std::array<std::thread, 3> threads;
  for (std::size_t t = 0; t < threads.size(); ++t)
    threads[t] = std::thread([t] {
      for (std::size_t i = 0; !stop; ++i) {
        void* items[20];
        for (void*& item : items) item = shared.get();
        for (void* const item : items) shared.put(item);
        if (t != 0) continue;
        const auto passing = std::make_unique<pool>(
            pool9::pool_options{.name = "passing", .item_size = 32 + 8 * (i % 16)});
        passing->put(passing->get());
      }
    });
  say_ready();
  await_end();
  stop = true;
  for (auto& t : threads) t.join();
}

}

int main(int argc, char** argv) {
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // where only ancestors may look
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "quiet") be_quiet();
  if (mode == "held") be_held();
  if (mode == "stuck") be_stuck();
  if (mode == "left") be_stuck(true);
  if (mode == "busy") be_busy();
}
