// SPDX-License-Identifier: BSD-2-Clause
// The sampled guard: overruns and uses after put stop the program, with a report; nothing else
// does.
#include <sys/resource.h>

#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <pool9/object_pool.hpp>
#include <set>
#include <thread>

#include "base/sanitizer.hpp"
#include "pool/guard.hpp"
#include "stress/sanitized.hpp"

#include "misuse.hpp"

namespace pool9::test {
namespace {

constexpr std::size_t size = 100;

pool_options often(std::uint32_t one_in = 1) {
  return {.name = "sampled", .item_size = size, .idle_time = never_idle, .guard_one_in = one_in};
}
bool is_guarded(const void* item) { return detail::guard::is_near(item); }
char* bytes(void* item) { return static_cast<char*>(item); }

/// The first guarded item of `p`; all others are put back.
void* guarded_item(pool& p) {
  std::vector<void*> others;
  void* item = p.get();
  while (!is_guarded(item)) {
    others.push_back(item);
    item = p.get();
    if (others.size() > 100'000) std::abort();
  }
  put_all(p, others);
  return item;
}
/// Takes all items out of the caches.
void flush(pool& p) { static_cast<void>(p.reclaim()); }

TEST(Guard, StandsInForOneItemInSoManyRefills) {
  report_catcher catcher;
  pool p(often(4));
  std::vector<void*> items;
  for (int i = 0; i < 5000; ++i) items.push_back(p.get());
  std::size_t n = 0;
  for (void* item : items) n += is_guarded(item) ? 1 : 0;
  EXPECT_GE(n, 2u);
  EXPECT_LE(n, p.stats().refills / 4);
  EXPECT_EQ(std::set<void*>(items.begin(), items.end()).size(), items.size());
  EXPECT_EQ(p.stats().out, 5000u);
  for (void* item : items) {
    EXPECT_TRUE(p.owns(item));
    std::memset(item, 1, size);
  }
  put_all(p, items);
  flush(p);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.stats().pages, 0u) << "what it stood in for is back";
  EXPECT_EQ(p.check(), "");
  EXPECT_EQ(catcher.n_reports(), 0u);
}

TEST(Guard, KeepsTheLimitAndItsOrder) {
  pool_options o = often();
  o.hard_limit = 200;
  pool p(o);
  std::vector<void*> items = get_n(p, 200);
  EXPECT_EQ(p.try_get(), nullptr);
  std::thread waits([&] { p.put(p.get()); });
  await_waiters(p, 1);
  p.put(items.back());
  items.pop_back();
  waits.join();
  put_all(p, items);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(Guard, KeepsAlignment) {
  for (const std::size_t align : {8u, 64u, 1024u}) {
    pool_options o = often();
    o.align = align;
    o.align_offset = 4 % align;
    pool p(o);
    for (int i = 0; i < 6; ++i) {
      void* const item = guarded_item(p);
      EXPECT_EQ((reinterpret_cast<std::uintptr_t>(item) + o.align_offset) % align, 0u);
      p.put(item);
      flush(p);
    }
  }
}

// Memory that the program chose is what it gets.
TEST(Guard, IsForDefaultPagesOnly) {
  test_source source;
  pool_options own = often(), sized = often();
  own.source = &source;
  sized.page_size = 8192;
  pool p(own), q(sized);
  for (pool* each : {&p, &q}) {
    std::vector<void*> items = get_n(*each, 5000);
    for (const void* item : items) EXPECT_FALSE(is_guarded(item));
    put_all(*each, items);
  }
}

TEST(Guard, AWalkVisitsWhatWasHandedOut) {
  pool p(often());
  std::set<void*> out, visited;
  for (int i = 0; i < 200; ++i) out.insert(p.get());
  ASSERT_TRUE(std::any_of(out.begin(), out.end(), is_guarded));

  p.for_each_item([](void* set, void* i) { static_cast<std::set<void*>*>(set)->insert(i); },
                  &visited);

  EXPECT_EQ(visited, out);
  for (void* item : out) p.put(item);
}

TEST(Guard, ObjectsThatThePoolDestroysAreThoseThatWereMade) {
  static std::set<const void*> living;
  static bool was_guarded = false;
  struct object {
    object() {
      living.insert(this);
      was_guarded = was_guarded || is_guarded(this);
    }
    ~object() { EXPECT_EQ(living.erase(this), 1u); }
    char content[size] = {};
  };
  {
    object_pool<object> p({.at_destroy = on_live::destroy, .guard_one_in = 1, .sanitize = false});
    for (int i = 0; i < 200; ++i) static_cast<void>(p.make().release());
  }
  EXPECT_TRUE(was_guarded);
  EXPECT_EQ(living.size(), 0u);
}

// What it stands in for may have been in another thread's magazine.
TEST(Guard, NothingStandsInForAGuardedItem) {
  report_catcher catcher;
  pool p(often());
  void* const held = p.get();
  gate got, put;
  const auto get_and_put = [&] {
    std::vector<void*> items = get_n(p, 60);
    got.pass();
    // The guarded ones last, and so on top.
    std::stable_partition(items.begin(), items.end(), [](void* i) { return !is_guarded(i); });
    put_all(p, items);
    put.pass();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(get_and_put);
  got.await(4);
  got.open();
  put.await(4);
  put.open();
  for (std::thread& t : threads) t.join();

  std::vector<void*> items = get_n(p, 500);
  put_all(p, items);
  p.put(held);
  flush(p);

  EXPECT_EQ(catcher.n_reports(), 0u);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

// There are sixteen in all.
TEST(Guard, PlacesOfPoolsThatEndWithItemsOutAreTakenAgain) {
  for (int i = 0; i < 20; ++i) {
    pool p(often());
    EXPECT_TRUE(is_guarded(guarded_item(p)));
    EXPECT_TRUE(p.reset());
  }
}

TEST(Guard, SecondPutIsNamed) {
  report_catcher catcher;
  pool p(often());
  void* const item = guarded_item(p);
  p.put(item);
  p.put(hidden(item));
  flush(p);
  EXPECT_EQ(catcher.only().misuse, misuse_kind::put_twice);
  EXPECT_EQ(p.stats().out, 0u);
  EXPECT_EQ(p.check(), "");
}

TEST(Guard, WrongPoolIsNamed) {
  report_catcher catcher;
  pool p(often()), q(often());
  void* const item = guarded_item(p);
  q.put(hidden(item));
  flush(q);
  EXPECT_EQ(catcher.only().misuse, misuse_kind::wrong_pool);
  p.put(item);
}

// What is written beside it without leaving its place shows when it comes back.
TEST(Guard, SmallOverrunOnTheOpenSideIsReported) {
  report_catcher catcher;
  pool p(often());
  bool over = false, under = false;
  for (int i = 0; i < 8; ++i) {
    void* const item = guarded_item(p);
    const auto in_page = reinterpret_cast<std::uintptr_t>(item) % 4096;
    const bool at_start = in_page < 64;
    bytes(item)[at_start ? static_cast<long>(size) : -1] = 'x';
    p.put(item);
    flush(p);
    EXPECT_EQ(catcher.only().misuse, at_start ? misuse_kind::overrun : misuse_kind::underrun);
    (at_start ? over : under) = true;
    catcher.clear();
  }
  EXPECT_TRUE(over && under);
}

void no_core() {
  const rlimit none{};
  setrlimit(RLIMIT_CORE, &none);
}
void write(char* at) {
  char* volatile p = at;
  *p = 'x';
}

/// By the signal, or by the thread sanitizer's handler, which is called next and exits.
bool ended_by_the_fault(int status) {
  return testing::KilledBySignal(SIGSEGV)(status) || (thread_sanitized && WIFEXITED(status));
}

class GuardDeathTest : public testing::Test {
 protected:
  // Sanitizers have a handler of their own, which ends the program before ours could say anything.
  GuardDeathTest() { set_report_handler(nullptr); }
  void SetUp() override {
    if (base::sanitizer::present()) GTEST_SKIP() << "the sanitizer is told first";
  }
};
const std::string who_got =
    "\n  got, [0-9]+\\.[0-9]{3} s ago, in thread [0-9]+\n    misuse-tests[^\n]*\n(    [^\n]*\n)*  "
    "look at ";

TEST_F(GuardDeathTest, Overrun) {
  EXPECT_EXIT(
      {
        no_core();
        pool p(often());
        write(bytes(guarded_item(p)) + 4096);
      },
      ended_by_the_fault,
      "pool9 misuse: guard: pool 'sampled': item 0x[0-9a-f]+: was used beyond its end, at byte "
      "4096 "
      "of 100" +
          who_got + "what this thread does now: the core file has its stack\n");
}
TEST_F(GuardDeathTest, Underrun) {
  EXPECT_EXIT(
      {
        no_core();
        pool p(often());
        write(bytes(guarded_item(p)) - 8192);
      },
      ended_by_the_fault, "was used (before its start|beyond its end)");
}
TEST_F(GuardDeathTest, UseAfterPut) {
  EXPECT_EXIT(
      {
        no_core();
        pool p(often());
        void* const item = guarded_item(p);
        p.put(item);
        flush(p);
        write(bytes(item) + 7);
      },
      ended_by_the_fault,
      "pool9 misuse: guard: pool 'sampled': item 0x[0-9a-f]+: was used after its put, at byte 7 of "
      "100" +
          who_got + "who still has a pointer to it: this thread, now\n");
}
TEST_F(GuardDeathTest, UseAfterThePoolEnded) {
  EXPECT_EXIT(
      {
        no_core();
        void* item = nullptr;
        {
          pool p(often());
          item = guarded_item(p);
          p.put(item);
        }
        write(bytes(item));
      },
      ended_by_the_fault, "was used after its put, at byte 0 of 100");
}

// The program's own handler is asked after ours, and for what is not ours.
TEST_F(GuardDeathTest, HandlersAreChained) {
  const auto own = [](int) {
    static constexpr char text[] = "the program's own\n";
    static_cast<void>(!::write(2, text, sizeof text - 1));
    _exit(3);
  };
  const auto with_own = [&](bool ours) {
    signal(SIGSEGV, own);
    pool p(often());
    void* const item = guarded_item(p);
    write(ours ? bytes(item) + 4096 : nullptr);
  };
  EXPECT_EXIT(with_own(true), testing::ExitedWithCode(3), "beyond its end(.|\n)*program's own");
  EXPECT_EXIT(with_own(false), testing::ExitedWithCode(3), "^the program's own\n$");
}

// What somebody sent, and what the program's handler is installed with, is as without ours.
TEST_F(GuardDeathTest, SignalsThatAreIgnoredStayIgnored) {
  if (thread_sanitized) GTEST_SKIP() << "its runtime hands signals on by itself";
  const auto sent = [](int n) {
    no_core();
    struct sigaction ignores = {};
    ignores.sa_handler = SIG_IGN;
    ignores.sa_flags = static_cast<int>(SA_RESETHAND);  // as signal() has it in strict C
    if (n == 0) sigaction(SIGSEGV, &ignores, nullptr);
    pool p(often());
    p.put(guarded_item(p));
    for (int i = 0; i < 2; ++i) raise(SIGSEGV);
    _exit(4);
  };
  EXPECT_EXIT(sent(0), testing::ExitedWithCode(4), "");
  EXPECT_EXIT(sent(1), ended_by_the_fault, "");
}
TEST_F(GuardDeathTest, HandlersThatDoNotReturnAreCalledAgain) {
  if (thread_sanitized) GTEST_SKIP() << "its runtime hands signals on by itself";
  EXPECT_EXIT(
      {
        no_core();
        static jmp_buf back;
        struct sigaction own = {};
        own.sa_handler = [](int) { longjmp(back, 1); };
        own.sa_flags = SA_NODEFER;  // so longjmp() leaves the signal open
        sigaction(SIGSEGV, &own, nullptr);
        pool p(often());
        p.put(guarded_item(p));
        static int n_faults = 0;
        if (setjmp(back) != 0) ++n_faults;
        if (n_faults < 3) write(nullptr);
        _exit(n_faults);
      },
      testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace pool9::test
