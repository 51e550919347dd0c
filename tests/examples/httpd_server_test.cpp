// SPDX-License-Identifier: BSD-2-Clause
// examples/httpd, whole: what a client gets.
#include "httpd_fixture.hpp"

namespace {
using namespace httpd::test;

using HttpdServer = server_test;

std::string field(const std::string& reply, const std::string& name) {
  const std::size_t start = reply.find(name + ": ") + name.size() + 2;
  return reply.substr(start, reply.find('\r', start) - start);
}

TEST_F(HttpdServer, ServesFilesOverOneConnection) {
  start();
  const auto c = connect();

  const std::string small = c->ask("/small");
  EXPECT_TRUE(small.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(small.ends_with("\r\n\r\nhello"));
  EXPECT_TRUE(c->ask("/large").ends_with("\r\n\r\n" + large));
  EXPECT_TRUE(c->ask("/none").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(c->ask("/../x").starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(c->ask("/small/").starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(field(c->ask("/dir"), "Location"), "./dir/");
  EXPECT_EQ(connections().gets, 1u);
}

TEST_F(HttpdServer, SaysNotModifiedToWhoHasTheFile) {
  start();
  const auto c = connect();
  const std::string first = c->ask("/small");

  const auto status = [&](const std::string& fields) {
    return c->ask("/small", fields).substr(9, 3);
  };
  EXPECT_EQ(status("If-None-Match: " + field(first, "ETag") + "\r\n"), "304");
  EXPECT_EQ(status("If-Modified-Since: " + field(first, "Last-Modified") + "\r\n"), "304");
  EXPECT_EQ(status("If-None-Match: \"other\"\r\n"), "200");
  EXPECT_EQ(status("If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), "200");
}

TEST_F(HttpdServer, ServesARange) {
  start();
  const auto c = connect();

  const std::string part = c->ask("/small", "Range: bytes=1-3\r\n");
  EXPECT_TRUE(part.starts_with("HTTP/1.1 206 "));
  EXPECT_EQ(field(part, "Content-Range"), "bytes 1-3/5");
  EXPECT_TRUE(part.ends_with("\r\n\r\nell"));
  EXPECT_EQ(field(c->ask("/small", "Range: bytes=9-\r\n"), "Content-Range"), "bytes */5");
  const std::string stale = c->ask("/small", "Range: bytes=1-3\r\nIf-Range: \"other\"\r\n");
  EXPECT_TRUE(stale.starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpdServer, AnswersHeadWithoutABody) {
  start();
  const auto c = connect();

  c->send("HEAD /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

  const std::string reply = c->receive_all();
  EXPECT_EQ(field(reply, "Content-Length"), "5");
  EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST_F(HttpdServer, ListsADirectoryInChunks) {
  start();
  const auto c = connect();

  c->send(get("/dir/", "Connection: close\r\n"));

  const std::string reply = c->receive_all();
  EXPECT_EQ(field(reply, "Transfer-Encoding"), "chunked");
  EXPECT_NE(reply.find("<a href=\"./a%3Cb\">a&lt;b</a>"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("</ul>\n\r\n0\r\n\r\n"));
}

TEST_F(HttpdServer, ServesTheIndexOfADirectoryThatHasOne) {
  std::ofstream(root_ / "dir" / "index.html") << "<p>index";
  start();

  const std::string reply = connect()->ask("/dir/");

  EXPECT_EQ(field(reply, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(reply.ends_with("\r\n\r\n<p>index"));
}

TEST_F(HttpdServer, AnswersPipelinedRequestsInOrder) {
  start();
  const auto c = connect();
  std::string all;
  for (int i = 0; i < 100; ++i) all += get("/small") + get("/large");

  std::jthread sender([&] { c->send(all); });

  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(c->receive_reply().ends_with("\r\n\r\nhello")) << i;
    ASSERT_TRUE(c->receive_reply().ends_with("\r\n\r\n" + large)) << i;
  }
}

TEST_F(HttpdServer, ClosesAfterTheReplyIfTooMuchIsPipelined) {
  start();
  const auto c = connect();

  c->send(get("/small", "Fill: " + std::string(4000, 'x') + "\r\n") + std::string(12'000, 'y'));

  const std::string reply = c->receive_all();
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 "));
  EXPECT_EQ(field(reply, "Connection"), "close");
}

TEST_F(HttpdServer, AcceptsAHeadInSmallPieces) {
  start();
  const auto c = connect();

  for (const char byte : get("/small")) c->send({&byte, 1});

  EXPECT_TRUE(c->receive_reply().ends_with("\r\n\r\nhello"));
}

TEST_F(HttpdServer, AcceptsAHeadAsLargeAsItsBuffer) {
  start();
  const auto c = connect();
  const std::size_t rest = get("/small", "Fill: \r\n").size();

  const std::string fill(httpd::buffer_bytes - rest, 'x');
  EXPECT_TRUE(c->ask("/small", "Fill: " + fill + "\r\n").ends_with("\r\n\r\nhello"));
  const std::string reply = c->ask("/small", "Fill: " + fill + "x\r\n");
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 431 "));
}

TEST_F(HttpdServer, RefusesAndClosesWhatItDoesNotUnderstand) {
  start();
  const auto status = [&](const std::string& request) {
    const auto c = connect();
    c->send(request);
    return c->receive_all().substr(9, 3);
  };
  EXPECT_EQ(status("nonsense\r\n\r\n"), "400");
  EXPECT_EQ(status("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), "405");
  EXPECT_EQ(status(get("/small", "Content-Length: 3\r\n") + "abc"), "413");
  EXPECT_EQ(status("GET / HTTP/3.0\r\n\r\n"), "505");
}

TEST_F(HttpdServer, ClosesForClientsOfTheOldVersion) {
  start();
  const auto c = connect();

  c->send("GET /small HTTP/1.0\r\n\r\n");

  EXPECT_TRUE(c->receive_all().ends_with("\r\n\r\nhello"));
}

}  // namespace
