// SPDX-License-Identifier: BSD-2-Clause
// What reports say, to the word: what is wrong, what is known of the item, what to look at.
#include <cstring>
#include <functional>

#include "misuse.hpp"

namespace pool9::test {
namespace {

constexpr call_site getter{.function = "f", .file = "getter.c", .line = 11};
constexpr call_site putter{.function = "g", .file = "putter.c", .line = 22};
constexpr call_site culprit{.function = "h", .file = "culprit.c", .line = 33};

class Messages : public testing::Test {
 protected:
  static pool_options diagnosed(page_source& source, const char* name) {
    return {.name = name,
            .item_size = 100,
            .idle_time = never_idle,
            .page_size = 4096,
            .source = &source,
            .diagnostic = true};
  }
  void* get() { return p.get(get_flags::nowait, getter); }

  /// The only report is that, and leaves a screen its prompt.
  void expect_only(misuse_kind what, const void* item, const char* text) {
    const caught_report r = catcher.only();
    EXPECT_EQ(plain(r.text), text);
    EXPECT_EQ(r.misuse, what);
    EXPECT_EQ(r.item, item);
    EXPECT_EQ(r.pool, "first");
    EXPECT_EQ(r.pool_id, p.stats().id);
    EXPECT_LE(lines_of(r.text).size(), 23u) << r.text;
    EXPECT_EQ(lines_of(r.text).back().rfind("  look at ", 0), 0u) << r.text;
  }

