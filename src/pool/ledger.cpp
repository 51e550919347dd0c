// SPDX-License-Identifier: BSD-2-Clause
#include "pool/ledger.hpp"

#include <algorithm>
#include <cstring>

#include "base/arena.hpp"

namespace pool9::inline v1::detail {

ledger::~ledger() { base::arena::release(table_, capacity_ * sizeof(record)); }

bool ledger::start(std::size_t capacity) noexcept {
  table_ = static_cast<record*>(base::arena::allocate(capacity * sizeof(record)));
  capacity_ = table_ != nullptr ? capacity : 0;
  return table_ != nullptr;
}

ledger::record* ledger::place(const void* item) const noexcept {
  const std::uint64_t scrambled = base::address_of(item) * 0x9E3779B97F4A7C15u;  // Fibonacci
  for (std::size_t i = scrambled >> 20;; ++i) {
    record& r = table_[i & (capacity_ - 1)];
    if (r.item == nullptr || r.item == item) return &r;
  }
}

ledger::record* ledger::find(const void* item) const noexcept {
  if (capacity_ == 0 || item == nullptr) return nullptr;
  record* const r = place(item);
  return r->item != nullptr ? r : nullptr;
}

void ledger::note(event& e, const caller& by) noexcept {
  e.where = by.where;
  e.time_ns = base::os::steady_ns();
  e.thread = base::os::thread_number();
  e.n_stack = by.n_stack;
  std::copy(by.stack, by.stack + by.n_stack, e.stack);
}

bool ledger::event::is_from_where(const event& other) const noexcept {
  const auto same_text = [](const char* a, const char* b) {
    return a == b || (a != nullptr && b != nullptr && std::strcmp(a, b) == 0);
  };
  if (where.file != nullptr || other.where.file != nullptr)
    return where.line == other.where.line && same_text(where.file, other.where.file);
  return is_known() == other.is_known() &&
         std::equal(stack, stack + n_stack, other.stack, other.stack + other.n_stack);
}

}
