// SPDX-License-Identifier: BSD-2-Clause
// Who holds the items of a pool with diagnostics: by the place where they were got, most first.
#pragma once
#include <array>

#include "base/text.hpp"
#include "pool/diagnosis.hpp"
#include "pool/steps.hpp"

namespace pool9::inline v1::detail {

class holders {
 public:
  using line_function = void (*)(void* context, std::string_view line);
  using list_text = base::text<3000>;

  enum class which { all, untold };  ///< untold: not reported as held for too long yet

  /// Finds who holds the items that are out, and were before or at `until`.  Once.  Requires what
  /// guards `watch`, which may be null.
  void find(const diagnosis* watch, std::uint64_t until = base::os::never,
            which w = which::all) noexcept;
  std::size_t n_items() const noexcept { return n_items_; }
  const void* first_item() const noexcept { return groups_[0].item; }
  const ledger::event& first_get() const noexcept { return groups_[0].got; }

  /// Most first, as lines of a report.
  list_text list(std::uint64_t now) const noexcept;
  /// Says in lines how many of the `out` items that are out these are, and where they were got;
  /// returns how many they are.  `is_known`: the pool has diagnostics.
  std::size_t describe(const char* pool, bool is_known, std::size_t out, std::uint64_t now,
                       line_function line, void* context) const noexcept;

  static constexpr const char* whose_get =
      "the first place: what is got there is not put, or is put late";

 private:
  /// Items that were got at one place.
  struct group {
    ledger::event got;  // of the one that was got first
    const void* item = nullptr;
    std::size_t n = 0;
  };
  class candidates;
  /// Calls f(line) for each line, with `most` frames of each stack; those of places that do not fit
  /// into so many rows are left out.
  template <class F>
  void for_each_line(std::uint64_t now, std::size_t most, std::size_t rows, F f) const noexcept;

  std::array<group, 6> groups_;
  std::size_t n_ = 0;
  std::size_t n_items_ = 0;
};

/// What is said of a pool that is to end while `out` items are out and `n_waiters` gets wait.
class busy_charge {
 public:
  /// `held`: nullptr if there are no diagnostics.
  busy_charge(const char* pool, const holders* held, std::size_t out,
              std::size_t n_waiters) noexcept;
  /// A report of it, while it lives.
  telling told(const call_site& where) const noexcept;

 private:
  base::text<96> text_;
  base::text<128> ask_;
  holders::list_text list_;
  const bool is_known_;
};

}
