// SPDX-License-Identifier: BSD-2-Clause
// poolstat on live programs of every kind of linking, on core files, and on programs that are stuck
// or change all the while.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "programs.hpp"
#include "stress/sanitized.hpp"
#include "support/gate.hpp"

namespace pool9::test {
namespace {

using namespace std::chrono_literals;

const std::string poolstat = POOL9_POOLSTAT;

/// How long the oldest waits is all that differs between two looks.
std::string without_waits(const std::string& json) {
  const std::string field = "\"oldest_wait_ns\": ";
  std::string text = json;
  for (std::size_t at = 0; (at = text.find(field, at)) != std::string::npos; at += field.size())
    text.erase(at + field.size(), text.find(',', at) - at - field.size());
  return text;
}
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// One of the programs made of seen.cpp, which has come to where it can be looked into.
struct seen {
  seen(const std::string& how, const std::string& mode)
      : path(POOL9_SEEN_DIRECTORY "/seen-" + how),
        p({path, mode}, is_open()),
        own(p.read_until("ready\n")),
        pid(std::to_string(p.pid())) {
    own.resize(own.size() - std::min<std::size_t>(own.size(), 6));
  }
  /// Standard input that does not end.
  static int is_open() {
    static int ends[2] = {-1, -1};
    if (ends[0] < 0 && ::pipe2(ends, O_CLOEXEC) != 0) return -1;
    return ends[0];
  }
  const std::string path;
  program p;
  std::string own;
  const std::string pid;
};

class Poolstat : public ::testing::Test {
 protected:
  void SetUp() override {
    if (poolstat.empty()) GTEST_SKIP() << "poolstat is not built";
  }
};

class PoolstatOf : public Poolstat, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    Poolstat::SetUp();
    if (!std::filesystem::exists(POOL9_SEEN_DIRECTORY "/seen-" + GetParam()))
      GTEST_SKIP() << "not built with a sanitizer";
  }
};

TEST_P(PoolstatOf, SaysWhatTheProcessSaysOfItself) {
  seen s(GetParam(), "quiet");
  const program_end look = run({poolstat, "--json", s.pid});
  EXPECT_EQ(look.status, 0) << look.text;
  EXPECT_EQ(look.text, s.own);
  EXPECT_TRUE(has(s.own, "\"stored\"")) << s.own;
}
TEST_P(PoolstatOf, FindsTheNoteThatReadelfShows) {
  const std::string file =
      GetParam() == "shared" ? POOL9_SHARED_LIBRARY : POOL9_SEEN_DIRECTORY "/seen-" + GetParam();
  EXPECT_TRUE(matches(run({"readelf", "-nW", file}).text,
                      "pool9 +0x0+10[^\n]*type|pool9 +0x0+10\tNT_VERSION"));
}

INSTANTIATE_TEST_SUITE_P(EveryLinking, PoolstatOf,
                         ::testing::Values("pie", "no_pie", "static", "shared", "stripped"),
                         [](const auto& how) { return how.param; });

TEST_F(Poolstat, LooksIntoACoreFile) {
  if (!is_installed("gcore")) GTEST_SKIP() << "gcore (Debian's gdb) is not installed";
  if (sanitized) GTEST_SKIP() << "a sanitizer's shadow makes core files of terabytes";
  for (const std::string how : {"pie", "shared", "stripped", "static"}) {
    seen s(how, "stuck");
    const std::string core = ::testing::TempDir() + "poolstat_test";
    const program_end made = run({"gcore", "-o", core, s.pid});
    const std::string file = core + "." + s.pid;
    if (made.status != 0) GTEST_SKIP() << "gcore may not: " << made.text;
    const program_end json = run({poolstat, "--json", "--core", file, s.path});
    EXPECT_EQ(json.status, 0);
    EXPECT_EQ(without_waits(json.text), without_waits(s.own)) << how;
    const program_end who = run({poolstat, "waiters", "--core", file, s.path, "stuck"});
    EXPECT_EQ(who.status, 0);
    EXPECT_TRUE(has(who.text, "2  thread ")) << who.text;
    EXPECT_EQ(run({poolstat, "--core", s.path, file}).status, 2) << "the other way round";
    for (const std::string no_program : {"/dev/null", "/nonexistent"}) {
      const program_end none = run({poolstat, "--core", file, no_program});
      EXPECT_EQ(none.status, 2) << none.text;
      EXPECT_EQ(none.text, "poolstat: " + no_program + ": not a program\n");
    }
    const program_end other = run({poolstat, "--core", file, poolstat});
    EXPECT_EQ(other.status, 2) << other.text;
    EXPECT_EQ(other.text, "poolstat: " + file + ": is not of " + poolstat + "\n");
    std::filesystem::remove(file);
  }
}

