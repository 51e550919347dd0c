// SPDX-License-Identifier: BSD-2-Clause
#include "base/arena.hpp"

#include <atomic>
#include <cstring>

#include "base/bits.hpp"
#include "base/mutex.hpp"
#include "base/os.hpp"

namespace pool9::base::arena {
namespace {

constexpr std::size_t smallest = 64;        // a cache line
constexpr std::size_t largest = 32 * 1024;  // beyond, whole system pages waste 1/8 at most
constexpr std::size_t chunk_bytes =
    256 * 1024;  // some 50 small pools; untouched parts cost nothing
constexpr unsigned classes = log2_of(largest / smallest) + 1;

struct free_block {
  free_block* next;
};

constinit mutex lock;
constinit free_block* free_blocks[classes] POOL9_GUARDED_BY(lock) = {};
constinit std::byte* fresh POOL9_GUARDED_BY(lock) = nullptr;  // zeroed, never handed out
constinit std::size_t n_fresh POOL9_GUARDED_BY(lock) = 0;
constinit std::atomic<std::size_t> n_out{0};  // relaxed: a figure, no more
constinit std::atomic<refusal> refuses{nullptr};

std::size_t block_size(std::size_t bytes) noexcept {
  return bytes <= smallest ? smallest : std::bit_ceil(bytes);
}

/// A block nobody had before.  What is left of the old chunk goes to the lists, largest part first.
void* cut(std::size_t size) noexcept POOL9_REQUIRES(lock) {
  if (n_fresh < size) {
    auto* chunk = static_cast<std::byte*>(os::map(chunk_bytes, os::page_size()));
    if (chunk == nullptr) return nullptr;
    while (n_fresh != 0) {
      const std::size_t part = std::bit_floor(n_fresh);
      auto* b = reinterpret_cast<free_block*>(fresh);
      free_block*& head = free_blocks[log2_of(part / smallest)];
      b->next = head;
      head = b;
      fresh += part;
      n_fresh -= part;
    }
    fresh = chunk;
    n_fresh = chunk_bytes;
  }
  void* const block = fresh;
  fresh += size;
  n_fresh -= size;
  return block;
}

}

void* allocate(std::size_t bytes) noexcept {
  if (const refusal r = refuses.load(std::memory_order_relaxed); r != nullptr && r())
    return nullptr;
  void* block = nullptr;
  if (bytes > largest) {
    block = os::map(bytes, os::page_size());
  } else {
    const std::size_t size = block_size(bytes);
    const locked hold(lock);
    free_block*& head = free_blocks[log2_of(size / smallest)];
    if (head != nullptr) {
      block = head;
      head = head->next;
      std::memset(block, 0, size);
    } else {
      block = cut(size);
    }
  }
  if (block != nullptr) n_out.fetch_add(bytes, std::memory_order_relaxed);
  return block;
}

void release(void* p, std::size_t bytes) noexcept {
  if (p == nullptr) return;
  n_out.fetch_sub(bytes, std::memory_order_relaxed);
  if (bytes > largest) return os::unmap(p, bytes);
  auto* const b = static_cast<free_block*>(p);
  const locked hold(lock);
  free_block*& head = free_blocks[log2_of(block_size(bytes) / smallest)];
  b->next = head;
  head = b;
}

std::size_t bytes_out() noexcept { return n_out.load(std::memory_order_relaxed); }
void set_refusal(refusal r) noexcept { refuses.store(r, std::memory_order_relaxed); }

void lock_all() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock.lock(); }
void unlock_all() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock.unlock(); }

}
