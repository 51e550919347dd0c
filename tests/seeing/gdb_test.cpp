// SPDX-License-Identifier: BSD-2-Clause
// The pretty-printers of tools/gdb, and the probes, in GDB itself.
#include <gtest/gtest.h>

#include "edges/emulated.hpp"
#include "programs.hpp"

namespace pool9::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const char* const without_debug_information = "without debug information (-g)";

class Gdb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_installed("gdb")) GTEST_SKIP() << "gdb is not installed";
    if (emulated) GTEST_SKIP() << "what is emulated has a debugger of another kind";
  }
  /// What GDB prints for these commands.
  static std::string debug(const std::string& mode, std::vector<std::string> commands,
                           const char* program = "seen-pie") {
    // Leaks cannot be looked for under a debugger.
    std::vector<std::string> words = {"env", "ASAN_OPTIONS=detect_leaks=0", "gdb", "-nx", "-batch"};
    commands.insert(commands.begin(), "source " POOL9_SEEING_DIRECTORY "/../../tools/gdb/pool9.py");
    for (const std::string& c : commands) {
      words.push_back("-ex");
      words.push_back(c == "run" ? "run " + mode + " </dev/null" : c);
    }
    words.push_back(std::string(POOL9_SEEN_DIRECTORY "/") + program);
    return run(words).text;
  }
};

TEST_F(Gdb, ListsAndPrintsPools) {
  const std::string text = debug("quiet", {"break await_end", "run", "pools", "print *shown",
                                           "print *shown->core_._M_b._M_p", "print *shown_one"});
  if (has(text, without_debug_information)) GTEST_SKIP() << "the library has none";
  for (const char* const line :
       {"pool 'twin \"one\"' = {id = 1, item_size = 3000, out = 60, cached = ",
        "pool 'parked' = {id = 3, item_size = 8, out = 2500, cached = 2620, free = 0,",
        "pool 'recalled' = {id = 4, item_size = 4096, out = 150, cached = 0, ",
        "$1 = pool 'cached' = {id = 2, item_size = 200, out = 250, ",
        "$2 = pool 'cached' = {id = 2, item_size = 200, out = 250, ",
        "$3 = pool 'one' = {item_size = 48, out = 65, cached = 5, "})
    EXPECT_TRUE(has(text, line)) << line << "\nis not in\n" << text;
  // How many the storage holds depends on the size of the engine, which lies there, too.
  EXPECT_TRUE(matches(text,
                      "pool 'stored' = .id = 6, item_size = 100, out = 200, cached = 0, "
                      "free = [0-9]+, total = 2[0-9]+, hard_limit = none, waiters = 0, "
                      "pages = 2, calm = False"))
      << text;
}

TEST_F(Gdb, KnowsThePoolsOfAProgramInC) {
  if (has(debug("quiet", {"break await_end", "run", "pools"}), without_debug_information))
    GTEST_SKIP() << "the library has none";
  const std::string text = debug("quiet", {"break await_end", "run", "set language c", "pools",
                                           "print *shown_in_c", "print *(struct pool *)shown_one"});
  EXPECT_TRUE(has(text, "pool 'cached' = {id = 2, item_size = 200, out = 250, ")) << text;
  EXPECT_TRUE(has(text, "$1 = pool 'in C' = {id = ")) << text;
  EXPECT_TRUE(has(text, "$2 = {pr_size = ")) << "no pool, but it is looked at\n" << text;
}

TEST_F(Gdb, PrintsAPoolThatSomebodyWaitsFor) {
  const std::string text = debug("stuck", {"break await_end", "run", "print *shown"});
  if (has(text, without_debug_information)) GTEST_SKIP() << "the library has none";
  EXPECT_TRUE(has(text, "hard_limit = 2, waiters = 2, pages = 1, calm = False}")) << text;
}

TEST_F(Gdb, SaysWhatItLacks) {
  const std::string text = debug("quiet", {"pools"}, "seen-stripped");
  EXPECT_TRUE(has(text, "one without debug information (-g); poolstat needs none.")) << text;
  EXPECT_FALSE(has(text, "Python Exception")) << text;
}

TEST_F(Gdb, StopsAtAProbeAndSeesItsArguments) {
  const std::string text =
      debug("stuck", {"break -probe-stap pool9:limit", "run", "print (char *)$_probe_arg1",
                      "print $_probe_arg2", "print $_probe_arg3"});
  EXPECT_TRUE(has(text, "\"stuck\"")) << text;
  EXPECT_TRUE(has(text, "$2 = 2\n$3 = 2\n")) << "two issued, of two at most\n" << text;
}

}  // namespace
}  // namespace pool9::test