// Whoever made the core file may mean no good.
TEST_F(Poolstat, NeitherWaitsForWhatACoreFileNamesNorSendsItToATerminal) {
  const std::string directory = ::testing::TempDir(), core = directory + "poolstat_hostile",
                    program = core + "_program", pipe = core + "_pipe";
  ::unlink(pipe.c_str());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& name : {pipe, std::string("/no\x1B[31mfile\x07")}) {
    ASSERT_EQ(run({"python3", "-B", beside("hostile_core.py"), core, program, name}).status, 0);
    const program_end look = run({"timeout", "20", poolstat, "--core", core, program});
    EXPECT_EQ(look.status, 2);
    const std::string shown = name == pipe ? pipe : "/no?[31mfile?";
    EXPECT_EQ(look.text, "poolstat: " + core + ": needs " + shown +
                             ", which is not there, or not the one it was\n");
  }
}

TEST_F(Poolstat, NamesWhoHoldsItemsInACoreFileWithoutTimes) {
  if (!is_installed("gcore")) GTEST_SKIP() << "gcore (Debian's gdb) is not installed";
  if (sanitized) GTEST_SKIP() << "a sanitizer's shadow makes core files of terabytes";
  seen s("pie", "held");
  const std::string core = ::testing::TempDir() + "poolstat_held";
  const program_end made = run({"gcore", "-o", core, s.pid});
  if (made.status != 0) GTEST_SKIP() << "gcore may not: " << made.text;
  const std::string file = core + "." + s.pid;
  for (const std::string of : {"watched", "guarded"}) {
    const program_end look = run({poolstat, "who", "--core", file, s.path, of});
    EXPECT_EQ(look.status, 0);
    EXPECT_TRUE(matches(look.text, "\n +[1-9][0-9]* +\\? +\\? +0x[0-9a-f]+  [^\n]*keep"))
        << look.text;
  }
  std::filesystem::remove(file);
}

TEST_F(Poolstat, NamesThoseWhoWaitInAProcessThatIsStuckOrStopped) {
  // Frames that the address sanitizer keeps for a while lie in no thread's stack.
  ::setenv("ASAN_OPTIONS", "detect_stack_use_after_return=0", 1);
  seen s("pie", "stuck");
  for (int i = 0; i < 2; ++i) {
    const program_end look = run({poolstat, "waiters", s.pid, "stuck"});
    EXPECT_EQ(look.status, 0) << look.text;
    EXPECT_TRUE(matches(look.text,
                        "^pool 1 'stuck': 2 waiting, 2 of 2 items out\n"
                        " +WAITED  ITEMS  WHO\n"
                        "1  [0-9]+\\.[0-9]{3} s +2  thread [0-9]+ patient\n"
                        "2  [0-9]+\\.[0-9]{3} s +1  callback .*served_at_last.* "
                        "\\(seen-pie\\)\n$"))
        << look.text;
    EXPECT_TRUE(has(run({poolstat, s.pid}).text, "tight:waiters,limit"));
    ::kill(s.p.pid(), SIGSTOP);
  }
}

TEST_F(Poolstat, NamesWhoHoldsItemsByCallSite) {
  seen s("pie", "quiet");
  const program_end look = run({poolstat, "who", s.pid, "twin \"one\""});
  EXPECT_EQ(look.status, 0);
  EXPECT_TRUE(has(look.text, "seen.cpp:1\n")) << look.text;
  EXPECT_TRUE(matches(look.text, "\n +3 +4 +2 +0x[0-9a-f]+  seen.cpp:1\n"));
  EXPECT_TRUE(matches(look.text, "\n +2 +1 +0 +0x[0-9a-f]+  seen.cpp:2\n"));
  EXPECT_TRUE(has(look.text, "who has them is not known")) << "the other pool of that name";
}

