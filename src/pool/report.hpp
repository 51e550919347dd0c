// SPDX-License-Identifier: BSD-2-Clause
// The words of reports; and errors that are exceptions, or panics in a build without exceptions.
#pragma once
#include <cstddef>
#include <pool9/fault.hpp>

#include "base/text.hpp"
#include "pool/diagnosis.hpp"
#include "pool/steps.hpp"
#include "pool/usage_log.hpp"

namespace pool9::inline v1::detail {

using report_text = base::text<4000>;  // a screen full, and what print_and_abort() adds

/// A report of a pool as it grows: "function: pool 'name': text", with the place of the call if it
/// is known; then what is known of the item; at last what to look at.
class message {
 public:
  message(const telling& t, const char* pool, std::uint64_t pool_id) noexcept;
  message(const message&) = delete;
  message& operator=(const message&) = delete;
  /// `watch`: nullptr if there are no diagnostics.  Requires what guards these.
  void add_known(const diagnosis* watch, const usage_log& log) noexcept;
  /// No lock.
  void send() noexcept;

 private:
  const telling& told_;
  const char* const pool_;
  const std::uint64_t pool_id_;
  report_text text_;
  ledger::record known_;
};

/// Reports about a pool without an engine.
void say_unborn(report_kind kind, const call_site& where, const char* function, const char* name,
                const char* what, const char* look_at) noexcept;

/// std::bad_alloc that says so.
[[noreturn]] void no_memory_at_birth(const char* name, std::size_t reserve, std::size_t item_size);
/// std::invalid_argument.
[[noreturn]] void beyond_limit(const char* name, std::size_t n, std::size_t limit);

}
