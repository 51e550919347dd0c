// SPDX-License-Identifier: BSD-2-Clause
// The part of a thread's magazine that every get and put goes through, inlined.  Not an interface.
//
// A magazine is a stack of free items that one thread, its owner, may pop from and push to without
// asking anybody.  Others may recall it at any time - take its items for the pool - and wait for
// nobody.  So an owner publishes, then looks:
//
//   get.1  t = top                          put.1  t = top; if t == limit: visit the pool
//   get.2  x = t[-1]; null: visit the pool  put.2  *t = x
//   get.3  top = t - 1        (release)     put.3  top = t + 1        (release)
//   get.4  if closed: visit with x          put.4  if closed: visit, x is pushed
//
//   recall.1  closed = 1, in every magazine of the pool, under the pool's lock
//   recall.2  membarrier: every thread of the process passes a full barrier
//   recall.3  t = top (acquire); what lies below t is the pool's from now on
//
// This is Dekker's protocol; the owner's fence, between its publishing and its look, is replaced by
// the recaller's barrier.  An owner that looked and saw an open magazine did so before the barrier:
// the recaller sees its new top, and neither misses nor takes its item.  An owner that sees a
// closed one visits the pool, which knows what the recaller saw (src/cache/magazine.hpp).  At most
// one operation of a magazine can be caught between publishing and looking, and it settles itself.
//
// Where a thread has no magazine its slot holds one that is both empty and full and is never
// written, so that "no cache here" falls out of the two checks that are made anyway.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <pool9/detail/in_place.hpp>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {
namespace detail {

struct alignas(64) magazine_top {
  /// Behind the item put last; below the first lies a null.  Stored by the owner: release in
  /// get.3 and put.3, which pairs with recall.3.
  std::atomic<void**> top;
  void** limit;                       // of top; the owner's, changed in its visits only
  std::atomic<std::uint64_t> n_puts;  // since the magazine was made; counted by the owner
  /// Stored by recall.1; the look of get.4 and put.4 pairs with it through recall.2.
  std::atomic<std::uint32_t> closed;
};

/// A thread's magazines: a pool with a slot finds its own there.  Slot 0 is no pool's.
inline constexpr std::uint32_t n_slots = 128;
struct slot_table {
  magazine_top* at[n_slots];
};
// Initial-exec: found without a call, in a library that is loaded late, too, being small.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local slot_table slots;

/// The calling thread's magazine.  A coroutine or a fiber may go on in another thread, so no
/// address in thread-local memory may be kept over a call.
[[gnu::always_inline]] inline magazine_top& magazine_at(std::uint32_t slot) noexcept {
#if defined(__aarch64__)
  // Compilers keep the thread pointer over a suspension (clang) unless reading it is volatile.
  std::uintptr_t thread;
  std::uintptr_t offset;
  __asm__ volatile("mrs %0, tpidr_el0" : "=r"(thread));
  __asm__(
      "adrp %0, :gottprel:_ZN5pool92v16detail5slotsE\n\t"
      "ldr %0, [%0, #:gottprel_lo12:_ZN5pool92v16detail5slotsE]"
      : "=r"(offset));
  return *reinterpret_cast<slot_table*>(thread + offset)->at[slot];
#else
  return *slots.at[slot];  // x86-64: relative to the %fs of the moment, in one instruction
#endif
}

/// get.1 to get.3.  nullptr: there is nothing to pop.
[[gnu::always_inline]] inline void* pop(magazine_top& m) noexcept {
  void** const t = m.top.load(std::memory_order_relaxed);  // relaxed: its own        get.1
  void* const item = t[-1];                                //                         get.2
  if (item != nullptr) m.top.store(t - 1, std::memory_order_release);  //             get.3
  return item;
}
/// put.1 to put.3.  false: it is full.
[[gnu::always_inline]] inline bool push(magazine_top& m, void* item) noexcept {
  void** const t = m.top.load(std::memory_order_relaxed);  // relaxed: its own        put.1
  if (t == m.limit) return false;
  *t = item;                                      //                                  put.2
  m.top.store(t + 1, std::memory_order_release);  //                                  put.3
  // release: whoever reads the figure sees at least so much pushed
  count_up(m.n_puts);
  return true;
}
/// get.4 and put.4: the look.
[[gnu::always_inline]] inline bool is_closed(const magazine_top& m) noexcept {
  // Keeps the compiler from looking before it publishes; recall.2 does the same to the processor.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return is_set(m.closed);
}

}  // namespace detail
}  // namespace v1
}  // namespace pool9