TEST_F(Poolstat, LooksIntoAProcessWhoseFirstThreadHasEnded) {
  if (sanitized) GTEST_SKIP() << "a sanitizer's runtime wants that thread";
  seen s("pie", "left");
  const program_end look = run({poolstat, "--json", s.pid});
  EXPECT_EQ(look.status, 0) << look.text;
  EXPECT_EQ(without_waits(look.text), without_waits(s.own));
  const program_end who = run({poolstat, "waiters", s.pid, "stuck"});
  EXPECT_TRUE(matches(who.text, "\n1 .* thread [0-9]+ patient\n2 .* callback ")) << who.text;
}

// A program that was replaced while it runs.
TEST_F(Poolstat, NamesFunctionsOfAProgramThatIsDeleted) {
  const std::string file = ::testing::TempDir() + "poolstat_deleted";
  std::filesystem::copy_file(POOL9_SEEN_DIRECTORY "/seen-pie", file,
                             std::filesystem::copy_options::overwrite_existing);
  program p({file, "held"}, seen::is_open());
  p.read_until("ready\n");
  std::filesystem::remove(file);
  const program_end look = run({poolstat, "who", std::to_string(p.pid()), "watched"});
  EXPECT_EQ(look.status, 0) << look.text;
  EXPECT_TRUE(matches(look.text, "\n[^\n]*keep[^\n]*main")) << look.text;
}

TEST_F(Poolstat, NamesWhoHoldsItemsByTheRecordsOfDiagnostics) {
  seen s("pie", "held");
  const std::string says =
      "^pool 1 'watched': 5 items out\n"
      "ITEMS +OLDEST +NEWEST +OLDEST ITEM +GOT AT\n"
      " +3 +[0-9]+\\.[0-9]{3} s +[0-9]+\\.[0-9]{3} s +0x[0-9a-f]+  "
      "seen.cpp:1 < [^\n]*keep[^\n]* \\(seen-pie\\)[^\n]*\n"
      " +2 +[0-9]+\\.[0-9]{3} s +[0-9]+\\.[0-9]{3} s +0x[0-9a-f]+  "
      "[^\n]*keep[^\n]* \\(seen-pie\\)[^\n]*\n$";
  const program_end look = run({poolstat, "who", s.pid, "watched"});
  EXPECT_EQ(look.status, 0);
  EXPECT_TRUE(matches(look.text, says)) << look.text;
  EXPECT_EQ(run({poolstat, "--json", s.pid}).text, s.own) << "quarantine, too";
}

TEST_F(Poolstat, NamesWhoHoldsItemsOfAnyPoolBySamples) {
  seen s("pie", "held");
  const program_end look = run({poolstat, "who", s.pid, "guarded"});
  EXPECT_EQ(look.status, 0);
  EXPECT_TRUE(matches(look.text,
                      "^pool 2 'guarded': 5000 items out\nITEMS[^\n]*\n"
                      " +[1-9][0-9]* +[0-9]+\\.[0-9]{3} s +[0-9]+\\.[0-9]{3} s +0x[0-9a-f]+  "
                      "[^\n]*keep[^\n]* \\(seen-pie\\)[^\n]*\n"
                      "The sampled guard watches these; who has the 49[0-9]{2} others is not "
                      "known\\.\n$"))
      << look.text;
}

TEST_F(Poolstat, ReadsAProcessThatChangesAllTheWhile) {
  seen s("pie", "busy");
  const auto end = std::chrono::steady_clock::now() + 1500ms;
  int n_fine = 0, n = 0;
  for (; std::chrono::steady_clock::now() < end; ++n) {
    const program_end look = run({poolstat, s.pid});
    EXPECT_TRUE(look.status == 0 || look.status == 4) << look.status << look.text;
    EXPECT_TRUE(has(look.text, "  busy  ")) << look.text;
    n_fine += look.status == 0 ? 1 : 0;
  }
  EXPECT_GT(n_fine, n / 2) << "of " << n;
  const program_end watch = run({poolstat, "-w", "0.1", "-n", "2", s.pid});
  EXPECT_TRUE(matches(watch.text, "\n1 +busy +[0-9]+ .* [1-9][0-9]+ +0 ")) << watch.text;
}

