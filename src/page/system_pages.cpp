// SPDX-License-Identifier: BSD-2-Clause
// Pages from the system: mapped in chunks, given back singly.
//
// Theory of operation
// ===================
// 1. Chunks.  Memory is mapped 2 MiB at a time, aligned, and cut into pages of one size; the books
//    of each size are a chunk_set.  A mapping for each page would soon meet the system's limit on
//    their number (65 530, which is 256 MiB of pages of 4 KiB).  Pages of a chunk and more are
//    mapped alone.
//
// 2. Going back.  The memory of a page that comes back goes to the system at once, many pages in
//    one call, and then the page is free for others; its addresses wait in the chunk.  A chunk of
//    which nothing is out is unmapped, but for one, so that coming and going at a chunk's edge
//    costs no mapping.  Parts of a system page wait for their chunk.
//
// 3. Coming.  Fresh memory is zeroed by the system when it is first touched, one page at a time,
//    and a fault costs more than the zeroing.  So what a growing pool takes at once, an eighth of
//    what it has, is made resident in one call.  With the option huge_pages, new chunks get a huge
//    page each when `huge_from` bytes of pages of one size are out.  Measured, per system page: 1.4
//    us by faults, 1.2 made resident in steps, 0.3 by huge pages.  What is resident and not used
//    stays below an eighth of what is: that of a growth by the pool's rule, that of a huge page by
//    `huge_from`.
//
// 4. Huge pages go back in parts only after they were broken up: until then the system counts the
//    part as gone and does not use it.  And then the chunk must have huge pages no more, or the
//    system may put one together again from what is left, and fill up what went back.  Chunks
//    without a huge page are told so from the start, for systems that give them to everybody.
//
// 5. No lock is held in any call to the system, the set's own included; and two threads in the same
//    step are in each other's way in the system at most.  Both may map a chunk: the second waits
//    for its turn.
#include <algorithm>
#include <array>
#include <pool9/fault.hpp>
#include <pool9/system_memory.hpp>

#include "base/os.hpp"
#include "base/os_memory.hpp"
#include "base/text.hpp"
#include "page/page_store.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;
using page::chunk_bytes;
using page::chunk_set;

namespace {

/// One chunk more is an eighth of that.
constexpr std::size_t huge_from = 16 * 1024 * 1024;

/// Pages that are worked on at once; their list is on the stack.
constexpr std::size_t batch = 256;
using some_pages = std::array<void*, batch>;

/// The runs of neighbouring pages in a list, one behind the other.
class run_list {
 public:
  void add(void* start, std::size_t bytes) noexcept {
    if (n_ != 0 && end_of_last() == start) {
      runs_[n_ - 1].bytes += bytes;
      return;
    }
    runs_[n_++] = {start, bytes};
  }
  /// Leaves the runs that are longer.
  void drop_up_to(std::size_t bytes) noexcept {
    const auto is_short = [=](const os::run& r) { return r.bytes <= bytes; };
    n_ = static_cast<std::size_t>(std::remove_if(runs_.begin(), runs_.begin() + n_, is_short) -
                                  runs_.begin());
  }
  std::span<const os::run> all() const noexcept { return {runs_.data(), n_}; }

 private:
  void* end_of_last() const noexcept {
    return static_cast<std::byte*>(runs_[n_ - 1].start) + runs_[n_ - 1].bytes;
  }
  std::size_t n_ = 0;
  std::array<os::run, batch> runs_;
};

run_list runs_of(std::span<void* const> pages, std::size_t bytes) noexcept {
  run_list runs;
  for (void* page : pages) runs.add(page, bytes);
  return runs;
}

void* chunk_of(void* page) noexcept {
  return base::pointer_to(base::address_of(page) / chunk_bytes * chunk_bytes);
}

/// Where a page ends and its guard begins, in a slot twice as long: pages smaller than a system
/// page end with it.
std::size_t end_in_slot(std::size_t bytes) noexcept { return std::max(bytes, os::page_size()); }

page::layout layout_in_chunk(std::size_t bytes, bool guarded) noexcept {
  if (!guarded) return page::layout({.size = bytes, .align = bytes, .page_size = chunk_bytes});
  const std::size_t end = end_in_slot(bytes);
  return page::layout(
      {.size = bytes, .align = 2 * end, .align_offset = end + bytes, .page_size = chunk_bytes});
}

os::error guard_slots(void* chunk, std::size_t bytes) noexcept {
  const std::size_t end = end_in_slot(bytes);
  run_list runs;
  for (std::size_t at = 0; at < chunk_bytes; at += 2 * end) {
    runs.add(static_cast<std::byte*>(chunk) + at + end, os::page_size());
    if (runs.all().size() < batch && at + 2 * end < chunk_bytes) continue;
    if (const os::error e = os::guard(runs.all()); e != 0) return e;
    runs = {};
  }
  return 0;
}

}

