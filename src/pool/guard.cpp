// SPDX-License-Identifier: BSD-2-Clause
#include "pool/guard.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "base/mutex.hpp"
#include "base/os.hpp"
#include "base/os_memory.hpp"
#include "pool/registry.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail::guard {

namespace os = base::os;

constinit std::atomic<std::uintptr_t> begin{0}, end{0};

namespace {

constexpr std::size_t n_pages = 2;  // of a place, between one closed page and the next
constexpr unsigned char slack_byte = 0xfe;

constinit base::mutex lock;
constinit place places[n_places] = {};
constinit std::uint64_t n_uses POOL9_GUARDED_BY(lock) = 0;
constinit std::uint64_t n_stood_in POOL9_GUARDED_BY(lock) = 0;

std::size_t pitch() noexcept { return (n_pages + 1) * os::page_size(); }
std::uintptr_t start_of(std::size_t i) noexcept {
  return begin.load(std::memory_order_relaxed) + os::page_size() + i * pitch();
}
std::uintptr_t end_of(std::size_t i) noexcept { return start_of(i) + n_pages * os::page_size(); }
/// The place that the address is in or beside: its closed page is the one behind it.
std::size_t index_of(std::uintptr_t a) noexcept {
  const std::uintptr_t first = begin.load(std::memory_order_relaxed) + os::page_size();
  return a < first ? 0 : std::min((a - first) / pitch(), n_places - 1);
}

/// The system says that somebody touched `address`, which nobody may.  Async-signal-safe: it reads
/// what was written down, and writes.  false: not ours.
bool report_touch(const void* address) noexcept {
  if (!is_near(address)) return false;
  const std::uintptr_t a = base::address_of(address);
  std::size_t i = index_of(a);
  // A closed page has two neighbours; what is nearer is meant, if it is out.
  if (i + 1 < n_places && a >= end_of(i) && start_of(i + 1) - a < a - end_of(i) &&
      places[i + 1].now == state::out)
    ++i;
  const place& p = places[i];
  base::text<2000> text;
  const char* const pool = p.pool;
  const auto item = reinterpret_cast<const void*>(p.item);
  const auto at = static_cast<long>(a - p.item);
  if (p.now == state::back) {
    text.add("pool9 misuse: guard: pool '%s': item %p: was used after its put, at byte %ld of %zu",
             pool, item, at, p.size);
  } else if (a < p.item) {
    text.add("pool9 misuse: guard: pool '%s': item %p: was used before its start, at byte %ld",
             pool, item, at);
  } else {
    text.add("pool9 misuse: guard: pool '%s': item %p: was used beyond its end, at byte %ld of %zu",
             pool, item, at, p.size);
  }
  if (p.got.is_known()) {
    const std::uint64_t ago = (os::steady_ns() - p.got.time_ns) / 1'000'000;
    text.add("\n  got%s, %" PRIu64 ".%03" PRIu64 " s ago, in thread %u%s", p.site.view().data(),
             ago / 1000, ago % 1000, p.got.thread, p.stack.view().data());
  }
  text.add("\n  look at %s\n", p.now == state::back
                                   ? "who still has a pointer to it: this thread, now"
                                   : "what this thread does now: the core file has its stack");
  os::print_error(text.view());
  return true;
}

/// The first byte that was written where no item is, or nullptr.
const void* first_spoiled(std::uintptr_t from, std::uintptr_t to) noexcept {
  const auto* const a = reinterpret_cast<const unsigned char*>(from);
  const auto* const b = reinterpret_cast<const unsigned char*>(to);
  const auto* const other = std::find_if(a, b, [](unsigned char c) { return c != slack_byte; });
  return other == b ? nullptr : other;
}

/// The places, reserved by the first use.
bool exist() noexcept POOL9_REQUIRES(lock) {
  if (end.load(std::memory_order_relaxed) != 0) return true;
  const std::size_t bytes = n_places * pitch() + os::page_size();
  void* const memory = os::reserve(bytes);
  if (memory == nullptr) return false;
  begin.store(base::address_of(memory), std::memory_order_relaxed);
  end.store(base::address_of(memory) + bytes, std::memory_order_relaxed);
  registry::root.guards.store(places, std::memory_order_relaxed);
  os::on_fault(report_touch);
  return true;
}

}

