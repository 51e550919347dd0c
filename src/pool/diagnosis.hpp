// SPDX-License-Identifier: BSD-2-Clause
// What a pool with diagnostics has beside its items: marks in them, a record of each, and a
// quarantine, where items that were put wait, so that who still writes to them is found.
//
// Items in quarantine are free to everybody but the pages.  Guarded by the lock of the pool.
#pragma once
#include <array>

#include "pool/ledger.hpp"
#include "pool/poison.hpp"
#include "pool/sanitizing.hpp"

namespace pool9::inline v1::detail {

struct diagnosis {
  /// nullptr: no memory.
  /// `lends`: items are blocks of malloc's, and nothing is written to what they stand in for.
  static diagnosis* make(std::size_t item_size, const page::page_set& pages, std::size_t quarantine,
                         bool lends) noexcept;
  static void release(diagnosis* d) noexcept;

  /// Writes down that an item was got, into its record if there is one.
  static void note_got(ledger::record* r, const caller& by) noexcept;
  /// Checks and poisons an item that is put, and gives it back to its pages, or to quarantine.
  /// `interior`, and `found` says what: it was written around.  `tools`: nullptr if none watches.
  page::give_result give(page::page_set& pages, void* item, const caller& by,
                         const tool_view* tools) noexcept;
  /// The items that were ever got and written while they are free, a few at most; then they are as
  /// new.  `tools`: nullptr if none watches.
  struct spoiled {
    std::array<finding, 8> all;
    std::size_t n = 0;
  };
  spoiled look_at_all_free(const page::page_set& pages, const tool_view* tools) const noexcept;

  /// The item that is in quarantine for longest.  Requires: n_detained > 0.
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

  /// Writes down that an item was put, which may have to wait in quarantine.  Returns what leaves
  /// it: nullptr, another item, or the same.
  void* note_put(void* item, const caller& by) noexcept;
  void* detain(void* item, ledger::record& r) noexcept;

  void** ring_ = nullptr;  // of most_detained items
  std::size_t oldest_ = 0;
};

}
