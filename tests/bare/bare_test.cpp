// SPDX-License-Identifier: BSD-2-Clause
// The library and its headers, built without exceptions and run-time types: everything works, and
// what is an exception elsewhere is a panic with the same words, and what to look at.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pool9/coroutine.hpp>
#include <pool9/memory_resource.hpp>
#include <pool9/memory_resource_source.hpp>
#include <pool9/object_pool.hpp>
#include <pool9/render.hpp>
#include <pool9/system_memory.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <string>
#include <sys/pool.h>
#include <vector>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this is to be compiled without"
#endif

namespace {

using namespace std::chrono_literals;

void check(bool holds, const char* claim, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, line, claim);
  std::exit(1);
}
#define CHECK(claim) check((claim), #claim, __LINE__)

/// What `f` panics with, in a process of its own.
template <class F>
std::string panic_of(F f) {
  std::array<int, 2> ends{};
  CHECK(pipe(ends.data()) == 0);
  static int out = -1;
  out = ends[1];
  const pid_t child = fork();
  if (child == 0) {
    pool9::set_report_handler([](const pool9::report& r) noexcept {
      const bool whole =
          r.kind == pool9::report_kind::panic &&
          write(out, r.text.data(), r.text.size()) == static_cast<ssize_t>(r.text.size());
      _exit(whole ? 0 : 2);
    });
    f();
    _exit(3);
  }
  close(ends[1]);
  std::array<char, 512> text{};
  const ssize_t n = read(ends[0], text.data(), text.size());
  close(ends[0]);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  return {text.data(), static_cast<std::size_t>(n)};
}

void pools_work() {
  pool9::pool p({.name = "items", .item_size = 64, .reserve = 2, .hard_limit = 2});
  void* const a = p.get();
  void* const b = p.try_get();
  CHECK(p.try_get_for(1ms) == nullptr);
  p.put(a);
  CHECK(p.get() == a);
  p.put(a);
  p.put(b);
  CHECK(p.check().empty() && !p.prime(SIZE_MAX));

  pool9::unsynchronized_pool u({.name = "mine", .item_size = 64});
  u.put(u.try_get());
  CHECK(u.close());
}

void c_functions_work() {
  static struct ::pool p;
  pool_init(&p, 64, 0, 0, 0, "bare", 0, nullptr, nullptr, 0);
  CHECK(pool_prime(&p, 10, nullptr) == 0);
  pool_put(&p, pool_get(&p, PR_NOWAIT));
  pool_destroy(&p);
}

void objects_and_containers_work() {
  pool9::object_pool<std::string> strings({.name = "strings", .hard_limit = 1});
  const auto text = strings.try_make("a text that is too long for the string itself");
  CHECK(text && !strings.try_make("none"));

  pool9::pool_resource r{"numbers"};
  std::vector<int, pool9::pool_allocator<int>> numbers(r);
  for (int i = 0; i < 100'000; ++i) numbers.push_back(i);
  CHECK(numbers.back() == 99'999);

  pool9::memory_resource_source pages(std::pmr::new_delete_resource());
  pool9::pool p({.name = "fed", .item_size = 64, .source = &pages});
  p.put(p.get());
}

struct task {
  struct promise_type {
    task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {}
  };
};
task take(pool9::pool& p, int& n_served) {
  const pool9::pooled_item item = co_await pool9::async_get(p);
  ++n_served;
}

void coroutines_work() {
  pool9::pool p({.name = "slots", .item_size = 64, .hard_limit = 1});
  int n_served = 0;
  void* const item = p.get();
  take(p, n_served);
  take(p, n_served);
  CHECK(n_served == 0);
  p.put(item);
  CHECK(n_served == 2);
}

void exceptions_are_panics() {
  const std::string no_size = panic_of([] { pool9::pool p({.name = "a"}); });
  CHECK(no_size.starts_with("pool 'a': item_size: 0 is"));
  CHECK(no_size.ends_with("\n  look at the options of that pool, and at pool9(3)"));
  CHECK(panic_of([] {
          const std::string name(200, 'a');
          pool9::pool p({.name = name, .item_size = 8, .page_size = SIZE_MAX});
        }).ends_with("\n  look at the options of that pool, and at pool9(3)"));
  CHECK(panic_of([] {
          pool9::pool p({.name = "a", .item_size = 8, .hard_limit = 1});
          std::array<void*, 2> two{};
          p.get_bulk(two);
        }) ==
        "pool 'a': 2 items at once, and the hard limit is 1\n"
        "  look at who asks for so many: more than that can never come");
  CHECK(panic_of([] {
          pool9::no_source nothing;
          pool9::pool p({.name = "a", .item_size = 8, .reserve = 9, .source = &nothing});
        }) ==
        "pool 'a': reserve: no memory for 9 items of 8 bytes\n"
        "  look at the process's memory limits, and what the page source has");
  CHECK(panic_of([] {
          pool9::pool_resource r{"a"};
          CHECK(r.pool_for(64).set_hard_limit(0));
          static_cast<void>(r.allocate(64));
        }) ==
        "pool 'a': hard limit 0 reached, 0 out\n"
        "  look at who holds the blocks: poolstat who, report_held()");
  CHECK(panic_of([] {
          pool9::pool_resource r{"a"};
          static_cast<void>(r.pool_for(1 << 20));
        })
            .ends_with("\n  look at the options of the resource: they say how large a block may be "
                       "that has a pool"));
  CHECK(panic_of([] {
          static_cast<void>(pool9::pool_allocator<int>().allocate(SIZE_MAX / 2));
        }).ends_with("\n  look at how many objects are asked for: no memory holds so many"));
}

}

int main() {
  exceptions_are_panics();  // first: it forks
  pools_work();
  c_functions_work();
  objects_and_containers_work();
  coroutines_work();
}
