// SPDX-License-Identifier: BSD-2-Clause
// POOL9_OPTIONS: diagnostics without recompiling, for named pools or all.
#include "pool/environment.hpp"

#include <cstring>
#include <pool9/unsynchronized_pool.hpp>

#include "misuse.hpp"

namespace pool9::test {
namespace {

pool_options named(page_source& source, const char* name) {
  return {.name = name, .item_size = 40, .idle_time = never_idle, .source = &source};
}
bool has_diagnostics(pool& p) {
  p.put(p.get());
  return (p.stats().tight & POOL_TIGHT_DIAGNOSTIC) != 0;
}

TEST(Globs, StandForNames) {
  using detail::matches;
  static_assert(matches("orders", "orders") && !matches("orders", "order"));
  static_assert(matches("*", "") && matches("*", "anything"));
  static_assert(matches("cache-*", "cache-1") && !matches("cache-*", "cache"));
  static_assert(matches("*-?", "a-b-c") && !matches("*-?", "a-b-"));
  static_assert(matches("a*b*c", "aXbbYc") && !matches("a*b*c", "acb"));
  static_assert(matches("**", "x") && !matches("", "x") && matches("", ""));
}

TEST(Environment, GivesDiagnosticsToAllPools) {
  const environment e("diagnostic");
  test_source source;
  pool p(named(source, "any"));
  EXPECT_TRUE(has_diagnostics(p));
}

TEST(Environment, GivesDiagnosticsToNamedPoolsOnly) {
  const environment e("sanitize=0;diagnostic:orders,cache-*");
  test_source source;
  pool orders(named(source, "orders")), cached(named(source, "cache-7")), other(named(source, "o"));
  EXPECT_TRUE(has_diagnostics(orders));
  EXPECT_TRUE(has_diagnostics(cached));
  EXPECT_FALSE(has_diagnostics(other));
}

TEST(Environment, LaterClausesWin) {
  const environment e(" diagnostic ; diagnostic=0 : quiet-* ;; log=1 ");
  const auto quiet = detail::from_environment("quiet-1"), loud = detail::from_environment("loud");
  EXPECT_FALSE(quiet.diagnostic);
  EXPECT_TRUE(loud.diagnostic);
  EXPECT_TRUE(quiet.usage_log && loud.usage_log);
}

TEST(Environment, TakesNumbersAndTimes) {
  const environment e("quarantine=64;held=2m:a;held=3:b;held=1h:c;abort=0");
  EXPECT_EQ(detail::from_environment("a").held_too_long, 120u);
  EXPECT_EQ(detail::from_environment("b").held_too_long, 3u);
  EXPECT_EQ(detail::from_environment("c").held_too_long, 3600u);
  EXPECT_EQ(detail::from_environment("d").held_too_long, std::nullopt);
  EXPECT_EQ(detail::from_environment("d").quarantine, 64u);
  EXPECT_FALSE(detail::from_environment("d").may_abort);
}

TEST(Environment, ChangesNothingOfWhatThePoolIsMadeFor) {
  const environment e("diagnostic;quarantine=1000");
  test_source source;
  pool_options o = named(source, "exact");
  o.item_size = 4096;
  o.page_size = 4096;  // red zones would not fit
  o.hard_limit = 3;
  pool p(o);
  std::vector<void*> items = get_n(p, 3);
  EXPECT_EQ(p.try_get(), nullptr);
  put_all(p, items);
  items = get_n(p, 3);  // though they are in quarantine
  put_all(p, items);
  EXPECT_EQ(p.stats().pages, 3u);
  EXPECT_EQ(p.check(), "");
}

TEST(Environment, StorageHoldsAsManyItemsAsWithout) {
  alignas(64) static std::byte storage[8192];
  std::size_t n[2] = {};
  for (const bool diagnosed : {false, true}) {
    const environment e(diagnosed ? "diagnostic" : "");
    no_source none;
    pool p(named(none, "stored"));
    n[diagnosed] = p.prime(std::span(storage));
    std::vector<void*> items = get_n(p, n[diagnosed]);
    put_all(p, items);
  }
  EXPECT_EQ(n[0], n[1]);
}

/// Storage that comes when pages did already.
template <class Pool>
void expect_room_for_all() {
  alignas(64) static std::byte storage[8192];
  test_source source;
  std::size_t n_without = 0;
  for (const char* const asked : {"", ";diagnostic", ";log;diagnostic;quarantine=3"}) {
    const report_catcher caught;
    const environment e(("sanitize=0" + std::string(asked)).c_str());
    Pool p(named(source, "late"));
    void* const first = p.try_get();
    const std::size_t n = p.prime(std::span(storage));
    if (n_without == 0) n_without = n;
    EXPECT_EQ(n, n_without) << asked;

    const std::size_t in_page = p.stats().total - n;
    std::vector<void*> items(p.stats().free);
    ASSERT_TRUE(p.try_get_bulk(items));
    for (void* const item : items) std::memset(item, 1, p.item_size());  // and not one byte beyond
    for (void* const item : items) p.put(item);
    EXPECT_EQ(caught.n_reports(), 0u) << caught.only().text;
    EXPECT_EQ(p.check(), "");
    if (*asked != '\0') {
      EXPECT_LT(in_page, 4096 / p.item_size()) << "red zones where they fit";
      auto* const stored = static_cast<char*>(p.try_get());
      p.put(hidden(stored + 5));
      EXPECT_EQ(caught.only().item, stored);
      static_cast<char*>(first)[p.item_size()] = 'x';
      p.put(first);
      EXPECT_EQ(caught.reports().back().misuse, misuse_kind::overrun);
      p.put(stored);
    }
    p.put(first);
  }
}
TEST(Environment, StorageThatComesLaterHoldsAsManyItemsToo) {
  expect_room_for_all<pool>();
  expect_room_for_all<unsynchronized_pool>();
}

// The warning comes once in a process.
TEST(EnvironmentDeathTest, NamesWhatMeansNothing) {
  const auto warned = [] {
    setenv("POOL9_OPTIONS", "diagnostik:x;held=soon;quarantine", 1);
    print_reports();
    test_source source;
    pool p(named(source, "first")), q(named(source, "second"));
    p.put(p.get());
    q.put(q.get());
    std::fprintf(stderr, "the end\n");
    std::abort();
  };
  const std::string means_nothing =
      "' means nothing and is ignored; settings are diagnostic, log, quarantine=ITEMS, "
      "held=TIME, guard=REFILLS, malloc, sanitize=0, abort=0, each with :POOL,POOL... or for all "
      "pools\n  look at docs/MISUSE.md, section POOL9_OPTIONS\n";
  const std::string start = "warning by <POOL9_OPTIONS> about <>: POOL9_OPTIONS: '";
  EXPECT_DEATH(warned(), "^" + start + "diagnostik:x" + means_nothing + start + "held=soon" +
                             means_nothing + start + "quarantine" + means_nothing + "the end");
}

TEST(EnvironmentDeathTest, SaysWhatToLookAtHoweverLongTheClause) {
  const auto warned = [] {
    setenv("POOL9_OPTIONS", (std::string(5000, 'x') + ";diagnostic:").c_str(), 1);
    print_reports();
    test_source source;
    pool p(named(source, "first"));
    p.put(p.get());
    std::abort();
  };
  EXPECT_DEATH(warned(),
               "'x{80}\\.\\.\\.' means nothing[^\n]*\n  look at docs/MISUSE.md[^\n]*\n"
               "[^\n]*'diagnostic:' means nothing");
}

TEST(EnvironmentDeathTest, LetsAProgramGoOnAfterMisuse) {
  const auto misuse = [] {
    setenv("POOL9_OPTIONS", "abort=0:forgiven", 1);
    test_source source;
    int foreign = 0;
    pool p(named(source, "forgiven")), q(named(source, "strict"));
    p.put(hidden(&foreign));
    static_cast<void>(p.reclaim());
    std::fprintf(stderr, "still there\n");
    q.put(hidden(&foreign));
    static_cast<void>(q.reclaim());
    std::fprintf(stderr, "never here\n");
  };
  // An emulator has the last word.
  EXPECT_EXIT(misuse(), testing::KilledBySignal(SIGABRT),
              "still there\n.*look at [^\n]*\n(qemu: [^\n]*\n)?$");
}

}  // namespace
}  // namespace pool9::test
