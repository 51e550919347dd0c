// SPDX-License-Identifier: BSD-2-Clause
// The scorecard of docs/MISUSE.md: each of its lines is committed in a process of its own, and what
// is found there must be what the line says.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>
#include <tuple>

#include "base/sanitizer.hpp"
#include "misuse.hpp"
#include "support/child.hpp"

namespace pool9::test {
namespace {

constexpr std::size_t size = 64;
constexpr std::size_t far = 1'000'000;

/// Two pools, and enough items that a million bytes on both sides of one are the pool's.
struct pools {
  explicit pools(bool diagnostic)
      : p({.name = "first",
           .item_size = size,
           .idle_time = never_idle,
           .diagnostic = diagnostic,
           .guard_one_in = 0}),
        other({.name = "second", .item_size = size, .diagnostic = diagnostic}) {
    items = get_n(p, 60'000);
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
  pool p, other;
  std::vector<void*> items;
  void* item = nullptr;
};

char in_static_memory[size];

struct line {
  const char* name;
  void (*commit)(pools& t);
};
void PrintTo(const line& l, std::ostream* out) { *out << l.name; }
const line lines[] = {
    {"put twice",
     [](pools& t) {
       t.put(t.item);
       t.put(t.item);
     }},
    {"put twice, others between",
     [](pools& t) {
       t.put(t.item);
       t.put(t.items[1]);
       t.put(t.item);
     }},
    {"put twice, by two threads",
     [](pools& t) {
       t.put(t.item);
       std::thread([&] { t.put(t.item); }).join();
     }},
    {"put twice, its page gone",
     [](pools& t) {
       for (void* i : t.items) t.p.put(i);
       static_cast<void>(t.p.reclaim());
       t.put(t.item);
     }},
    {"put by two owners",  // the second got it after the first had put it
     [](pools& t) {
       t.put(t.item);
       std::vector<void*> more;
       while (more.empty() || more.back() != t.item) more.push_back(t.p.get());
       t.put(t.item);
       t.put(t.item);
     }},
    {"written after put",
     [](pools& t) {
       t.put(t.item);
       t.write(8, 1);
     }},
    {"overrun by 1", [](pools& t) { t.put_overrun(1); }},
    {"overrun by 32", [](pools& t) { t.put_overrun(32); }},
    {"overrun by 1000000", [](pools& t) { t.put_overrun(far); }},
    {"underrun by 1", [](pools& t) { t.put_underrun(1); }},
    {"underrun by 32", [](pools& t) { t.put_underrun(32); }},
    {"underrun by 1000000", [](pools& t) { t.put_underrun(far); }},
    {"null put", [](pools& t) { t.put(nullptr); }},
    {"stack put",
     [](pools& t) {
       char on_the_stack[size];
       t.put(on_the_stack);
     }},
    {"static memory put", [](pools& t) { t.put(in_static_memory); }},
    {"malloc's memory put", [](pools& t) { t.put(std::malloc(size)); }},
    {"interior put", [](pools& t) { t.put(static_cast<char*>(t.item) + 16); }},
    {"misaligned put", [](pools& t) { t.put(static_cast<char*>(t.item) + 1); }},
    {"other pool's item put", [](pools& t) { t.put(t.other.get()); }},
    {"other thread's item put", [](pools& t) { std::thread([&] { t.put(t.item); }).join(); }},
};

/// As exit statuses, which no tool uses.
enum verdict : int { at_the_call = 40, from_the_cache, at_the_get, nothing, broken, by_the_tool };
constexpr const char* words[] = {
    "at the put", "leaving the cache", "at the next get", "if sampled", "broken", "at once"};

/// What becomes of that line, in a process of its own.
int commit(const line& l, bool diagnostic) {
  const pid_t child = fork();
  if (child == 0) {
    static volatile int now = at_the_call;
    set_report_handler([](const report&) noexcept { _exit(now); });
    if (base::sanitizer::present()) std::fclose(stderr);
    auto& t = *new pools(diagnostic);
    l.commit(t);
    now = from_the_cache;
    static_cast<void>(t.p.reclaim());
    if (!t.p.check().empty()) _exit(broken);
    now = at_the_get;
    for (int i = 0; diagnostic && i < 100'000; ++i) static_cast<void>(t.p.get());
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
enum column : std::size_t { normal, diagnostics, address_sanitizer };
std::vector<column> columns() {
  if (base::sanitizer::present()) return {address_sanitizer};
  return {normal, diagnostics};
}

class Scorecard : public testing::TestWithParam<std::tuple<line, column>> {
 protected:
  static const line& committed() { return std::get<line>(GetParam()); }
  static column in() { return std::get<column>(GetParam()); }
  std::string written() {
    static const auto rows = table();
    const auto row = rows.find(committed().name);
    return row == rows.end() ? "no such line" : row->second[in()];
  }
  static std::string of(int v) {
    return words[(v >= at_the_call && v < by_the_tool ? v : by_the_tool) - at_the_call];
  }
  /// A put of another thread's item is no misuse.
  bool is_allowed() { return std::strcmp(committed().name, "other thread's item put") == 0; }
};
std::string name_of(const testing::TestParamInfo<Scorecard::ParamType>& tested) {
  constexpr const char* ends[] = {"", "WithDiagnostics", "UnderTheAddressSanitizer"};
  std::string name = std::get<line>(tested.param).name;
  std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
  return name + ends[std::get<column>(tested.param)];
}
INSTANTIATE_TEST_SUITE_P(Lines, Scorecard,
                         testing::Combine(testing::ValuesIn(lines), testing::ValuesIn(columns())),
                         name_of);

TEST_P(Scorecard, Holds) {
  const environment e(in() == address_sanitizer ? "" : "sanitize=0");
  const int found = commit(committed(), in() == diagnostics);
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
