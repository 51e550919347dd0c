// SPDX-License-Identifier: BSD-2-Clause
// examples/httpd: where a request's head ends, and what it says.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "request.hpp"

namespace {
using namespace httpd;
using namespace std::literals;

constexpr std::string_view simple = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

parsed_head with_fields(const std::string& fields) {
  return parse_head("GET /a HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
}
int status_of(std::string_view head) { return parse_head(head).status; }

TEST(HttpdHeadLength, CountsTheEmptyLineThatEndsTheHead) {
  EXPECT_EQ(head_length(simple), simple.size());
  EXPECT_EQ(head_length("GET / HTTP/1.0\r\n\r\nrest"), 18u);
  EXPECT_EQ(head_length("GET / HTTP/1.0\n\nrest"), 16u);
  EXPECT_EQ(head_length("GET / HTTP/1.0\nA: b\r\n\nrest"), 22u);
}

TEST(HttpdHeadLength, IsZeroUntilTheHeadIsComplete) {
  for (std::size_t n = 0; n < simple.size(); ++n)
    EXPECT_EQ(head_length(simple.substr(0, n)), 0u) << n;
}

TEST(HttpdHeadLength, FindsTheSameEndHoweverTheBytesArrive) {
  for (const auto head : {simple, "GET / HTTP/1.0\n\n"sv, "\r\nGET / HTTP/1.0\r\nA: b\n\r\n"sv}) {
    for (std::size_t first = 0; first < head.size(); ++first) {
      for (std::size_t second = first; second < head.size(); ++second) {
        ASSERT_EQ(head_length(head.substr(0, first), 0), 0u);
        ASSERT_EQ(head_length(head.substr(0, second), first), 0u);
        EXPECT_EQ(head_length(head, second), head.size()) << first << ' ' << second;
      }
    }
  }
}

TEST(HttpdHeadLength, EndsAtTheFirstOfPipelinedRequests) {
  const std::string two = std::string(simple) + "GET /b HTTP/1.1\r\nHost: x\r\n\r\n";

  const std::size_t first = head_length(two);

  EXPECT_EQ(first, simple.size());
  const std::string_view rest = std::string_view(two).substr(first);
  EXPECT_EQ(head_length(rest), rest.size());
  EXPECT_EQ(parse_head(rest).what.target, "/b");
}

TEST(HttpdHeadLength, IncludesEmptyLinesBeforeTheRequest) {
  EXPECT_EQ(head_length("\r\n\r\n"), 0u);
  const std::string late = "\r\n\n" + std::string(simple);
  EXPECT_EQ(head_length(late), late.size());
  EXPECT_EQ(parse_head(late).what.target, "/a");
}

TEST(HttpdRequest, KnowsMethodTargetAndVersion) {
  const parsed_head get = parse_head(simple);
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.what.verb, method::get);
  EXPECT_EQ(get.what.target, "/a");
  EXPECT_FALSE(get.what.http_1_0);

  const parsed_head head = parse_head("HEAD /b?c=d HTTP/1.0\r\n\r\n");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.what.verb, method::head);
  EXPECT_EQ(head.what.target, "/b?c=d");
  EXPECT_TRUE(head.what.http_1_0);
}

TEST(HttpdRequest, TakesThePathOutOfAnAbsoluteTarget) {
  const auto target = [](std::string t) {
    const std::string head = "GET " + t + " HTTP/1.1\r\nHost: x\r\n\r\n";
    const parsed_head parsed = parse_head(head);
    return parsed.status == 200 ? std::string(parsed.what.target) : "";
  };
  EXPECT_EQ(target("http://host:80/a/b"), "/a/b");
  EXPECT_EQ(target("HTTP://host"), "/");
  EXPECT_EQ(target("http://host?q"), "/");
  EXPECT_EQ(target("http:///a"), "");
  EXPECT_EQ(target("ftp://host/a"), "");
  EXPECT_EQ(target("a"), "");
  EXPECT_EQ(target("*"), "");
}

TEST(HttpdRequest, KeepsTheConnectionAsVersionAndClientSay) {
  EXPECT_TRUE(with_fields("").what.keep_alive);
  EXPECT_FALSE(with_fields("Connection: Close\r\n").what.keep_alive);
  EXPECT_FALSE(with_fields("connection: foo , close\r\n").what.keep_alive);
  EXPECT_FALSE(with_fields("Connection: close\r\nConnection: keep-alive\r\n").what.keep_alive);
  EXPECT_FALSE(parse_head("GET / HTTP/1.0\r\n\r\n").what.keep_alive);
  EXPECT_TRUE(parse_head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").what.keep_alive);
}

TEST(HttpdRequest, KnowsItsConditions) {
  const std::string head =
      "GET /a HTTP/1.1\r\nHost: x\r\nif-none-match:\t\"1\" \r\nIf-Modified-Since: then\r\n"
      "Range: bytes=1-2\r\nIf-Range: \"2\"\r\n\r\n";
  const request r = parse_head(head).what;
  EXPECT_EQ(r.if_none_match, "\"1\"");
  EXPECT_EQ(r.if_modified_since, "then");
  EXPECT_EQ(r.range, "bytes=1-2");
  EXPECT_EQ(r.if_range, "\"2\"");
}

TEST(HttpdRequest, RefusesOtherMethods) {
  EXPECT_EQ(status_of("PUT /a HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
  EXPECT_EQ(status_of("get /a HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
  EXPECT_EQ(status_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
}

TEST(HttpdRequest, RefusesABodyAndSaysThatThereIsOne) {
  const parsed_head length = with_fields("Content-Length: 3\r\n");
  EXPECT_EQ(length.status, 413);
  EXPECT_TRUE(length.what.has_body);
  EXPECT_EQ(with_fields("Transfer-Encoding: chunked\r\n").status, 413);
  EXPECT_EQ(with_fields("Content-Length: 0\r\n").status, 200);
}

TEST(HttpdRequest, RefusesOtherVersions) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/0.9\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.7\r\nHost: x\r\n\r\n"), 200);
}

TEST(HttpdRequest, RefusesWhatIsMalformed) {
  for (const auto head : {
           "GET /\r\n\r\n"sv,
           "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"sv,
           "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"sv,
           "GET / http/1.1\r\nHost: x\r\n\r\n"sv,
           "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"sv,
           "GET / HTTP/11\r\nHost: x\r\n\r\n"sv,
           " GET / HTTP/1.1\r\nHost: x\r\n\r\n"sv,
           "G(T / HTTP/1.1\r\nHost: x\r\n\r\n"sv,
           "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"sv,
           "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost : x\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost x\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n"sv,
       })
    EXPECT_EQ(status_of(head), 400) << head;
}

TEST(HttpdRequest, RefusesWhatCouldBeReadInTwoWays) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(with_fields("Host: y\r\n").status, 400);
  EXPECT_EQ(with_fields("Content-Length: 3\r\nContent-Length: 4\r\n").status, 400);
  EXPECT_EQ(with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n").status, 400);
  EXPECT_EQ(with_fields("Content-Length: +3\r\n").status, 400);
  EXPECT_EQ(with_fields("Content-Length: 3, 3\r\n").status, 400);
  EXPECT_EQ(with_fields("Content-Length:\r\n").status, 400);
}

}  // namespace
