// SPDX-License-Identifier: BSD-2-Clause
#include "pool/diagnosis.hpp"

#include <new>
#include <pool9/pool.hpp>
#include <utility>

#include "base/arena.hpp"

namespace pool9::inline v1::detail {

diagnosis* diagnosis::make(std::size_t item_size, const page::page_set& pages,
                           std::size_t quarantine, bool lends) noexcept {
  void* const memory = base::arena::allocate(sizeof(diagnosis));
  if (memory == nullptr) return nullptr;
  return ::new (memory) diagnosis(marks(lends ? 0 : item_size, pages), quarantine, lends);
}

void diagnosis::release(diagnosis* d) noexcept {
  if (d == nullptr) return;
  base::arena::release(d->ring_, d->most_detained * sizeof(void*));
  d->~diagnosis();
  base::arena::release(d, sizeof(diagnosis));
}

void diagnosis::note_got(ledger::record* r, const caller& by) noexcept {
  if (r == nullptr) return;
  r->now = ledger::state::out;
  r->is_told = false;
  ledger::note(r->got, by);
}

void* diagnosis::note_put(void* item, const caller& by) noexcept {
  ledger::record* const r = records.find(item);
  if (r == nullptr) return item;
  r->now = ledger::state::free;
  ledger::note(r->put, by);
  return most_detained != 0 ? detain(item, *r) : item;
}

page::give_result diagnosis::give(page::page_set& pages, void* item, const caller& by,
                                  const tool_view* tools) noexcept {
  using page::give_result;
  const give_result r = pages.ask(item);
  if (r != give_result::ok) return r;
  if (holds(item)) return give_result::already_free;
  if (tools != nullptr) tools->show_all(item);
  if ((found = in_items.look_around(item))) {
    if (tools != nullptr) tools->tell_still_out(item);
    return give_result::interior;
  }
  in_items.poison(item);
  if (tools != nullptr) tools->hide_put(item);
  if (void* const leaving = note_put(item, by)) pages.give(leaving);
  return r;
}

void* diagnosis::detain(void* item, ledger::record& r) noexcept {
  if (ring_ == nullptr)
    ring_ = static_cast<void**>(base::arena::allocate(most_detained * sizeof(void*)));
  if (ring_ == nullptr) return item;
  void* const leaving = n_detained == most_detained ? release_oldest() : nullptr;
  ring_[(oldest_ + n_detained++) % most_detained] = item;
  r.now = ledger::state::in_quarantine;
  return leaving;
}

void* diagnosis::release_oldest() noexcept {
  void* const item = ring_[oldest_];
  oldest_ = (oldest_ + 1) % most_detained;
  --n_detained;
  if (ledger::record* const r = records.find(item)) r->now = ledger::state::free;
  return item;
}

diagnosis::spoiled diagnosis::look_at_all_free(const page::page_set& pages,
                                               const tool_view* tools) const noexcept {
  spoiled s;
  records.for_each([&](const ledger::record& r) {
    if (s.n == s.all.size() || pages.ask(r.item) != page::give_result::already_free) return;
    void* const item = const_cast<void*>(r.item);
    if (tools != nullptr) tools->show_all(item);
    if ((s.all[s.n] = in_items.look_at_free(item))) ++s.n;
    if (tools != nullptr) tools->hide_all(item);
  });
  return s;
}

}
