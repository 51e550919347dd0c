// SPDX-License-Identifier: BSD-2-Clause
// Pages from the system, for all pools that were given no other source.
//
// Memory is mapped in chunks of 2 MiB and cut into pages of one size; for each size there is one
// set of chunks with its own lock.  A page that comes back gives its memory to the system at once,
// its addresses wait in the chunk; a chunk of which nothing is out is unmapped, but for one spare,
// so that coming and going at a chunk's edge costs no mapping.  Pages of a chunk and more are
// mapped singly.
//
// A set of chunks is what a pool's set of pages is, one storey up: the chunk is its page, the page
// its item.  So it is the same code, with the same checks: a page given back twice shows.
#include "page/system_source.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <pool9/page_source.hpp>

#include "base/arena.hpp"
#include "base/mutex.hpp"
#include "base/os.hpp"
#include "page/page_set.hpp"

namespace pool9::page {
namespace {

namespace os = base::os;
using base::mutex;

constexpr unsigned chunk_shift = 21;  // the size of a huge page, and of a page table's reach
constexpr std::size_t chunk_bytes = std::size_t{1} << chunk_shift;

/// The chunks that are cut into pages of one size.
class chunk_set {
 public:
  /// Fills `pages` from its front; returns how many: 0 when the system has no memory.
  std::size_t allocate(std::span<void*> pages, std::size_t bytes) noexcept {
    for (;;) {  // others may take all of the new chunk before us
      const std::size_t n = take(pages, bytes);
      if (n != 0 || !add_chunk(bytes)) return n;
    }
  }

  /// Leaves in `pages`, at its front, those that are out; returns how many.
  std::size_t keep_those_out(std::span<void*> pages) noexcept {
    const base::locked hold(lock_);
    const auto is_not_out = [this](void* page) POOL9_REQUIRES(lock_) {
      return set_ == nullptr || set_->ask(page) != give_result::ok;
    };
    return static_cast<std::size_t>(std::remove_if(pages.begin(), pages.end(), is_not_out) -
                                    pages.begin());
  }

  /// Takes back pages that are out, whose memory the system has already.
  void release(std::span<void* const> pages) noexcept {
    lock_.lock();
    for (void* page : pages) set_->give(page);
    while (set_ != nullptr && set_->n_empty() > 1) {
      void* const chunk = set_->detach_empty();
      lock_.unlock();
      os::unmap(chunk, chunk_bytes);
      lock_.lock();
    }
    lock_.unlock();
  }

  void lock() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock_.lock(); }
  void unlock() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock_.unlock(); }

 private:
  std::size_t take(std::span<void*> pages, std::size_t bytes) noexcept {
    const base::locked hold(lock_);
    std::size_t n = 0;
    while (has_set(bytes) && n < pages.size() && (pages[n] = set_->take()) != nullptr) ++n;
    return n;
  }
  bool add_chunk(std::size_t bytes) noexcept {
    void* const chunk = os::map(chunk_bytes, chunk_bytes);
    if (chunk == nullptr) return false;
    lock_.lock();
    const bool adopted = has_set(bytes) && set_->adopt(chunk) == adopt_result::ok;
    lock_.unlock();
    if (!adopted) os::unmap(chunk, chunk_bytes);
    return adopted;
  }
  bool has_set(std::size_t bytes) noexcept POOL9_REQUIRES(lock_) {
    if (set_ != nullptr) return true;
    void* const memory = base::arena::allocate(sizeof(page_set));
    if (memory == nullptr) return false;
    set_ =
        ::new (memory) page_set(layout({.size = bytes, .align = bytes, .page_size = chunk_bytes}));
    return true;
  }

  mutex lock_;
  page_set* set_ POOL9_GUARDED_BY(lock_) = nullptr;  // born by the first page, and stays
};

constinit std::array<chunk_set, chunk_shift> chunk_sets;  // by log2 of the page's size

chunk_set& chunks_of(std::size_t bytes) noexcept { return chunk_sets[base::log2_of(bytes)]; }

/// Gives the memory of sorted pages back, one call for each run of neighbours.
void discard_runs(std::span<void* const> sorted, std::size_t bytes) noexcept {
  for (std::size_t i = 0, j = 0; i < sorted.size(); i = j) {
    auto* const start = static_cast<std::byte*>(sorted[i]);
    for (j = i + 1; j < sorted.size() && sorted[j] == start + (j - i) * bytes;) ++j;
    os::discard(start, (j - i) * bytes);
  }
}

class system_page_source final : public page_source {
 public:
  void* allocate(std::size_t bytes, get_flags) noexcept override {
    if (bytes >= chunk_bytes) return os::map(bytes, bytes);
    void* page = nullptr;
    return chunks_of(bytes).allocate({&page, 1}, bytes) == 1 ? page : nullptr;
  }
  void release(void* page, std::size_t bytes) noexcept override { release_some({&page, 1}, bytes); }

  std::size_t allocate_some(std::span<void*> pages, std::size_t bytes,
                            get_flags flags) noexcept override {
    if (bytes < chunk_bytes) return chunks_of(bytes).allocate(pages, bytes);
    return page_source::allocate_some(pages, bytes, flags);
  }
  void release_some(std::span<void* const> pages, std::size_t bytes) noexcept override {
    std::array<void*, 256> sorted;
    while (!pages.empty()) {
      const auto part = pages.first(std::min(pages.size(), sorted.size()));
      pages = pages.subspan(part.size());
      if (bytes >= chunk_bytes) {
        for (void* page : part) os::unmap(page, bytes);
        continue;
      }
      std::copy(part.begin(), part.end(), sorted.begin());
      // Nothing is done to what was never given out, or came back before.
      const std::size_t n = chunks_of(bytes).keep_those_out({sorted.data(), part.size()});
      const std::span<void*> run(sorted.data(), n);
      std::sort(run.begin(), run.end());
      // Before the page is free for others.  Parts of a system page wait for their chunk.
      if (bytes >= os::page_size()) discard_runs(run, bytes);
      chunks_of(bytes).release(run);
    }
  }
};

constinit system_page_source the_source;

}

void lock_system_source() noexcept {
  for (chunk_set& c : chunk_sets) c.lock();
}
void unlock_system_source() noexcept {
  for (chunk_set& c : chunk_sets) c.unlock();
}

}

namespace pool9 {
inline namespace v1 {
page_source& system_source() noexcept { return page::the_source; }
}
}
