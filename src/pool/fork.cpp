// SPDX-License-Identifier: BSD-2-Clause
// Pools across fork().
//
// The forking thread takes every lock, so that the child's copy of everything is whole.  In the
// child only that thread lives on: the waits of the others are dropped, and what they held, or were
// about to hand to a pool or to a source, stays out.
#include "base/arena.hpp"
#include "base/pressure.hpp"
#include "page/system_source.hpp"
#include "pool/core.hpp"
#include "pool/guard.hpp"
#include "pool/housekeeping.hpp"

namespace pool9::inline v1::detail::registry {
namespace {

template <class F>
void for_all(F f) noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  for (base::list_link* l = all().begin(); l != all().end(); l = l->next)
    if (core* const c = static_cast<entry*>(l)->pool) f(*c);
}

void prepare() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  lock.lock();
  for_all([](core& c) POOL9_ANNOTATE(no_thread_safety_analysis) {
    c.mutex.lock();
    c.recall_open();  // the child's copies of top and of what lies below may be of two moments
  });
  handoff::lock_calls();
  guard::lock_all();
  page::lock_system_memory();
  base::arena::lock_all();
  base::pressure::lock();
}

void release() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  base::pressure::unlock();
  base::arena::unlock_all();
  page::unlock_system_memory();
  guard::unlock_all();
  handoff::unlock_calls();
  for_all([](core& c) POOL9_ANNOTATE(no_thread_safety_analysis) { c.mutex.unlock(); });
  lock.unlock();
}

void child() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) {
  drop_visitors();
  for_all([](core& c) { c.pins.store(0, std::memory_order_relaxed); });  // relaxed: one thread
  pin::recount();
  handoff::after_fork();
  housekeeping::after_fork();
  base::pressure::after_fork();
  release();
  handoff::hold();  // a thread that starts may get the stack where a wait is still to be dropped
  for (visitor v; core* const c = v.next();) c->after_fork();
  handoff::go_on();
}

/// Registers handlers unless that was done.
class handlers {
 public:
  void once(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
    // relaxed: only a hint
    if (are_there_.load(std::memory_order_relaxed) || are_there_.exchange(true)) return;
    if (!base::os::at_fork(before, in_parent, in_child)) are_there_.store(false);
  }

 private:
  std::atomic<bool> are_there_{false};
};

constinit handlers for_locks, for_foreign_code;

void prepare_locks() noexcept { for_locks.once(prepare, release, child); }

// When the library is loaded: handlers that the program registers later run before ours take the
// locks, and after ours released them, so they may use pools.  Before other static objects, which
// may register some, and come first where the library is linked statically.
[[gnu::init_priority(101)]] const struct at_load {
  at_load() noexcept { prepare_locks(); }
} register_early;

}

void prepare_for_forks() noexcept {
  prepare_locks();
  // Later: callbacks and sources may need what handlers that are registered by now lock and unlock.
  for_foreign_code.once(handoff::hold, handoff::go_on, handoff::go_on);
}

}