void* stand_in(void* real, const wanted& w) noexcept {
  if (w.item_size + w.align > n_pages * os::page_size()) return nullptr;
  const base::locked hold(lock);
  if (!exist()) return nullptr;
  std::size_t i = n_places;
  for (std::size_t k = 0; k < n_places; ++k)
    if (places[k].now != state::out && (i == n_places || places[k].last_use < places[i].last_use))
      i = k;
  if (i == n_places) return nullptr;
  const std::uintptr_t from = start_of(i), to = end_of(i);
  if (!os::open(base::pointer_to(from), to - from)) return nullptr;
  place& p = places[i];
  p.last_use = ++n_uses;
  // Most run over the end; one in four shows those that do not.
  const std::uintptr_t lowest = from + (0 - w.align_offset - from) % w.align;
  const std::uintptr_t highest = to - w.item_size - (to - w.item_size + w.align_offset) % w.align;
  p.item = ++n_stood_in % 4 == 0 ? lowest : highest;
  p.size = w.item_size;
  p.real = real;
  p.pool_id = w.pool_id;
  std::copy(w.pool, w.pool + sizeof p.pool, p.pool);
  p.got = {};
  std::memset(base::pointer_to(from), slack_byte, p.item - from);
  std::memset(base::pointer_to(p.item + p.size), slack_byte, to - p.item - p.size);
  p.now = state::out;
  return base::pointer_to(p.item);
}

void note_get(const void* item, const caller& by) noexcept {
  ledger::event e;
  ledger::note(e, by);
  base::text<200> site;
  add_site(site, by.where);
  base::text<1000> stack;
  add_stack(stack, e, "\n", stack_depth);
  const base::locked hold(lock);
  place& p = places[index_of(base::address_of(item))];
  if (p.now != state::out || p.item != base::address_of(item)) return;
  p.got = e;
  p.site = site;
  p.stack = stack;
}

page::give_result ask(const void* item, std::uint64_t pool_id) noexcept {
  using page::give_result;
  const base::locked hold(lock);
  const place& p = places[index_of(base::address_of(item))];
  if (p.now == state::unused || p.pool_id != pool_id) return give_result::foreign;
  if (p.item != base::address_of(item)) return give_result::interior;
  return p.now == state::out ? give_result::ok : give_result::already_free;
}

void* standing_in_for(void* real, std::uint64_t pool_id) noexcept {
  const base::locked hold(lock);
  const auto* const p = std::find_if(std::begin(places), std::end(places), [=](const place& x) {
    return x.now == state::out && x.real == real && x.pool_id == pool_id;
  });
  return p == std::end(places) ? real : base::pointer_to(p->item);
}

void* come_back(void* item, const void*& spoiled) noexcept {
  const base::locked hold(lock);
  const std::size_t i = index_of(base::address_of(item));
  place& p = places[i];
  const void* const behind = first_spoiled(p.item + p.size, end_of(i));
  spoiled = behind != nullptr ? behind : first_spoiled(start_of(i), p.item);
  os::shut(base::pointer_to(start_of(i)), end_of(i) - start_of(i));
  p.now = state::back;
  p.last_use = ++n_uses;
  return p.real;
}

void forget(std::uint64_t pool_id) noexcept {
  const base::locked hold(lock);
  for (std::size_t i = 0; i < n_places; ++i) {
    place& p = places[i];
    if (p.now == state::unused || p.pool_id != pool_id) continue;
    os::shut(base::pointer_to(start_of(i)), end_of(i) - start_of(i));
    p.now = state::back;  // who still uses it is told
    p.pool_id = 0;
  }
}

void lock_all() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock.lock(); }
void unlock_all() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock.unlock(); }

}
