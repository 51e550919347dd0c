// SPDX-License-Identifier: BSD-2-Clause
// usage: loader PLUGIN
// Loads the plugin, unloads it and loads it again, without pool9 itself being linked.  Threads that
// used it before live on, and use it again; others end while it is away, or when it has gone for
// good.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <semaphore>
#include <thread>

namespace {

using function = int (*)(int);

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::_Exit(1);
}
void must_give(function use, int n) {
  const int got = use(n);
  if (got == n) return;
  std::fprintf(stderr, "%d items came, not %d\n", got, n);
  std::_Exit(1);
}

struct loaded {
  explicit loaded(const char* path) : handle(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    if (handle == nullptr) fail(dlerror());
    use = reinterpret_cast<function>(dlsym(handle, "use"));
    if (use == nullptr) fail(dlerror());
  }
  ~loaded() {
    if (dlclose(handle) != 0) fail(dlerror());
  }
  loaded(const loaded&) = delete;
  loaded& operator=(const loaded&) = delete;
  void* handle;
  function use;
};

/// A thread that uses what it is given, and keeps some of it cached.
class worker {
 public:
  worker() : thread_([this] { run(); }) {}
  ~worker() {
    ask(nullptr);
    thread_.join();
  }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  void ask(function use) {
    use_ = use;
    asked_.release();
  }
  void await() { answered_.acquire(); }

 private:
  void run() {
    for (;;) {
      asked_.acquire();
      if (use_ == nullptr) return;
      for (int i = 0; i < 1000; ++i) must_give(use_, 40);
      answered_.release();
    }
  }
  function use_ = nullptr;
  std::binary_semaphore asked_{0}, answered_{0};
  std::thread thread_;
};

}  // namespace

int main(int, char** argv) {
  constexpr int all = 256;
  std::optional<worker> before(std::in_place), always(std::in_place), at_times(std::in_place);
  for (int round = 0; round < 8; ++round) {
    {
      const loaded plugin(argv[1]);
      const auto use_it = [&plugin](auto&... workers) {
        (workers->ask(plugin.use), ...);
        (workers->await(), ...);
      };
      must_give(plugin.use, all);
      if (round < 3) {
        use_it(before, always);
      } else if (round % 2 == 0) {
        use_it(always, at_times);
      } else {
        use_it(always);
      }
      must_give(plugin.use, all);
      std::thread(must_give, plugin.use, 40).join();
      must_give(plugin.use, all);
    }
    if (round == 2) before.reset();
  }
  always.reset();
  const loaded again(argv[1]);
  must_give(again.use, all);
}