TEST_F(Poolstat, OpenMetricsIsAccepted) {
  seen s("pie", "stuck");
  const std::string text = run({poolstat, "--openmetrics", s.pid}).text;
  EXPECT_EQ(run({"python3", "-B", beside("openmetrics.py")}, text).text, "");
  EXPECT_TRUE(has(text, "pool9_waiters{id=\"1\",name=\"stuck\"} 2\n"));
  if (!is_installed("promtool")) GTEST_SKIP() << "promtool (Debian's prometheus) is not installed";
  EXPECT_EQ(run({"promtool", "check", "metrics"}, text).text, "");
}

TEST_F(Poolstat, ReadsWhatStandsStillInAChangeAsFarAsItGoesAndSaysSo) {
  for (const std::string how : {"in a change", "turning", "nowhere"}) {
    seen s("torn", how);
    const auto start = std::chrono::steady_clock::now();
    const program_end look = run({poolstat, s.pid});
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
    EXPECT_EQ(look.status, 4) << how;
    EXPECT_TRUE(has(look.text, "  one  ") && has(look.text, "  two  ")) << how << look.text;
    EXPECT_TRUE(has(look.text, "incomplete: ")) << how << look.text;
  }
}

TEST_F(Poolstat, TakesNoLockOfTheProcess) {
  seen s("torn", "all locked");
  for (int i = 0; i < 2; ++i) {
    const program_end look = run({poolstat, s.pid});
    EXPECT_EQ(look.status, 0) << look.text;
    EXPECT_TRUE(has(look.text, "  one  ") && has(look.text, "  two  ")) << look.text;
    EXPECT_EQ(run({poolstat, "waiters", s.pid, "one"}).status, 0);
    EXPECT_EQ(run({poolstat, "who", s.pid, "one"}).status, 0);
    ::kill(s.p.pid(), SIGSTOP);
  }
}

TEST_F(Poolstat, ReadsOlderLibrariesAndRefusesNewerOnes) {
  const auto recalls_in = [](const std::string& how) {
    seen s("torn", how);
    const program_end look = run({poolstat, "--json", s.pid});
    EXPECT_EQ(look.status, 0) << look.text;
    return has(look.text, "\"recalls\": 1");
  };
  EXPECT_TRUE(recalls_in("not at all"));
  EXPECT_FALSE(recalls_in("older"));
  seen s("torn", "newer");
  const program_end look = run({poolstat, s.pid});
  EXPECT_EQ(look.status, 4);
  EXPECT_TRUE(has(look.text, "newer than this poolstat (layout 2, known: 1)")) << look.text;
}

const std::string httpd = POOL9_HTTPD;

/// examples/httpd with three clients for each that it serves.
struct loaded_server {
  program p{{httpd, "--root", POOL9_SEEING_DIRECTORY, "--port", "0", "--limit", "8"}};
  const std::string says = p.read_until(")\n");
  const std::string url =
      says.substr(says.find("http://"), says.find("/ (") - says.find("http://"));
  program load{{"wrk", "-t1", "-c24", "-d60", url + "/openmetrics.py"}};
  const std::string pid = std::to_string(p.pid());
};

TEST_F(Poolstat, ShowsTheServerUnderLoad) {
  if (httpd.empty() || !is_installed("wrk")) GTEST_SKIP() << "takes examples/httpd, and wrk";
  loaded_server server;
  std::string text;
  EXPECT_TRUE(run_until([&] {
    text = run({poolstat, "-w", "0.2", "-n", "1", server.pid}).text;
    return matches(text, "\n1 +connection( +[0-9]+){4} +[1-9][0-9]* +0 ");
  })) << text;
}

