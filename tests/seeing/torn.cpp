// SPDX-License-Identifier: BSD-2-Clause
// A program whose registry is as a change leaves it that is not over, or that stopped with every
// lock held, or whose library is of another time; to be looked into.  It knows the two symbols that
// the note leads to.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pool9/pool.hpp>
#include <string>
#include <vector>

#include "pool/core.hpp"

struct seen_link {
  seen_link* next;
  seen_link* prev;
};
extern "C" struct {
  seen_link pools;
  std::uint64_t n_changes;
} pool9_registry;
extern "C" struct {
  std::uint32_t version, member_size, n_members, reserved;
  struct {
    char type[16], name[40];
    std::uint32_t offset, size;
  } members[128];
} pool9_layout;

namespace {

/// Lets the table be written, which is constant.
void unlock_layout() {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<std::uintptr_t>(&pool9_layout) / page * page;
  if (::mprotect(reinterpret_cast<void*>(start), 8 * page, PROT_READ | PROT_WRITE) != 0)
    std::abort();
}

void forget_member(const std::string& type, const std::string& name) {
  for (std::uint32_t i = 0; i < pool9_layout.n_members; ++i)
    if (type == pool9_layout.members[i].type && name == pool9_layout.members[i].name)
      pool9_layout.members[i].name[0] = '?';
}

/// As threads leave them that stop inside, for good.
void hold_all_locks() POOL9_ANNOTATE(no_thread_safety_analysis) {
  namespace detail = pool9::detail;
  std::vector<detail::core*> all;
  for (detail::registry::visitor v; detail::core* const c = v.next();) all.push_back(c);
  for (detail::core* const c : all) c->mutex.lock();
  detail::registry::lock.lock();
}

void tear(const std::string& how) {
  if (how == "all locked") hold_all_locks();
  seen_link* const first = pool9_registry.pools.next;
  if (how == "in a change") ++pool9_registry.n_changes;
  if (how == "turning") first->next->next = first;
  if (how == "nowhere") first->next->next = reinterpret_cast<seen_link*>(64);
  if (how != "newer" && how != "older") return;
  unlock_layout();
  if (how == "newer") ++pool9_layout.version;
  if (how == "older") forget_member("core", "counts.recalls");
}

}

int main(int, char** argv) {
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  pool9::set_housekeeping(pool9::housekeeping::by_hand);  // nobody may walk the list
  pool9::pool one({.name = "one", .item_size = 64}), two({.name = "two", .item_size = 64});
  one.put(one.get());
  two.put(two.get());
  one.reclaim();  // a recall
  tear(argv[1]);
  std::printf("ready\n");
  std::fflush(stdout);
  for (char c = 0; ::read(0, &c, 1) > 0;) continue;
  std::_Exit(0);
}
