// SPDX-License-Identifier: BSD-2-Clause
// What a pool with diagnostics has beside its items: marks in them, a record of each, and a
// quarantine, where items that were put wait, so that who still writes to them is found.
//
// Items in quarantine are free to everybody but the pages.  Guarded by the lock of the pool.
#pragma once
#include "page/layout.hpp"
#include "pool/ledger.hpp"
#include "pool/poison.hpp"

namespace pool9::inline v1::detail {

struct diagnosis {
  /// nullptr: no memory.
  /// `lends`: items are blocks of malloc's, and nothing is written to what they stand in for.
  static diagnosis* make(std::size_t item_size, bool has_zones, std::size_t quarantine,
                         bool lends) noexcept;
  static void release(diagnosis* d) noexcept;

  /// Puts an item, whose record says so, into quarantine.  Returns what leaves for it: nullptr,
  /// another item, or the same.
  void* detain(void* item) noexcept;
  /// The item that is there for longest.  Requires: n_detained > 0.
  void* release_oldest() noexcept;
  bool holds(const void* item) const noexcept {
    const ledger::record* const r = records.find(item);
    return r != nullptr && r->now == ledger::state::in_quarantine;
  }

  const marks in_items;  // may be asked without the lock
  const std::size_t most_detained;
  const bool lends;
  std::size_t n_detained = 0;
  ledger records;
  finding found;  // by the get or put in progress; reported when the lock is released

 private:
  diagnosis(const marks& m, std::size_t quarantine, bool lends_blocks) noexcept
      : in_items(m), most_detained(quarantine), lends(lends_blocks) {}

  void** ring_ = nullptr;  // of most_detained items
  std::size_t oldest_ = 0;
};

}
