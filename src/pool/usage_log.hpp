// SPDX-License-Identifier: BSD-2-Clause
// Who got and put what, lately: a ring of calls, for print() and for reports.
//
// Born by the first entry; without memory for it, there is none.  Not thread-safe.
#pragma once
#include <cstddef>
#include <pool9/fault.hpp>

#include "pool/wording.hpp"

namespace pool9::inline v1::detail {
struct layout_access;

class usage_log {
 public:
  struct entry {
    const char* action;  // "get" or "put"
    const void* item;
    call_site where;
  };
  constexpr usage_log() noexcept = default;
  usage_log(const usage_log&) = delete;
  usage_log& operator=(const usage_log&) = delete;
  ~usage_log();

  void add(const char* action, const void* item, const call_site& where) noexcept;

  /// Appends the entry to a text.
  static void add_entry(auto& text, const entry& e) {
    text.add("%s %p", e.action, e.item);
    add_site(text, e.where);
  }
  /// Calls f(const entry&), oldest first, for the last `most` entries about `item`; nullptr: about
  /// any.
  template <class F>
  void for_last(std::size_t most, const void* item, F f) const {
    std::size_t n = 0, from = n_entries();
    while (from > 0 && n < most)
      if (const entry& e = at(--from); item == nullptr || e.item == item) ++n;
    for (; from < n_entries(); ++from)
      if (const entry& e = at(from); item == nullptr || e.item == item) f(e);
  }

  /// Appends the last entries about `address`, or about any if there is none, each on a line.
  template <std::size_t Size>
  void tell_of(const void* address, base::text<Size>& text) const {
    std::size_t n = 0;
    const auto add = [&](const entry& e) {
      text.add("\n  ");
      add_entry(text, e);
      ++n;
    };
    if (address != nullptr) for_last(8, address, add);
    if (n == 0) for_last(8, nullptr, add);
  }

 private:
  friend struct layout_access;
  static constexpr std::size_t size =
      256;  // some 10 KiB: the last hundred items' comings and goings
  std::size_t n_entries() const noexcept { return n_ < size ? n_ : size; }
  const entry& at(std::size_t i) const noexcept { return ring_[(n_ - n_entries() + i) % size]; }

  entry* ring_ = nullptr;
  std::size_t n_ = 0;  // ever
};

}
