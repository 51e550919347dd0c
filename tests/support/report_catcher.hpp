// SPDX-License-Identifier: BSD-2-Clause
// Records what the pools report, so that misuse can be tested in the process that commits it; and
// EXPECT_PANIC for what ends the process.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <mutex>
#include <pool9/fault.hpp>
#include <string>
#include <utility>
#include <vector>

namespace pool9::test {

/// A report with its texts copied.
struct caught_report {
  report_kind kind;
  std::string function;
  std::string file;
  int line;
  std::string pool;
  std::string text;
  const void* address;
  misuse_kind misuse;
  const void* item;
  std::uint64_t pool_id;
  bool knows_get, knows_put;
};

/// While it lives, reports are recorded instead of printed, and misuse returns to its caller.  Each
/// must fit on a screen and end with what to look at, but for warnings in the program's own words.
/// One at a time.
class report_catcher {
 public:
  report_catcher() {
    current().store(this);
    before_ = set_report_handler(record);
  }
  ~report_catcher() {
    set_report_handler(before_);
    current().store(nullptr);
  }
  report_catcher(const report_catcher&) = delete;
  report_catcher& operator=(const report_catcher&) = delete;

  std::vector<caught_report> reports() const {
    const std::scoped_lock lock(mutex_);
    return reports_;
  }
  std::size_t n_reports() const { return reports().size(); }
  std::size_t n_reports(report_kind kind) const {
    std::size_t n = 0;
    for (const auto& r : reports()) n += r.kind == kind ? 1 : 0;
    return n;
  }
  /// The only report so far; the test fails if there is not exactly one.
  caught_report only() const {
    const auto all = reports();
    EXPECT_EQ(all.size(), 1u);
    return all.size() == 1 ? all[0] : caught_report{};
  }
  void clear() {
    const std::scoped_lock lock(mutex_);
    reports_.clear();
  }
  /// Run for every report after it was recorded, on the thread that met it.
  void on_report(std::function<void()> f) {
    const std::scoped_lock lock(mutex_);
    on_report_ = std::move(f);
  }

 private:
  static std::atomic<report_catcher*>& current() {
    static std::atomic<report_catcher*> catcher{nullptr};
    return catcher;
  }
  static std::string copy(const char* s) { return s != nullptr ? s : ""; }

  static void record(const report& r) noexcept {
    report_catcher* self = current().load();
    if (self == nullptr) return;
    const std::string_view text = r.text;
    const bool is_programs_own = r.kind == report_kind::warning && r.misuse == misuse_kind::none;
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 22) << "more than a screen: " << text;
    EXPECT_TRUE(is_programs_own || text.rfind("\n  look at ") == text.rfind('\n')) << text;
    std::function<void()> hook;
    {
      const std::scoped_lock lock(self->mutex_);
      self->reports_.push_back({r.kind, copy(r.where.function), copy(r.where.file), r.where.line,
                                std::string(r.pool), std::string(r.text), r.address, r.misuse,
                                r.item, r.pool_id, r.last_get != nullptr, r.last_put != nullptr});
      hook = self->on_report_;
    }
    if (hook) hook();
  }

  mutable std::mutex mutex_;
  std::vector<caught_report> reports_;
  std::function<void()> on_report_;
  report_handler before_ = nullptr;
};

/// For the process of a death test: prints every part of a report, so that the expected words can
/// tell them apart, and returns; after a panic the library must then abort.
inline void print_reports() {
  set_report_handler([](const report& r) noexcept {
    const char* kind = r.kind == report_kind::panic    ? "panic"
                       : r.kind == report_kind::misuse ? "misuse"
                                                       : "warning";
    std::fprintf(stderr, "%s by <%s> about <%.*s>: %.*s\n", kind,
                 r.where.function != nullptr ? r.where.function : "",
                 static_cast<int>(r.pool.size()), r.pool.data(), static_cast<int>(r.text.size()),
                 r.text.data());
  });
}

}  // namespace pool9::test

/// `statement` panics; the report names `function` and `pool_name`, and its text begins
/// "function: pool 'name': " and goes on with `words` (a POSIX extended regular expression).
#define EXPECT_PANIC(statement, function, pool_name, words) \
  EXPECT_DEATH(                                             \
      {                                                     \
        pool9::test::print_reports();                       \
        statement;                                          \
      },                                                    \
      "panic by <" function "> about <" pool_name ">: " function ": pool '" pool_name "': " words)