  report_catcher catcher;
  test_source source;
  pool p{diagnosed(source, "first")};
  pool other{diagnosed(source, "second")};
};

TEST_F(Messages, PutTwice) {
  void* const item = get();
  p.put(item, putter);
  p.put(hidden(item), culprit);
  expect_only(misuse_kind::put_twice, item,
              "h: pool 'first': item @: put twice: it is free already (culprit.c:33)\n"
              "  got at getter.c:11, # s ago, in thread #\n"
              "  put at putter.c:22, # s ago, in thread #\n"
              "  look at who else puts it: since that put it may be somebody else's");
  EXPECT_TRUE(catcher.only().knows_get && catcher.only().knows_put);
}

TEST_F(Messages, PutTwiceAndItsPageWentBack) {
  void* const item = get();
  p.put(item, putter);
  EXPECT_EQ(p.reclaim(), 4096u);
  p.put(hidden(item), culprit);
  expect_only(misuse_kind::put_twice, item,
              "h: pool 'first': item @: put twice: it is free already, and its memory went back "
              "(culprit.c:33)\n"
              "  got at getter.c:11, # s ago, in thread #\n"
              "  put at putter.c:22, # s ago, in thread #\n"
              "  look at who else puts it: since that put it may be somebody else's");
}

TEST_F(Messages, PutIntoTheWrongPool) {
  void* const item = other.get();
  p.put(hidden(item), culprit);
  expect_only(misuse_kind::wrong_pool, item,
              "h: pool 'first': item @: not of this pool: it is of pool 'second' (culprit.c:33)\n"
              "  look at who mixes the two pools up: an item goes back to where it was got");
  other.put(item);
}

TEST_F(Messages, PutIntoTheWrongPoolOfTheSameName) {
  for (const char* const name : {"first", ""}) {
    pool twin(diagnosed(source, name)), mine(diagnosed(source, name));
    void* const item = twin.get();
    mine.put(hidden(item), culprit);
    EXPECT_EQ(plain(catcher.only().text),
              "h: pool '" + std::string(name) + "': item @: not of this pool: it is of pool '" +
                  name + "', another of that name, with the id " + std::to_string(twin.stats().id) +
                  " (culprit.c:33)\n"
                  "  look at who mixes the two pools up: an item goes back to where it was got");
    catcher.clear();
    twin.put(item);
  }
}

TEST_F(Messages, Foreign) {
  int foreign = 0;
  p.put(hidden(&foreign), culprit);
  expect_only(
      misuse_kind::foreign, &foreign,
      "h: pool 'first': item @: not of this pool: foreign memory, or put twice and its page "
      "went back (culprit.c:33)\n"
      "  look at where the pointer comes from: it is of malloc, a stack, static memory, or "
      "a pool that is gone");
}

TEST_F(Messages, Null) {
  p.put(hidden(nullptr), culprit);
  expect_only(misuse_kind::null, nullptr,
              "h: pool 'first': item (nil): is null (culprit.c:33)\n"
              "  look at gets that fail and are not asked whether they do");
}

TEST_F(Messages, Interior) {
  void* const item = get();
  p.put(hidden(static_cast<char*>(item) + 17), culprit);
  expect_only(misuse_kind::interior, item,
              "h: pool 'first': item @: not the start of an item, but inside one of the pool's "
              "pages, 17 bytes into item @ (culprit.c:33)\n"
              "  got at getter.c:11, # s ago, in thread #\n"
              "  look at where the pointer was moved: what is put is what the get returned");
  p.put(item);
}

TEST_F(Messages, Overrun) {
  void* const item = get();
  static_cast<char*>(item)[100] = 'x';
  p.put(item, culprit);
  expect_only(misuse_kind::overrun, item,
              "h: pool 'first': item @: was written beyond its end, at byte 100 of 100 "
              "(culprit.c:33)\n"
              "  got at getter.c:11, # s ago, in thread #\n"
              "  look at what is written to it: it is longer than the item");
  p.put(item);  // the zone is whole again: one overrun, one report
  EXPECT_EQ(catcher.n_reports(), 1u);
}

TEST_F(Messages, Underrun) {
  void* const item = get();
  static_cast<char*>(item)[-1] = 'x';
  p.put(item, culprit);
  expect_only(misuse_kind::underrun, item,
              "h: pool 'first': item @: was written before its start, at byte -1 (culprit.c:33)\n"
              "  got at getter.c:11, # s ago, in thread #\n"
              "  look at who counts below zero in it, or writes far beyond the end of the item "
              "before it");
  p.put(item);
  EXPECT_EQ(catcher.n_reports(), 1u);
}

TEST_F(Messages, WrittenAfterPut) {
  void* const item = get();
  p.put(item, putter);
  static_cast<char*>(item)[42] = 'x';
  EXPECT_EQ(p.try_get(), nullptr);
  expect_only(misuse_kind::written_after_put, item,
              "get: pool 'first': item @: was written after its put, at byte 42 of 100\n"
              "  got at getter.c:11, # s ago, in thread #\n"
              "  put at putter.c:22, # s ago, in thread #\n"
              "  look at who still has a pointer to it: it was free since the last put");
}

TEST_F(Messages, WrittenAfterPutIsFoundAtTheEnd) {
  void* const item = get();
  p.put(item, putter);
  static_cast<char*>(item)[0] = 'x';
  EXPECT_TRUE(p.close());
  EXPECT_EQ(catcher.only().misuse, misuse_kind::written_after_put);
  EXPECT_EQ(catcher.only().text.rfind("close: pool 'first': item ", 0), 0u);
}

TEST_F(Messages, Busy) {
  std::vector<void*> items;
  for (int i = 0; i < 3; ++i) items.push_back(get());
  items.push_back(p.get(get_flags::nowait, putter));
  EXPECT_FALSE(p.close(culprit));
  expect_only(misuse_kind::still_out, nullptr,
              "h: pool 'first': busy: 4 items are out (culprit.c:33)\n"
              "  3 got at getter.c:11, the first # s ago: item @\n"
              "  1 got at putter.c:22, the first # s ago: item @\n"
              "  look at the first place: what is got there is not put, or is put late");
  put_all(p, items);
}

// Whatever the depth of the stacks.
[[gnu::noinline]] void* get_deep(pool& p, int n, const call_site& where = {}) {
  void* const item = n == 0 ? p.get(get_flags::waitok, where) : get_deep(p, n - 1, where);
  asm volatile("");
  return item;
}
[[gnu::noinline]] void put_deep(pool& p, void* item, int n, const call_site& where = {}) {
  n == 0 ? p.put(item, where) : put_deep(p, item, n - 1, where);
  asm volatile("");
}
/// Rows of a screen of 80 columns, as the default handler prints the report.
std::size_t rows_of(const caught_report& r) {
  std::size_t n = 0;
  for (const std::string& line : lines_of("pool9 misuse: " + r.text))
    n += std::max<std::size_t>(1, (line.size() + 79) / 80);
  return n;
}

TEST_F(Messages, FitOnAScreen) {
  void* const item = get_deep(p, 20);
  put_deep(p, item, 20);
  put_deep(p, hidden(item), 20);
  EXPECT_LE(lines_of(catcher.only().text).size(), 23u) << catcher.only().text;
}

TEST_F(Messages, FitOnAScreenWhateverTheNamesAndPaths) {
  const std::string path(200, 'p'), function(200, 'f');
  call_site far_away{.function = function.c_str(), .file = path.c_str(), .line = 44};
  pool long_named(diagnosed(source, "a_name_of_thirty_one_characters"));
  void* const item = get_deep(long_named, 20, far_away);
  put_deep(long_named, item, 20, far_away);
  put_deep(long_named, hidden(item), 20, far_away);
  EXPECT_LE(rows_of(catcher.only()), 23u) << catcher.only().text;
  EXPECT_EQ(lines_of(catcher.only().text).back().rfind("  look at ", 0), 0u);
  catcher.clear();
  std::vector<void*> items;
  for (far_away.line = 1; far_away.line < 9; ++far_away.line)
    items.push_back(get_deep(long_named, 20, far_away));
  EXPECT_FALSE(long_named.close(far_away));
  EXPECT_LE(rows_of(catcher.only()), 23u) << catcher.only().text;
  EXPECT_NE(catcher.only().text.find(" got elsewhere\n  look at "), std::string::npos);
  put_all(long_named, items);
}

// Nor are there paths and names that push what to look at off it.
TEST_F(Messages, EndWithWhatToLookAtWhateverTheNames) {
  const std::string path(5000, 'p'), function(5000, 'f'), end(80, 'p');
  const call_site far_away{.function = function.c_str(), .file = path.c_str(), .line = 44};
  void* const item = p.get(get_flags::nowait, far_away);
  p.put(item, far_away);
  p.put(hidden(item), far_away);
  EXPECT_EQ(plain(catcher.only().text),
            function.substr(0, 40) + ": pool 'first': item @: put twice: it is free already (..." +
                end + ":44)\n  got at ..." + end + ":44, # s ago, in thread #\n  put at ..." + end +
                ":44, # s ago, in thread #\n"
                "  look at who else puts it: since that put it may be somebody else's");
}

TEST_F(Messages, ShowTheStackOfTheLastGetAndPut) {
  void* const item = get_deep(p, 2);
  p.put(item);
  p.put(hidden(item));
  const auto lines = lines_of(catcher.only().text);
  std::size_t n_frames = 0;
  for (const std::string& l : lines) n_frames += l.rfind("    ", 0) == 0 ? 1 : 0;
  EXPECT_GE(n_frames, 8u) << catcher.only().text;
  EXPECT_NE(lines[2].find("misuse-tests+0x"), std::string::npos) << "the caller's first";
}

// ---- without diagnostics

TEST(PlainMessages, EndWithWhatToLookAt) {
  report_catcher catcher;
  test_source source;
  pool p({.name = "plain", .item_size = 64, .source = &source, .thread_cache = false});
  void* const item = p.get();
  EXPECT_FALSE(p.close());
  EXPECT_EQ(plain(catcher.only().text),
            "close: pool 'plain': busy: 1 items are out\n"
            "  look at who holds them: POOL9_OPTIONS=diagnostic:plain would tell");
  catcher.clear();
  p.put(item);
  p.put(hidden(item));
  EXPECT_EQ(plain(catcher.only().text),
            "put: pool 'plain': item @: put twice: it is free already\n"
            "  look at who else puts it: since that put it may be somebody else's");
}

}  // namespace
}  // namespace pool9::test