TEST_F(Poolstat, LooksIntoACoreFileOfTheServerUnderLoad) {
  if (httpd.empty() || !is_installed("wrk")) GTEST_SKIP() << "takes examples/httpd, and wrk";
  if (!is_installed("gcore")) GTEST_SKIP() << "gcore (Debian's gdb) is not installed";
  if (sanitized) GTEST_SKIP() << "a sanitizer's shadow makes core files of terabytes";
  loaded_server server;
  EXPECT_TRUE(run_until([&] {
    return matches(run({poolstat, "waiters", server.pid, "connection"}).text, ": 1[0-9] waiting");
  }));
  const std::string core = ::testing::TempDir() + "poolstat_httpd";
  const program_end made = run({"gcore", "-o", core, server.pid});
  const std::string file = core + "." + server.pid;
  if (made.status != 0) GTEST_SKIP() << "gcore may not: " << made.text;
  const auto look = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {poolstat, "--core", file, httpd});
    const program_end end = run(words);
    EXPECT_TRUE(end.status == 0 || end.status == 4) << end.status;  // it may be in a change
    return end.text;
  };
  const std::string table = look({});
  EXPECT_TRUE(matches(table, "\n *1  connection +[0-9]+ +[0-8] +[0-9]+ +[0-9]+ +[0-9]+ +8 +8 "))
      << table;
  EXPECT_TRUE(has(table, "  buffer  ") && has(table, "  lobby  ")) << table;
  const std::string waiters = look({"waiters", "connection"});
  EXPECT_TRUE(matches(waiters, "waiting, [0-8] of 8 items out\n")) << waiters;
  EXPECT_TRUE(matches(waiters, "\n1  +\\? +1  callback .* \\(httpd\\)\n")) << waiters;
  std::filesystem::remove(file);
}

TEST_F(Poolstat, EndsAsItsManualSays) {
  const auto expect = [](int status, std::vector<std::string> words, const std::string& says) {
    words.insert(words.begin(), poolstat);
    const program_end end = run(words);
    EXPECT_EQ(end.status, status) << end.text;
    EXPECT_TRUE(has(end.text, says)) << end.text;
  };
  program sleeper({"sleep", "1000"});
  seen s("pie", "stuck");
  expect(0, {"--help"}, "waiters");
  expect(0, {s.pid}, "stuck");
  expect(1, {}, "of which process?");
  expect(1, {"zero"}, "'zero' is no process number");
  expect(1, {s.pid, "more"}, "what is 'more'?");
  expect(1, {"--json", "--openmetrics", s.pid}, "excludes");
  expect(1, {"waiters", s.pid}, "of which pool?");
  expect(1, {"who", "--json", s.pid, "stuck"}, "who prints text, once");
  expect(1, {"waiters", "-w", "1", s.pid, "stuck"}, "waiters prints text, once");
  for (const char* const never : {"0", "nan", "1e300", "1s", ""})
    expect(1, {"-w", never, s.pid}, " is no number of seconds from 0.01 to 1000000");
  expect(1, {"-w", "1", "-n", "0", s.pid}, "not in range 1 to 2147483647");
  expect(2, {"99999999"}, "there is no process 99999999");
  expect(2, {"--core", "/dev/null", "/dev/null"}, "not a core file");
  expect(3, {std::to_string(sleeper.pid())}, "no program that uses pool9");
  const program_end lost =
      run({"sh", "-c", "exec \"$0\" --openmetrics $1 >/dev/full", poolstat, s.pid});
  EXPECT_EQ(lost.status, 4);
  EXPECT_EQ(lost.text, "poolstat: standard output takes no more\n");
  expect(3, {"waiters", s.pid, "nix"}, "has no pool 'nix'");
  if (::geteuid() == 0) return;  // may look into everything
  expect(2, {"1"}, "ptrace_scope");
  expect(2, {"1"}, "CAP_SYS_PTRACE");
}

TEST_F(Poolstat, WithoutPermissionSaysWhatWouldHelp) {
  if (::geteuid() != 0 || !is_installed("setpriv")) GTEST_SKIP() << "takes root, and setpriv";
  seen s("pie", "stuck");
  const program_end look = run({"setpriv", "--reuid=65534", "--clear-groups", poolstat, s.pid});
  if (has(look.text, "No such file") || has(look.text, "failed to execute"))
    GTEST_SKIP() << "nobody may not run poolstat here";
  EXPECT_EQ(look.status, 2) << look.text;
  EXPECT_TRUE(has(look.text, "ptrace_scope") && has(look.text, "CAP_SYS_PTRACE")) << look.text;
}

}  // namespace
}  // namespace pool9::test
