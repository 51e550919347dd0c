// SPDX-License-Identifier: BSD-2-Clause
#include "cache/thread.hpp"

#include "base/arena.hpp"
#include "base/bits.hpp"
#include "base/os.hpp"
#include "cache/barrier.hpp"

namespace pool9::cache {

using detail::n_slots;
using detail::slot_table;

namespace {

constinit void* nothing[1] = {nullptr};
constinit base::word taken_slots[n_slots / base::word_bits] = {1};  // slot 0 is no pool's

}

// A null lies below its top, which is its limit.
constinit const detail::magazine_top none{{&nothing[1]}, &nothing[1], {0}, {0}};

namespace {

constexpr slot_table all_none() noexcept {
  slot_table t{};
  for (auto*& m : t.at) m = const_cast<detail::magazine_top*>(&none);  // it is never written
  return t;
}

}
}

constinit thread_local pool9::detail::slot_table pool9::detail::slots = pool9::cache::all_none();

namespace pool9::cache {

std::uint32_t claim_slot() noexcept {
  std::uint32_t first = 0;
  for (base::word& taken : taken_slots) {
    const auto free = static_cast<std::uint32_t>(std::countr_one(taken));
    taken |= taken + 1;
    if (free != base::word_bits) return first + free;
    first += base::word_bits;
  }
  return 0;
}
void release_slot(std::uint32_t slot) noexcept {
  if (slot != 0) taken_slots[slot / base::word_bits] &= ~base::bit(slot);
}

namespace this_thread {

constinit thread_local fenced_table* fenced = nullptr;

namespace {

enum class phase : unsigned char { outside, entering, inside, gone };

constinit thread_local phase now = phase::outside;
constinit std::atomic<void (*)(magazine&)> give_up{nullptr};  // the same for all

void at_exit(void*) noexcept {
  now = phase::gone;
  for (std::uint32_t slot = 0; slot < n_slots; ++slot) {
    magazine* const m = find(slot);
    if (m == nullptr) continue;
    remove(slot);
    give_up.load(std::memory_order_relaxed)(*m);
  }
  base::arena::release(fenced, sizeof(fenced_table));
  fenced = nullptr;
}

}

const void* id() noexcept { return &now; }

bool enter(void (*hook)(magazine&)) noexcept {
  if (now == phase::inside) return true;
  if (now != phase::outside) return false;
  now = phase::entering;  // what follows may call malloc, and that may be built on pools
  barrier::prepare();
  give_up.store(hook, std::memory_order_relaxed);  // relaxed: read by this thread
  const bool entered = base::os::at_thread_exit(at_exit);
  now = entered ? phase::inside : phase::outside;
  return entered;
}

bool insert(std::uint32_t slot, magazine& m) noexcept {
  m.fenced = !barrier::works();
  if (!m.fenced) {
    detail::slots.at[slot] = &m;
    return true;
  }
  if (fenced == nullptr)
    fenced = static_cast<fenced_table*>(base::arena::allocate(sizeof(fenced_table)));
  if (fenced != nullptr) fenced->at[slot] = &m;
  return fenced != nullptr;
}

void remove(std::uint32_t slot) noexcept {
  detail::slots.at[slot] = const_cast<detail::magazine_top*>(&none);
  if (fenced != nullptr) fenced->at[slot] = nullptr;
}

}
}
