// SPDX-License-Identifier: BSD-2-Clause
// Memory of a NUMA node.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "memory.hpp"

namespace pool9::test {
namespace {

const std::size_t page = base::os::page_size();
constexpr int preferred = 1;  // MPOL_PREFERRED

TEST(MemoryNode, IsAskedForBeforeAnyPageIsTouched) {
  const report_catcher reports;
  for (const std::size_t bytes : {page, chunk}) {
    system_memory source({.populate = when::always, .numa_node = 0});
    call_log log;
    void* const p = source.allocate(bytes, now);
    ASSERT_NE(p, nullptr);

    std::vector<std::string> order;
    for (const system_call& c : log.take()) {
      if (c.name == "mbind") {
        EXPECT_EQ(c.advice, preferred);
        EXPECT_EQ(c.node_mask, 1u);
        EXPECT_EQ(c.start, chunk_of(p));
        EXPECT_EQ(c.bytes, chunk);
      }
      if (c.name == "mbind" || c.advice == sys::populate_write) order.push_back(c.name);
    }
    EXPECT_EQ(order, (std::vector<std::string>{"mbind", "madvise"}));
    source.release(p, bytes);
  }
}

TEST(MemoryNode, IsTheOneThatTheSystemKnowsOf) {
  const report_catcher reports;
  system_memory source({.numa_node = 0});
  void* const p = source.allocate(page, now);
  ASSERT_NE(p, nullptr);
  if (source.refusal().option != "") {
    source.release(p, page);
    GTEST_SKIP() << "the system has no such policy";
  }

  int mode = -1;
  unsigned long nodes[16] = {};
  constexpr unsigned long of_address = 2;  // MPOL_F_ADDR
  ASSERT_EQ(syscall(SYS_get_mempolicy, &mode, nodes, 1024ul, p, of_address), 0);
  EXPECT_EQ(mode, preferred);
  EXPECT_EQ(nodes[0], 1u);
  EXPECT_EQ(reports.n_reports(), 0u);
  source.release(p, page);
}

TEST(MemoryNode, WithoutOneNothingIsAsked) {
  system_memory source;
  call_log log;
  source.release(source.allocate(page, now), page);
  EXPECT_EQ(log.count("mbind"), 0u);
}

TEST(MemoryNode, RefusedAtAnyTimeIsToldAndPagesComeFromElsewhere) {
  for (const int error : {EPERM, EINVAL, ENOSYS}) {
    for (int n = 1; n <= 3; ++n) {
      const report_catcher reports;
      system_memory source({.numa_node = 0});
      call_log log(refuse_from(n, "mbind", 0, error));
      const std::vector<void*> pages = reserve(source, 3 * chunk / page, page);
      EXPECT_EQ(pages.size(), 3 * chunk / page);
      EXPECT_EQ(log.n_refused(), 4 - n);
      EXPECT_EQ(source.refusal().option, "numa_node");
      EXPECT_EQ(source.refusal().call, "mbind");
      EXPECT_EQ(source.refusal().error, error);
      EXPECT_EQ(reports.only().kind, report_kind::warning);
      source.release_some(pages, page);
    }
  }
}

TEST(MemoryNode, ThatCannotBeIsRefused) {
  for (const int node : {-2, 1023, 1024, 1 << 20}) {
    const report_catcher reports;
    system_memory source({.numa_node = node});
    void* const p = source.allocate(page, now);
    EXPECT_NE(p, nullptr);
    EXPECT_EQ(source.refusal().option, "numa_node") << node;
    source.release(p, page);
  }
}

}
}
