// SPDX-License-Identifier: BSD-2-Clause
// examples/httpd, whole: more clients than connections, clients that are slow, clients that leave.
#include <algorithm>

#include "descriptor_limit.hpp"
#include "httpd_fixture.hpp"
#include "stress/sanitized.hpp"
#include "support/threads.hpp"

namespace {
using namespace httpd::test;
using clients = std::vector<std::unique_ptr<client>>;

class HttpdWaiting : public server_test {
 protected:
  /// Connects `n` clients that have sent half a request, each only when the one before is counted
  /// as served or waiting.
  clients begin(std::size_t n) {
    clients all;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t before = connections().out + connections().waiters;
      all.push_back(connect());
      all.back()->begin();
      await([&] { return connections().out + connections().waiters == before + 1; });
    }
    return all;
  }
  static bool is_last(const std::string& reply) {
    return reply.find("Connection: close\r\n") != std::string::npos;
  }
};

TEST_F(HttpdWaiting, IsInOrderOfArrival) {
  start();
  const clients served = begin(2);
  const clients waiting = begin(4);
  EXPECT_EQ(connections().waiters, 4u);

  EXPECT_TRUE(is_last(served[0]->finish()));
  // The other connection stays taken: each of these can finish only if it is the next in order.
  for (const auto& c : waiting) EXPECT_TRUE(c->finish().ends_with("\r\n\r\nhello"));

  EXPECT_FALSE(is_last(served[1]->finish()));
  EXPECT_EQ(connections().peak_out, 2u);
  EXPECT_EQ(connections().fails, 0u);
}

TEST_F(HttpdWaiting, RefusesNobodyWhenEvenTheLobbyIsFull) {
  options_.lobby_limit = 3;
  start();
  const clients served = begin(2);
  clients more;
  for (int i = 0; i < 20; ++i) more.push_back(connect());
  await([&] { return server_->items().lobby.stats().waiters == 1; });

  for (const auto& c : more) c->send(get("/small"));
  for (const auto& c : served) EXPECT_TRUE(c->finish().ends_with("\r\n\r\nhello"));

  for (const auto& c : more) EXPECT_TRUE(c->receive_reply().ends_with("\r\n\r\nhello"));
  EXPECT_EQ(server_->items().lobby.stats().peak_out, 3u);
}

TEST_F(HttpdWaiting, EndsForAClientThatLeaves) {
  start();
  const clients served = begin(2);
  const auto leaving = connect();
  const auto aborting = connect();
  const auto staying = connect();
  await([&] { return connections().waiters == 3; });

  leaving->leave();
  aborting->abort();
  await([&] { return connections().waiters == 1; });

  staying->send(get("/small"));
  EXPECT_TRUE(is_last(served[0]->finish()));
  EXPECT_TRUE(staying->receive_reply().ends_with("\r\n\r\nhello"));
}

TEST_F(HttpdWaiting, TakesTheConnectionOfAnIdleClient) {
  options_.limits.crowded_idle = 50ms;
  start();
  const auto idle = connect();
  EXPECT_FALSE(is_last(idle->ask("/small")));
  const clients busy = begin(1);

  EXPECT_TRUE(connect()->ask("/small").ends_with("\r\n\r\nhello"));

  EXPECT_EQ(idle->receive_all(), "");
  EXPECT_FALSE(is_last(busy[0]->finish()));
}

TEST_F(HttpdWaiting, TakesTheConnectionOfAClientThatDoesNotClose) {
  options_.limits.close = 1h;
  start();
  const clients served = begin(2);
  const clients waiting = begin(1);
  served[0]->stay();

  EXPECT_TRUE(is_last(served[0]->finish()));

  EXPECT_FALSE(is_last(waiting[0]->finish()));
}

TEST_F(HttpdWaiting, DoesNotHappenBelowTheLimit) {
  start();
  const auto a = connect();
  const auto b = connect();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(is_last(a->ask("/small")));
    EXPECT_FALSE(is_last(b->ask("/small")));
  }
  EXPECT_EQ(connections().waits, 0u);
}

TEST_F(HttpdWaiting, IsNotForWhoSendsTooSlowly) {
  options_.limits.head = 50ms;
  start();
  const auto c = connect();
  c->begin();

  EXPECT_EQ(c->receive_all(), "");
}

TEST_F(HttpdWaiting, IsNotForWhoReadsTooSlowly) {
  options_.limits.write = 50ms;
  start();
  const auto c = connect();

  c->send(get("/endless"));

  await([&] { return connections().puts == 1; });
  EXPECT_EQ(server_->count().gone, 1u);
}

TEST_F(HttpdWaiting, IsNotForWhoSaysNothing) {
  options_.limits.idle = 50ms;
  start();
  const auto c = connect();
  EXPECT_FALSE(is_last(c->ask("/small")));

  EXPECT_EQ(c->receive_all(), "");
}

TEST_F(HttpdWaiting, SurvivesClientsThatLeaveInTheMiddle) {
  start();
  for (int i = 0; i < 20; ++i) {
    const auto c = connect();
    c->send(get("/endless"));
    if (i % 2 == 0) c->receive_some();
    c->abort();
  }
  await([&] { return connections().puts == 20u; });

  EXPECT_TRUE(connect()->ask("/small").ends_with("\r\n\r\nhello"));
}

// Ten thousand, where so many descriptors can be had: two for each, both ends being here.
TEST_F(HttpdWaiting, TakesNoThreadForAnyOfTenThousand) {
  constexpr std::size_t most = pool9::test::sanitized ? 1000 : 10'000, others = 100;
  const std::size_t have = httpd::raise_descriptor_limit(2 * most + most / 10 + others);
  ASSERT_GT(have, 10 * others);
  const std::size_t n = std::min(most, (have - others) * 10 / 21);
  options_.limit = n / 10;
  options_.lobby_limit = n;
  start();
  connect()->ask("/small");  // what threads there will be are there
  const std::size_t threads_before = pool9::test::n_threads();

  clients all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(connect());
  await([&] { return connections().waiters == n - options_.limit; });

  EXPECT_LE(pool9::test::n_threads(), threads_before + 1)
      << "the library starts one of its own, some time";
  for (const auto& c : all) c->send(get("/small"));
  for (const auto& c : all) ASSERT_TRUE(c->receive_reply().ends_with("\r\n\r\nhello"));
  EXPECT_EQ(connections().peak_out, options_.limit);
  EXPECT_EQ(connections().fails, 0u);
}

TEST_F(HttpdWaiting, IsServedOutWhenTheServerStops) {
  start();
  const clients served = begin(2);
  const clients waiting = begin(2);

  server_->stop();

  for (const auto& c : served) EXPECT_TRUE(is_last(c->finish()));
  for (const auto& c : waiting) EXPECT_TRUE(is_last(c->finish()));
  thread_.join();
  EXPECT_THROW(connect(), std::system_error);
  EXPECT_EQ(connections().out, 0u);
  server_.reset();
}

TEST_F(HttpdWaiting, IsCutShortWhenTheServerStopsAndClientsDoNotMove) {
  options_.limits.stop = 50ms;
  start();
  const clients served = begin(2);
  const clients waiting = begin(2);

  stop();

  for (const auto& c : served) EXPECT_EQ(c->receive_all(), "");
}

}  // namespace
