// SPDX-License-Identifier: BSD-2-Clause
// examples/httpd as nobody would run it: a share of the pages that it asks for is refused at
// random, and beside its clients threads come, use its pools and two of their own, and go.
//
//     soak ROOT LIMIT SHARE SEED
//
// It serves until a line comes on standard input, says "quiet" when everything is back - now every
// figure is exact - and ends with the input.  Anything that is wrong is a line "wrong: ...".
#include <sys/prctl.h>

#include <cinttypes>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include "server.hpp"
#include "stress/worker.hpp"

namespace {

using namespace std::chrono_literals;

/// The system's pages, of which a share is refused at random.  What a server wants before it
/// starts, its reserves, is not: a machine that has not even those is another test.
class refusing_source final : public pool9::page_source {
 public:
  refusing_source(double share, std::uint64_t seed)
      : random_(seed), refused_below_(static_cast<std::uint64_t>(share * 0x1p53)) {}

  [[nodiscard]] void* allocate(std::size_t bytes, pool9::get_flags flags) noexcept override {
    return refuses() ? nullptr : counted(pool9::system_source().allocate(bytes, flags));
  }
  void release(void* page, std::size_t bytes) noexcept override {
    pool9::system_source().release(page, bytes);
    --n_pages_;
  }
  [[nodiscard]] std::size_t allocate_reserve(std::span<void*> pages,
                                             std::size_t bytes) noexcept override {
    pages[0] = counted(pool9::system_source().allocate(bytes, pool9::get_flags::nowait));
    return pages[0] != nullptr ? 1 : 0;
  }
  std::int64_t n_pages() const noexcept { return n_pages_; }

 private:
  /// splitmix64, of which each call takes the next number, whichever thread makes it.
  bool refuses() noexcept {
    std::uint64_t z = random_.fetch_add(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) >> 11 < refused_below_;
  }
  void* counted(void* page) noexcept {
    if (page != nullptr) ++n_pages_;
    return page;
  }

  std::atomic<std::uint64_t> random_;
  const std::uint64_t refused_below_;
  std::atomic<std::int64_t> n_pages_{0};
};

/// A pool of the threads' own, and what holds for its items.
struct playground {
  playground(const pool9::pool_options& o)
      : pool(o), rules(pool, std::min<std::size_t>(o.hard_limit, 1'000'000)) {}
  pool9::pool pool;
  pool9::test::field rules;
};

/// The threads that come and go.
class crowd {
 public:
  crowd(httpd::pools& server, pool9::page_source& source, std::uint64_t seed)
      : server_(server),
        narrow_({.name = "narrow",
                 .item_size = 200,
                 .hard_limit = 24,
                 .idle_time = 200ms,
                 .source = &source}),
        wide_({.name = "wide",
               .item_size = 3000,
               .high_watermark = 160,
               .idle_time = 200ms,
               .source = &source}) {
    for (unsigned i = 0; i < 2; ++i)
      herds_.emplace_back([this, i, seed](std::stop_token stop) { send_waves(seed + i, stop); });
    watch_ = std::jthread([this](std::stop_token stop) { watch(stop); });
  }
  void go_home() {
    herds_.clear();
    watch_ = {};
    check_all();
  }
  void check_all() const {
    const pool9::pool* const all[] = {&server_.connections, &server_.buffers, &server_.lobby,
                                      &narrow_.pool, &wide_.pool};
    for (const pool9::pool* p : all)
      if (const std::string_view broken = p->check(); !broken.empty())
        std::printf("wrong: %.*s of pool %s\n", static_cast<int>(broken.size()), broken.data(),
                    p->name().data());
    for (const playground* p : {&narrow_, &wide_})
      if (p->rules.complaint() != nullptr) std::printf("wrong: %s\n", p->rules.complaint());
    std::fflush(stdout);
  }

 private:
  /// Wave after wave of up to eleven threads: all have gone before the next come, which take over
  /// what they left.  Now and then nobody comes for so long that pages go back, and everything
  /// unused goes at once, so that the server has to ask for it again.
  void send_waves(std::uint64_t seed, const std::stop_token& stop) {
    std::mt19937_64 random(seed);
    for (unsigned n = 0; !stop.stop_requested(); ++n) {
      std::vector<std::jthread> wave(random() % 12);
      for (auto& thread : wave) thread = std::jthread([this, s = random()] { visit(s); });
      wave.clear();
      const bool is_long = n % 20 == 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(is_long ? 1000 : random() % 20));
      if (is_long) pool9::reclaim_all();
    }
  }
  /// The life of one thread.
  void visit(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto name = seed | 1;  // never the mark of a free item
    pool9::test::worker in_narrow(narrow_.rules, static_cast<unsigned>(random()), name);
    pool9::test::worker in_wide(wide_.rules, static_cast<unsigned>(random()), name);
    for (std::uint64_t n = random() % 300; n != 0; --n) {
      (n % 3 == 0 ? in_narrow : in_wide).step();
      if (random() % 100 == 0) stand_in_line(std::chrono::milliseconds(random() % 50));
      if (random() % 100 == 0) fill_the_lobby(random() % server_.lobby.hard_limit() / 2);
    }
    in_narrow.finish();
    in_wide.finish();
  }
  /// With the server's clients, for a connection.
  void stand_in_line(std::chrono::milliseconds patience) {
    if (void* const item = server_.connections.try_get_for(patience)) server_.connections.put(item);
  }
  void fill_the_lobby(std::size_t n) {
    std::vector<void*> places;
    while (places.size() < n) {
      void* const place = server_.lobby.try_get();
      if (place == nullptr) break;
      places.push_back(place);
    }
    server_.lobby.put_bulk(places);
  }
  void watch(const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
      check_all();
      std::this_thread::sleep_for(1s);
    }
  }

  httpd::pools& server_;
  playground narrow_;  // waits
  playground wide_;    // grows and shrinks
  std::vector<std::jthread> herds_;
  std::jthread watch_;
};

void await_line() {
  std::string line;
  std::getline(std::cin, line);
}

int soak(const httpd::server_options& options, refusing_source& source, std::uint64_t seed) {
  {
    httpd::server server(options);
    std::ostringstream where;
    where << server.address();
    std::jthread serving([&] { server.run(); });
    crowd others(server.items(), source, seed);
    std::printf("serving http://%s/\n", where.str().c_str());
    std::fflush(stdout);
    await_line();
    others.go_home();
    server.stop();
    serving.join();
    others.check_all();
    std::printf("requests=%" PRIu64 " errors=%" PRIu64 "\nquiet\n", server.count().requests.load(),
                server.count().errors.load());
    std::fflush(stdout);
    await_line();
  }
  if (source.n_pages() != 0) std::printf("wrong: %" PRId64 " pages are lost\n", source.n_pages());
  return source.n_pages() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: soak ROOT LIMIT SHARE SEED\n");
    return EXIT_FAILURE;
  }
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // for poolstat, where only parents may look
  const std::uint64_t seed = std::stoull(argv[4]);
  refusing_source source(std::stod(argv[3]), seed);
  httpd::server_options options{.root = argv[1], .port = 0, .limit = std::stoul(argv[2])};
  // Clients may be starved of the processor, and whoever is cut for being late is an error here.
  options.limits = {.head = 60s,
                    .idle = 60s,
                    .write = 60s,
                    .close = 60s,
                    .crowded_idle = 30s,
                    .crowded_close = 30s};
  options.lobby_limit = 16 * options.limit;
  options.source = &source;
  return soak(options, source, seed);
}
