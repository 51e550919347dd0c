// SPDX-License-Identifier: BSD-2-Clause
#include "cache/magazine.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/arena.hpp"

namespace pool9::cache {

namespace arena = base::arena;

namespace {

std::size_t array_bytes(std::size_t capacity) noexcept { return (capacity + 1) * sizeof(void*); }
void** make_array(std::size_t capacity) noexcept {
  auto** const words = static_cast<void**>(arena::allocate(array_bytes(capacity)));
  return words == nullptr ? nullptr : words + 1;
}

}

magazine* magazine::make(std::size_t capacity) noexcept {
  void* const memory = arena::allocate(sizeof(magazine));
  if (memory == nullptr) return nullptr;
  auto* const m = ::new (memory) magazine;
  m->base = make_array(capacity);
  if (m->base == nullptr) {
    arena::release(m, sizeof(magazine));
    return nullptr;
  }
  m->capacity = capacity;
  m->limit = m->base + std::min(capacity, smallest);
  m->taken = m->left = m->base;
  m->top.store(m->base, std::memory_order_relaxed);  // relaxed, both: nobody knows it yet
  m->closed.store(1, std::memory_order_relaxed);
  return m;
}

void magazine::release(magazine* m) noexcept {
  arena::release(m->base - 1, array_bytes(m->capacity));
  m->~magazine();
  arena::release(m, sizeof(magazine));
}

void magazine::deepen(std::size_t most) noexcept {
  const std::size_t wanted = std::min(2 * depth() + 1, most);
  if (wanted <= depth()) return;
  if (wanted > capacity) {
    const std::size_t larger = 2 * capacity + 1;
    void** const words = make_array(larger);
    if (words == nullptr) return;
    const std::size_t n = n_held();
    std::memcpy(words, base, n * sizeof(void*));
    arena::release(base - 1, array_bytes(capacity));
    base = taken = left = words;
    capacity = larger;
    // relaxed: recalls read it under the lock that is held
    top.store(base + n, std::memory_order_relaxed);
  }
  limit = base + wanted;
}

void magazine::add(std::span<void* const> items) noexcept {
  void** const t = top.load(std::memory_order_relaxed);
  std::copy(items.begin(), items.end(), t);
  top.store(t + items.size(), std::memory_order_relaxed);  // relaxed, as above
}

void magazine::drop_oldest(std::size_t n) noexcept {
  const std::size_t rest = n_held() - n;
  std::memmove(base, base + n, rest * sizeof(void*));
  top.store(base + rest, std::memory_order_relaxed);  // relaxed, as above
}

}