// ---- The store

page_store* system_pages::store() noexcept {
  page_store* s = store_.load(std::memory_order_acquire);  // pairs with the exchange below
  if (s != nullptr) return s;
  page_store* const fresh = page_store::make();
  if (fresh == nullptr) return nullptr;
  if (store_.compare_exchange_strong(s, fresh, std::memory_order_acq_rel)) return fresh;
  page_store::end(*fresh);  // another thread was first
  return s;
}

void system_pages::end() noexcept {
  page_store* const s = store_.load(std::memory_order_acquire);
  if (s == nullptr) return;
  std::size_t n_out = s->n_alone;
  for (chunk_set& set : s->sets) {
    while (void* const chunk = set.detach_beyond(0)) os::unmap(chunk, chunk_bytes);
    n_out += set.n_out();
  }
  page_store::end(*s);
  if (n_out == 0) return;
  base::text<192> text;
  text.add(
      "~system_memory: %zu pages are out at its end, and stay\n"
      "  look at the pools over it: they end before it",
      n_out);
  deliver({report_kind::misuse, {.function = "~system_memory"}, {}, text.view(), this});
}

// ---- Mapping

std::size_t system_pages::guard_bytes() const noexcept {
  return options_.guard_pages ? os::page_size() : 0;
}

bool system_pages::wants_huge(std::size_t bytes_out) const noexcept {
  if (options_.guard_pages || options_.huge_pages == when::never) return false;
  if (options_.huge_pages == when::always) return true;
  return bytes_out >= huge_from && !options_.lock;  // parts of locked memory stay whole
}

/// Tells the system what fresh memory is for; false: it will not keep a promise.  `huge` becomes
/// whether huge pages may come.
bool system_pages::equip(void* memory, std::size_t bytes, bool& huge) noexcept {
  if (huge) {
    const os::error e = os::allow_huge_pages(memory, bytes);
    huge = e == 0;
    if (!huge && options_.huge_pages == when::always) refused_.add(refusals::huge_pages, e);
  } else {
    os::forbid_huge_pages(memory, bytes);  // a system without any says no, and means yes
  }
  if (options_.numa_node != any_node)
    if (const os::error e = os::prefer_node(memory, bytes, options_.numa_node); e != 0)
      refused_.add(refusals::numa_node, e);
  if (!options_.lock) return true;
  const os::error e = os::lock_in_ram(memory, bytes);
  if (e != 0) refused_.add(refusals::lock, e);
  return e == 0;
}

bool system_pages::add_chunk(chunk_set& set, std::size_t bytes) noexcept {
  void* const chunk = os::map(chunk_bytes, chunk_bytes);
  if (chunk == nullptr) return false;
  bool huge = wants_huge(set.n_out() * bytes);
  bool is_good = equip(chunk, chunk_bytes, huge);
  if (is_good && options_.guard_pages) {
    const os::error e = guard_slots(chunk, bytes);
    if (e != 0) refused_.add(refusals::guard_pages, e);
    is_good = e == 0;
  }
  is_good = is_good && set.adopt(chunk, layout_in_chunk(bytes, options_.guard_pages), huge);
  if (!is_good) os::unmap(chunk, chunk_bytes);
  return is_good;
}

