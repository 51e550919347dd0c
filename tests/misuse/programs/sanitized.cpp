// SPDX-License-Identifier: BSD-2-Clause
// A program under a sanitizer or Valgrind, over a library that was built without: commits the
// misuse that it is told to, which the tool must name, or none, and then it must be silent.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pool9/pool.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using pool9::pool;

constexpr std::size_t size = 100;

void use(void* item) { std::memset(item, 1, size); }
char* bytes(void* item) { return static_cast<char*>(item); }
void write_at(void* item, long offset) {
  char* volatile at = bytes(item) + offset;
  *at = 'x';
}

/// Everything that is allowed: pages come, go and come again, to pools and to others.
template <class Pool>
void behave() {
  for (const bool diagnosed : {false, true}) {
    for (int round = 0; round < 3; ++round) {
      Pool p({.name = "good", .item_size = size, .diagnostic = diagnosed});
      std::vector<void*> items(1000);
      if (!p.try_get_bulk(items)) std::abort();
      for (void* item : items) use(item);
      p.put_bulk(items);
      static_cast<void>(p.reclaim());
      // The addresses that went back, to somebody who knows nothing of pools.
      auto& source = pool9::system_source();
      for (std::size_t bytes_in_all = 0; bytes_in_all < (1u << 18); bytes_in_all += 4096) {
        void* const page = source.allocate(4096, pool9::get_flags::nowait);
        std::memset(page, 2, 4096);
        items.push_back(page);
      }
      for (std::size_t i = 1000; i < items.size(); ++i) source.release(items[i], 4096);
    }
    alignas(64) static std::byte storage[8192];
    Pool p({.name = "stored", .item_size = size, .diagnostic = diagnosed});
    static_cast<void>(p.prime(storage));
    void* const item = p.try_get();
    use(item);
    p.put(item);
    if (p.close()) std::memset(storage, 0, sizeof storage);
    // With items out, too.
    static_cast<void>(p.prime(storage));
    use(p.try_get());
    if (p.reset()) std::memset(storage, 0, sizeof storage);
  }
}

/// Items that nobody puts, and whose addresses nobody knows any more.
[[gnu::noinline]] void lose_some(pool& p) {
  for (int i = 0; i < 10; ++i) use(p.get());
}

/// What an item points to is not leaked while the item is out, whether tools see the pool or not.
template <class Pool>
void hold(bool seen) {
  static Pool p(
      {.name = "holder", .item_size = size, .at_destroy = pool9::on_live::leak, .sanitize = seen});
  static_cast<void>(p.try_get());
  *static_cast<void**>(p.try_get()) = std::malloc(4711);
}

struct misaligning_source final : pool9::page_source {
  void* allocate(std::size_t bytes, pool9::get_flags) noexcept override {
    return static_cast<char*>(std::aligned_alloc(bytes, 2 * bytes)) + 64;
  }
  void release(void* page, std::size_t) noexcept override {
    std::free(static_cast<char*>(page) - 64);
  }
};
template <class Pool>
void get_misaligned() {
  misaligning_source source;
  Pool p({.name = "p", .item_size = size, .page_size = 4096, .source = &source});
  if (p.try_get() != nullptr) std::abort();
}

template <class Pool>
void misuse(Pool& p, std::string_view mode) {
  void* const first = p.try_get();
  void* const second = p.try_get();
  use(first);
  use(second);
  if (mode == "overrun" || mode == "heap_overrun") write_at(first, size);
  if (mode == "underrun") write_at(second, -1);
  if (mode == "read") std::printf("%d\n", bytes(first)[size]);
  p.put(first);
  if (mode == "after_put" || mode == "heap_after_put") write_at(first, 5);
  if (mode == "put_twice") p.put(first);
  if (mode == "uninitialised") {
    void* const again = p.try_get();
    if (bytes(again)[7] != 0) std::printf("by chance\n");
    p.put(again);
  }
  p.put(second);
}

template <class Pool>
void run(std::string_view mode) {
  if (mode == "behave") behave<Pool>();
  if (mode == "hold" || mode == "hold_unseen") hold<Pool>(mode == "hold");
  if (mode == "misaligned") get_misaligned<Pool>();
  if (mode == "unseen") {
    Pool unseen({.name = "unseen", .item_size = size, .sanitize = false});
    void* const item = unseen.try_get();
    unseen.put(item);
    write_at(item, 5);
  }
  Pool p({.name = "tested",
          .item_size = size,
          .at_destroy = pool9::on_live::leak,
          .use_malloc = mode.starts_with("heap")});
  if constexpr (std::is_same_v<Pool, pool>)
    if (mode == "heap_leak") lose_some(p);
  misuse(p, mode);
}

}  // namespace

int main(int, char** arguments) {
  const std::string_view mode = arguments[1], one_thread = "one_";
  if (mode.starts_with(one_thread)) {
    run<pool9::unsynchronized_pool>(mode.substr(one_thread.size()));
  } else {
    run<pool>(mode);
  }
  std::printf("the end of %s\n", arguments[1]);
}
