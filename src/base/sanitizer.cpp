// SPDX-License-Identifier: BSD-2-Clause
#include "base/sanitizer.hpp"

// Its requests are a few instructions that do nothing elsewhere.
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#pragma GCC diagnostic ignored "-Wunused-value"
#define POOL9_VALGRIND(request) request
#define POOL9_ON_VALGRIND (RUNNING_ON_VALGRIND != 0)
#else
#define POOL9_VALGRIND(request) static_cast<void>(0)
#define POOL9_ON_VALGRIND false
#endif

extern "C" {
[[gnu::weak]] void __asan_poison_memory_region(const volatile void* p, std::size_t n);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void* p, std::size_t n);
[[gnu::weak]] void __msan_unpoison(const volatile void* p, std::size_t n);
[[gnu::weak]] void __msan_poison(const volatile void* p, std::size_t n);
[[gnu::weak]] void __lsan_register_root_region(const void* p, std::size_t n);
[[gnu::weak]] void __lsan_unregister_root_region(const void* p, std::size_t n);
}

namespace pool9::base::sanitizer {

bool present() noexcept {
  return __asan_poison_memory_region != nullptr || __msan_poison != nullptr || POOL9_ON_VALGRIND;
}

void hide(const void* p, std::size_t n) noexcept {
  if (__asan_poison_memory_region != nullptr) __asan_poison_memory_region(p, n);
  if (__msan_poison != nullptr) __msan_poison(p, n);
  POOL9_VALGRIND(VALGRIND_MAKE_MEM_NOACCESS(p, n));
}
void show(const void* p, std::size_t n) noexcept {
  if (__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(p, n);
  if (__msan_unpoison != nullptr) __msan_unpoison(p, n);
  POOL9_VALGRIND(VALGRIND_MAKE_MEM_DEFINED(p, n));
}
void show_empty(const void* p, std::size_t n) noexcept {
  if (__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(p, n);
  if (__msan_poison != nullptr) __msan_poison(p, n);
  POOL9_VALGRIND(VALGRIND_MAKE_MEM_UNDEFINED(p, n));
}

void add_root(const void* p, std::size_t n) noexcept {
  if (__lsan_register_root_region != nullptr) __lsan_register_root_region(p, n);
}
void remove_root(const void* p, std::size_t n) noexcept {
  if (__lsan_unregister_root_region != nullptr) __lsan_unregister_root_region(p, n);
}

void pool_born([[maybe_unused]] const void* pool, [[maybe_unused]] std::size_t zone) noexcept {
  POOL9_VALGRIND(VALGRIND_CREATE_MEMPOOL(pool, zone, 0));
}
void pool_ended([[maybe_unused]] const void* pool) noexcept {
  POOL9_VALGRIND(VALGRIND_DESTROY_MEMPOOL(pool));
}
void item_got([[maybe_unused]] const void* pool, const void* item, std::size_t n) noexcept {
  show_empty(item, n);
  POOL9_VALGRIND(VALGRIND_MEMPOOL_ALLOC(pool, item, n));
}
void item_put([[maybe_unused]] const void* pool, [[maybe_unused]] const void* item) noexcept {
  POOL9_VALGRIND(VALGRIND_MEMPOOL_FREE(pool, item));
}

}