void* system_pages::map_alone(page_store& s, std::size_t bytes) noexcept {
  const std::size_t whole = bytes + guard_bytes();
  void* const page = os::map(whole, bytes);
  if (page == nullptr) return nullptr;
  bool huge = wants_huge(s.n_alone.load(std::memory_order_relaxed) * bytes);  // relaxed: about
  bool is_good = equip(page, whole, huge);
  if (is_good && options_.guard_pages) {
    const os::run behind{static_cast<std::byte*>(page) + bytes, guard_bytes()};
    const os::error e = os::guard({&behind, 1});
    if (e != 0) refused_.add(refusals::guard_pages, e);
    is_good = e == 0;
  }
  if (is_good && make_resident({&page, 1}, bytes, page_use::one)) {
    s.n_alone.fetch_add(1, std::memory_order_relaxed);
    return page;
  }
  os::unmap(page, whole);
  return nullptr;
}

void system_pages::unmap_alone(page_store& s, void* page, std::size_t bytes) noexcept {
  os::unmap(page, bytes + guard_bytes());
  s.n_alone.fetch_sub(1, std::memory_order_relaxed);
}

// ---- Giving

std::size_t system_pages::allocate(std::span<void*> pages, std::size_t bytes,
                                   page_use use) noexcept {
  page_store* const s = store();
  if (s == nullptr) return 0;
  if (bytes >= chunk_bytes) return (pages[0] = map_alone(*s, bytes)) != nullptr ? 1 : 0;
  chunk_set& set = s->of_size(bytes);
  pages = pages.first(std::min(pages.size(), batch));
  std::size_t n = 0;
  while ((n = set.take(pages)) == 0)  // others may take all of the new chunk before us
    if (!add_chunk(set, bytes)) return 0;
  if (make_resident(pages.first(n), bytes, use)) return n;
  take_back(set, pages.first(n), bytes);
  return 0;
}

/// false: it was promised, and there is no memory.
bool system_pages::make_resident(std::span<void* const> pages, std::size_t bytes,
                                 page_use use) noexcept {
  const bool promised = options_.lock || options_.populate == when::always;
  const bool pays = options_.populate == when::automatic && use == page_use::growth;
  if (!promised && (!pays || pages.size() == 1)) return true;
  if (bytes < os::page_size()) {  // neighbours in the system page may be others'
    for (void* page : pages) *static_cast<volatile char*>(page) = 0;
    return true;
  }
  run_list runs = runs_of(pages, bytes);
  if (!promised) runs.drop_up_to(os::page_size());  // a fault does that as well
  const os::error e = os::populate(runs.all());
  if (e == 0 || !promised) return true;
  refused_.add(options_.lock ? refusals::lock : refusals::populate, e);
  return false;
}

// ---- Going back

void system_pages::release(std::span<void* const> pages, std::size_t bytes) noexcept {
  page_store* const s = store_.load(std::memory_order_acquire);  // pairs with store()
  if (s == nullptr) return;
  if (bytes >= chunk_bytes) {
    for (void* page : pages) unmap_alone(*s, page, bytes);
    return;
  }
  while (!pages.empty()) {
    const std::size_t n = std::min(pages.size(), batch);
    take_back(s->of_size(bytes), pages.first(n), bytes);
    pages = pages.subspan(n);
  }
}

void system_pages::take_back(chunk_set& set, std::span<void* const> pages,
                             std::size_t bytes) noexcept {
  some_pages sorted;
  std::copy(pages.begin(), pages.end(), sorted.begin());
  // Nothing is done to what was never given out, or came back before.
  const std::span<void*> ours(sorted.data(), set.keep_those_out({sorted.data(), pages.size()}));
  std::sort(ours.begin(), ours.end());
  if (bytes >= os::page_size()) discard(set, ours, bytes);  // before the page is free for others
  set.give(ours);
  while (void* const chunk = set.detach_beyond(1)) os::unmap(chunk, chunk_bytes);
}

void system_pages::discard(chunk_set& set, std::span<void*> pages, std::size_t bytes) noexcept {
  void* last = nullptr;
  for (void* page : pages) {
    void* const chunk = chunk_of(page);
    if (chunk != last && set.break_up(chunk)) {
      os::split_huge_page(chunk);
      os::forbid_huge_pages(chunk, chunk_bytes);
    }
    last = chunk;
  }
  os::discard(runs_of(pages, bytes).all(), os::locked_in_ram(options_.lock));
}

}
