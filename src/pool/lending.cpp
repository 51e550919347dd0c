// SPDX-License-Identifier: BSD-2-Clause
// pool_options::use_malloc: what callers have are blocks of malloc's, for tools that watch those.
//
// Each stands in for an item that is out meanwhile as far as the pages are concerned, so limits,
// reserve, waiting and counts know nothing of it; the record of a block says for which.  A get
// brings its block along, since malloc is not called with a lock held; so does a waiter.  Without
// memory for a block or its record, the item itself is handed out.
#include <cstdlib>
#include <utility>

#include "pool/core.hpp"

namespace pool9::inline v1::detail {

namespace {

/// What every malloc aligns to, those of tools included.
constexpr std::size_t common_align = 8;

/// Bytes from the start of a block to the item in it.
std::size_t lead_of(std::size_t align, std::size_t align_offset) noexcept {
  return (0 - align_offset) & (align - 1);
}

void* new_block(std::size_t size, std::size_t align, std::size_t align_offset) noexcept {
  const std::size_t lead = lead_of(align, align_offset);
  void* block = nullptr;
  if (align <= common_align) {
    block = std::malloc(lead + size);
  } else if (::posix_memalign(&block, align, lead + size) != 0) {
    return nullptr;
  }
  return block == nullptr ? nullptr : static_cast<std::byte*>(block) + lead;
}

}

void* core::start_of(void* block) const noexcept {
  if (block == nullptr) return nullptr;
  return static_cast<std::byte*>(block) - lead_of(alignment.to, alignment.offset);
}

void core::bring_blocks(const request& r) noexcept {
  if (r.enqueue != nullptr) {
    const base::locked hold(mutex);
    if (handoff::awaits(*r.enqueue)) return;  // it has one, and this get is misuse
  }
  for (void*& block : r.items) {
    block = new_block(item_size, alignment.to, alignment.offset);
    if (block == nullptr) continue;
    mutex.lock();
    ledger::record* const known = enter(block);
    if (known != nullptr) {
      *known = ledger::record{};  // an address of malloc's comes again
      known->item = block;
      known->now = ledger::state::to_be_lent;
    }
    mutex.unlock();
    if (known == nullptr) std::free(start_of(std::exchange(block, nullptr)));
  }
}

void core::drop_blocks(std::span<void* const> blocks) noexcept {
  for (void* const block : blocks) {
    mutex.lock();
    void* const start = drop_block(block);
    mutex.unlock();
    std::free(start);
  }
}
void* core::drop_block(void* block) noexcept {
  if (ledger::record* const known = watch->records.find(block)) known->now = ledger::state::free;
  return start_of(block);
}

void* core::lend(void* block, void* item) noexcept {
  ledger::record* const known = watch->records.find(block);
  if (known == nullptr) return item;
  known->behind = item;
  return block;
}

bool core::unlend(void*& item, void*& block, const caller& by) noexcept {
  ledger::record* const known = watch->records.find(item);
  if (known != nullptr && known->now == ledger::state::free && known->put.is_known()) return false;
  if (keeps_log(by.where)) log.add("put", item, by.where);
  if (known == nullptr || known->behind == nullptr) return true;
  known->now = ledger::state::free;
  ledger::note(known->put, by);
  block = std::exchange(item, std::exchange(known->behind, nullptr));
  return true;
}

void* core::next_lent(std::size_t& from) noexcept {
  const base::locked hold(mutex);
  const auto is_out = [](const ledger::record& r) { return r.now == ledger::state::out; };
  const ledger::record* const r = watch->records.next(from, is_out);
  return r != nullptr ? const_cast<void*>(r->item) : nullptr;
}

void core::free_blocks() noexcept {
  watch->records.for_each([&](const ledger::record& r) {
    if (r.behind != nullptr) std::free(start_of(const_cast<void*>(r.item)));
  });
}

}
