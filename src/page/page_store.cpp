// SPDX-License-Identifier: BSD-2-Clause
// Lock order: that of all stores, then those of the sets, then the arena's.
#include "page/page_store.hpp"

#include <memory>
#include <new>

#include "base/arena.hpp"
#include "page/system_source.hpp"

namespace pool9::inline v1::detail {

constinit page_store shared_store;

namespace {

constinit base::mutex all_lock;
constinit base::list others POOL9_GUARDED_BY(all_lock);  // but for the shared one

template <class F>
void for_all_sets(F f) noexcept POOL9_REQUIRES(all_lock) {
  for (page::chunk_set& set : shared_store.sets) f(set);
  for (base::list_link* l = others.begin(); l != others.end(); l = l->next)
    for (page::chunk_set& set : static_cast<page_store*>(l)->sets) f(set);
}

}

page_store* page_store::make() noexcept {
  void* const memory = base::arena::allocate(sizeof(page_store));
  if (memory == nullptr) return nullptr;
  auto* const s = ::new (memory) page_store;
  const base::locked hold(all_lock);
  others.push_back(*s);
  return s;
}

void page_store::end(page_store& s) noexcept {
  {
    const base::locked hold(all_lock);
    base::list::remove(s);
  }
  for (page::chunk_set& set : s.sets) set.end();
  std::destroy_at(&s);
  base::arena::release(&s, sizeof(page_store));
}

}

namespace pool9::page {

using namespace detail;

void lock_system_memory() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  all_lock.lock();
  for_all_sets([](chunk_set& set) { set.lock(); });
}
void unlock_system_memory() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  for_all_sets([](chunk_set& set) { set.unlock(); });
  all_lock.unlock();
}

}
