// SPDX-License-Identifier: BSD-2-Clause
#include "pool/registry.hpp"

#include "pool/core.hpp"

namespace pool9::inline v1::detail::registry {

constinit base::mutex lock;

namespace {

constinit std::atomic<int> n_starving{0};

/// Keeps a source that gives memory back while it is asked from asking all over again.
constinit thread_local bool feeding = false;

/// A change of the list, for as long as it stands.
struct change {
  change() noexcept { root.n_changes.fetch_add(1); }
  ~change() { root.n_changes.fetch_add(1); }
  change(const change&) = delete;
  change& operator=(const change&) = delete;
};

void insert_after(base::list_link& where, entry& e) noexcept POOL9_REQUIRES(lock) {
  const change c;
  base::list::insert_after(where, e);
}
void take_out(base::list_link& l) noexcept POOL9_REQUIRES(lock) {
  const change c;
  base::list::remove(l);
}

/// What tells this thread from others, before and after a fork.
const void* this_thread() noexcept { return &feeding; }

}

void add(core& c) noexcept { insert_after(*root.pools.end()->prev, c.place); }
void remove(core& c) noexcept { take_out(c.place); }

base::list& all() noexcept { return root.pools; }

void drop_visitors() noexcept {
  for (base::list_link *l = root.pools.begin(), *next = nullptr; l != root.pools.end(); l = next) {
    next = l->next;
    const entry& e = *static_cast<entry*>(l);
    if (e.pool == nullptr && e.thread != this_thread()) take_out(*l);
  }
}

visitor::visitor() noexcept {
  here_.thread = this_thread();
  const base::locked hold(lock);
  insert_after(*root.pools.end(), here_);
}
visitor::~visitor() {
  unpin();
  const base::locked hold(lock);
  take_out(here_);
}

core* visitor::next(bool (*wanted)(const core&)) noexcept {
  unpin();
  const base::locked hold(lock);
  for (base::list_link* l = here_.next; l != root.pools.end(); l = l->next) {
    core* const c = static_cast<entry*>(l)->pool;
    if (c == nullptr || (wanted != nullptr && !wanted(*c))) continue;
    take_out(here_);
    insert_after(*l, here_);
    pin::raise(*c);
    pinned_.adopt(*c);
    return c;
  }
  return nullptr;
}

void starving(int change) noexcept {
  n_starving.fetch_add(change, std::memory_order_relaxed);  // relaxed: see feed_starving()
}

void feed_starving() noexcept {
  // relaxed: a pool that begins to starve now asked its source after this memory had come back, or
  // will ask again after a pause.
  if (n_starving.load(std::memory_order_relaxed) == 0 || feeding) return;
  feeding = true;
  const auto is_starving = [](const core& c) { return c.starving.load(std::memory_order_relaxed); };
  for (visitor v; core* const c = v.next(is_starving);) c->feed_waiters();
  feeding = false;
}

}
