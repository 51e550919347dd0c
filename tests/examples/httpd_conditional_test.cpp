// SPDX-License-Identifier: BSD-2-Clause
// examples/httpd: dates, entity tags and byte ranges.
#include <gtest/gtest.h>

#include <string>

#include "conditional.hpp"

namespace {
using namespace httpd;

constexpr std::time_t example = 784'111'777;  // the date that every HTTP standard shows

std::string formatted(std::time_t when) {
  char room[http_date_length + 1];
  return std::string(format_http_date(when, room));
}

TEST(HttpdDate, IsFormattedAsTheStandardShows) {
  EXPECT_EQ(formatted(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(formatted(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(formatted(4'102'444'799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

TEST(HttpdDate, IsReadInAllThreeFormats) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), example);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), example);
}

TEST(HttpdDate, IsNothingIfItIsNone) {
  for (const char* text :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "0", "Sun, 06 Nov 1994 08:49:37 GMT and more",
        "Sun, 06 Nov 1994 08:49:37 GMT                                      "})
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

TEST(HttpdTag, IsFoundInAListWhateverItsStrength) {
  EXPECT_TRUE(names_tag("\"a\"", "\"a\""));
  EXPECT_TRUE(names_tag("\"b\" , W/\"a\"", "\"a\""));
  EXPECT_TRUE(names_tag("*", "\"a\""));
  EXPECT_FALSE(names_tag("\"b\",\"aa\"", "\"a\""));
  EXPECT_FALSE(names_tag(",, ,", "\"a\""));
  EXPECT_FALSE(names_tag("a", "\"a\""));
}

struct range_case {
  const char* text;
  byte_range::kind what;
  std::uint64_t offset;
  std::uint64_t length;
};

TEST(HttpdRange, IsResolvedAgainstTheSize) {
  using enum byte_range::kind;
  for (const range_case& c : {
           range_case{"bytes=0-9", part, 0, 10},
           range_case{"bytes=90-", part, 90, 10},
           range_case{"bytes=90-1000", part, 90, 10},
           range_case{"bytes=-10", part, 90, 10},
           range_case{"bytes=-1000", part, 0, 100},
           range_case{"Bytes= 99-99 ", part, 99, 1},
           range_case{"bytes=100-", unsatisfiable, 0, 0},
           range_case{"bytes=-0", unsatisfiable, 0, 0},
       }) {
    const byte_range r = parse_range(c.text, 100);
    EXPECT_EQ(r.what, c.what) << c.text;
    EXPECT_EQ(r.offset, c.offset) << c.text;
    EXPECT_EQ(r.length, c.length) << c.text;
  }
}

TEST(HttpdRange, IsIgnoredIfItMakesNoSense) {
  for (const char* text : {"bytes=", "bytes=-", "bytes=9-8", "bytes=a-b", "bytes=1", "lines=1-2",
                           "bytes=0-1,4-5", "bytes=99999999999999999999-", "0-1"}) {
    const byte_range r = parse_range(text, 100);
    EXPECT_EQ(r.what, byte_range::kind::whole) << text;
    EXPECT_EQ(r.length, 100u) << text;
  }
}

TEST(HttpdRange, OfAnEmptyFileCannotBeSatisfied) {
  EXPECT_EQ(parse_range("bytes=0-", 0).what, byte_range::kind::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-5", 0).what, byte_range::kind::unsatisfiable);
}

}  // namespace
