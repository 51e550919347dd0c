// SPDX-License-Identifier: BSD-2-Clause
// Coroutines that wait for an item: in order, without a thread, until they are told to stop.
#include <cstdio>
#include <exception>
#include <pool9/coroutine.hpp>
#include <vector>

namespace {

/// A coroutine that runs on its own.
struct task {
  struct promise_type {
    task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

task serve(pool9::pool& slots, int client) {
  const pool9::pooled_item slot = co_await pool9::async_get(slots);
  std::printf("client %d has a slot\n", client);
}  // which goes to the next client here

/// Goes on in the program's own loop instead of in the put that served it.
task serve_later(pool9::pool& slots, std::vector<std::coroutine_handle<>>& loop) {
  const pool9::pooled_item slot =
      co_await pool9::async_get(slots, [&](std::coroutine_handle<> h) { loop.push_back(h); });
  std::puts("the loop's client has a slot");
}

task serve_unless(pool9::pool& slots, std::stop_token stop) {
  const pool9::pooled_item slot = co_await pool9::async_get(slots, std::move(stop));
  std::puts(slot != nullptr ? "the impatient client has a slot" : "the impatient client left");
}

}

int main() {
  pool9::pool slots{{.name = "slots", .item_size = 64, .hard_limit = 1}};
  std::vector<std::coroutine_handle<>> loop;
  std::stop_source shutdown;
  void* const busy = slots.get();
  for (int client = 1; client <= 3; ++client) serve(slots, client);
  serve_unless(slots, shutdown.get_token());
  serve_later(slots, loop);

  shutdown.request_stop();
  slots.put(busy);  // serves them all, one after the other
  for (const std::coroutine_handle<> h : loop) h.resume();
  return slots.stats().waits == 5 && slots.stats().out == 0 ? 0 : 1;
}
