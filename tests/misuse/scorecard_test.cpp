// SPDX-License-Identifier: BSD-2-Clause
// The scorecard of docs/MISUSE.md: each of its lines is committed in a process of its own, and what
// is found there must be what the line says.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <future>
#include <map>
#include <pool9/unsynchronized_pool.hpp>
#include <thread>
#include <tuple>

#include "base/sanitizer.hpp"
#include "misuse.hpp"
#include "support/child.hpp"

namespace pool9::test {
namespace {

constexpr std::size_t size = 64;
constexpr std::size_t far = 1'000'000;

/// As exit statuses, which no tool uses.
enum verdict : int {
  at_the_call = 40,
  at_the_others_put,
  from_the_cache,
  at_the_get,
  nothing,
  broken,
  by_the_tool
};
constexpr const char* words[] = {"at the put",      "at the other's put", "leaving the cache",
                                 "at the next get", "if sampled",         "broken",
                                 "at once"};
volatile int now = at_the_call;  // what a report says now

/// Two pools, and enough items that a million bytes on both sides of one are the pool's.
template <class Pool>
struct pools {
  explicit pools(bool diagnostic)
      : p({.name = "first",
           .item_size = size,
           .idle_time = never_idle,
           .diagnostic = diagnostic,
           .guard_one_in = 0}),
        other({.name = "second", .item_size = size, .diagnostic = diagnostic}) {
    for (void*& i : items) i = p.try_get();
    std::sort(items.begin(), items.end());
    const auto found = std::ranges::find_if(items, [this](void* i) { return owns_around(i); });
    if (found == items.end()) std::abort();
    item = *found;
  }
  bool owns_around(void* i) const {
    const char* const from = static_cast<char*>(i) - far;
    for (std::size_t at = 0; at <= 2 * far + size; at += 4096)
      if (!p.owns(from + at)) return false;
    return p.owns(from + 2 * far + size);
  }
  /// Writes to n bytes from `from` on.
  void write(long from, std::size_t n) {
    auto* volatile at = static_cast<char*>(item) + from;
    std::memset(at, 'x', n);
  }
  void put(void* what) { p.put(hidden(what)); }
  void put_overrun(std::size_t n) {
    write(size, n);
    put(item);
  }
  void put_underrun(std::size_t n) {
    write(-static_cast<long>(n), n);
    put(item);
  }
  Pool p, other;
  std::vector<void*> items{60'000};
  void* item = nullptr;
};

char in_static_memory[size];

struct line {
  template <class F>
  line(const char* n, F f) : name(n), commit(f), commit_in_one_thread(f) {}
  const char* name;
  void (*commit)(pools<pool>&);
  void (*commit_in_one_thread)(pools<unsynchronized_pool>&);
};
void PrintTo(const line& l, std::ostream* out) { *out << l.name; }
const line lines[] = {
    {"put twice",
     [](auto& t) {
       t.put(t.item);
       t.put(t.item);
     }},
    {"put twice, others between",
     [](auto& t) {
       t.put(t.item);
       t.put(t.items[1]);
       t.put(t.item);
     }},
    {"put twice, by two threads",
     [](auto& t) {
       t.put(t.item);
       std::thread([&] { t.put(t.item); }).join();
     }},
    {"put twice, its page gone",
     [](auto& t) {
       for (void* i : t.items) t.p.put(i);
       static_cast<void>(t.p.reclaim());
       t.put(t.item);
     }},
    {"put by two owners",  // the second got it after the first had put it
     [](auto& t) {
       t.put(t.item);
       std::vector<void*> more;
       while (more.empty() || more.back() != t.item) more.push_back(t.p.try_get());
       t.put(t.item);
       now = at_the_others_put;
       t.put(t.item);
     }},
    {"written after put",
     [](auto& t) {
       t.put(t.item);
       t.write(8, 1);
     }},
    {"overrun by 1", [](auto& t) { t.put_overrun(1); }},
    {"overrun by 32", [](auto& t) { t.put_overrun(32); }},
    {"overrun by 1000000", [](auto& t) { t.put_overrun(far); }},
    {"underrun by 1", [](auto& t) { t.put_underrun(1); }},
    {"underrun by 32", [](auto& t) { t.put_underrun(32); }},
    {"underrun by 1000000", [](auto& t) { t.put_underrun(far); }},
    {"null put", [](auto& t) { t.put(nullptr); }},
    {"stack put",
     [](auto& t) {
       char on_the_stack[size];
       t.put(on_the_stack);
     }},
    {"static memory put", [](auto& t) { t.put(in_static_memory); }},
    {"malloc's memory put", [](auto& t) { t.put(std::malloc(size)); }},
    {"interior put", [](auto& t) { t.put(static_cast<char*>(t.item) + 16); }},
    {"misaligned put", [](auto& t) { t.put(static_cast<char*>(t.item) + 1); }},
    {"other pool's item put", [](auto& t) { t.put(t.other.try_get()); }},
    {"other thread's stack put",
     [](auto& t) {
       std::promise<void*> told;
       std::promise<void> done;
       std::thread owner([&] {
         char on_the_stack[size];
         told.set_value(on_the_stack);
         done.get_future().wait();
       });
       t.put(told.get_future().get());
       done.set_value();
       owner.join();
     }},
    {"other thread's item put", [](auto& t) { std::thread([&] { t.put(t.item); }).join(); }},
};

/// What becomes of that line, in a process of its own.
template <class Pool>
int commit(void (*misuse)(pools<Pool>&), bool diagnostic) {
  const pid_t child = fork();
  if (child == 0) {
    set_report_handler([](const report&) noexcept { _exit(now); });
    if (base::sanitizer::present()) std::fclose(stderr);
    auto& t = *new pools<Pool>(diagnostic);
    misuse(t);
    now = from_the_cache;
    static_cast<void>(t.p.reclaim());
    if (!t.p.check().empty()) _exit(broken);
    now = at_the_get;
    for (int i = 0; diagnostic && i < 100'000; ++i) static_cast<void>(t.p.try_get());
    _exit(nothing);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return broken;
  return WEXITSTATUS(status);
}

/// The cells of the scorecard by the name of its line.
std::map<std::string, std::vector<std::string>> table() {
  std::map<std::string, std::vector<std::string>> rows;
  std::ifstream file(POOL9_TEST_SOURCES "/docs/MISUSE.md");
  std::string text;
  while (std::getline(file, text) && text != "## Scorecard") continue;
  while (std::getline(file, text)) {
    std::vector<std::string> cells;
    for (std::size_t i = 1; i < text.size() && text[0] == '|';) {
      const std::size_t end = std::min(text.find('|', i), text.size());
      cells.push_back(end - i > 2 ? text.substr(i + 1, end - i - 2) : "");
      i = end + 1;
    }
    if (cells.size() == 4) rows[cells[0]] = {cells.begin() + 1, cells.end()};
  }
  return rows;
}

/// The columns that this process can tell about: a tool is told of what is no pool's, too.
enum column : std::size_t { normal, diagnostics, address_sanitizer, diagnostics_in_one_thread };
std::vector<column> columns() {
  if (base::sanitizer::present()) return {address_sanitizer};
  return {normal, diagnostics, diagnostics_in_one_thread};
}

class Scorecard : public testing::TestWithParam<std::tuple<line, column>> {
 protected:
  static const line& committed() { return std::get<line>(GetParam()); }
  static column in() { return std::get<column>(GetParam()); }
  std::string written() {
    static const auto rows = table();
    const auto row = rows.find(committed().name);
    return row == rows.end() ? "no such line"
                             : row->second[in() == diagnostics_in_one_thread ? diagnostics : in()];
  }
  static std::string of(int v) {
    return words[(v >= at_the_call && v < by_the_tool ? v : by_the_tool) - at_the_call];
  }
  /// A put of another thread's item is no misuse.
  bool is_allowed() { return std::strcmp(committed().name, "other thread's item put") == 0; }
};
std::string name_of(const testing::TestParamInfo<Scorecard::ParamType>& tested) {
  constexpr const char* ends[] = {"", "WithDiagnostics", "UnderTheAddressSanitizer",
                                  "WithDiagnosticsInOneThread"};
  std::string name = std::get<line>(tested.param).name;
  std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
  return name + ends[std::get<column>(tested.param)];
}
INSTANTIATE_TEST_SUITE_P(Lines, Scorecard,
                         testing::Combine(testing::ValuesIn(lines), testing::ValuesIn(columns())),
                         name_of);

TEST_P(Scorecard, Holds) {
  const environment e(in() == address_sanitizer ? "" : "sanitize=0");
  const int found = in() == diagnostics_in_one_thread
                        ? commit(committed().commit_in_one_thread, true)
                        : commit(committed().commit, in() == diagnostics);
  EXPECT_EQ(written(), is_allowed() && found == nothing ? "allowed" : of(found));
}

TEST(ScorecardTable, HasALineForEachMisuseAndNoOther) {
  const auto rows = table();
  std::size_t n = 0;
  for (const auto& [name, cells] : rows)
    if (name != "Misuse" && name.find_first_not_of('-') != std::string::npos) ++n;
  EXPECT_EQ(n, std::size(lines));
  for (const auto& [name, cells] : rows)
    for (const std::string& cell : cells) EXPECT_EQ(cell.find("silent"), std::string::npos);
}

}  // namespace
}  // namespace pool9::test
