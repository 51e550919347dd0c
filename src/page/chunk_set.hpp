// SPDX-License-Identifier: BSD-2-Clause
// The chunks that are cut into pages of one size, and which of the pages are out.
//
// A set of chunks is what a pool's set of pages is, one storey up: the chunk is its page, the page
// its item.  So it is the same code, with the same checks: a page given back twice shows.  A second
// such set, whose pages are chunks that hold one item each, says which chunks are whole: backed by
// a huge page of which no part was given back.
//
// Books only: the lock is never held while the system is asked for memory, or given some, except
// for the books' own.  The caller maps and unmaps chunks.  Thread-safe.
//
// Invariants
//   S1  every whole chunk is a chunk
//   S2  whole_ exists only beside pages_
#pragma once
#include <span>

#include "base/mutex.hpp"
#include "page/page_set.hpp"

namespace pool9::page {

inline constexpr unsigned chunk_shift = 21;  // the size of a huge page, and of a page table's reach
inline constexpr std::size_t chunk_bytes = std::size_t{1} << chunk_shift;

class chunk_set {
 public:
  /// Fills `pages` from its front, lowest address first mostly; returns how many: 0 when no page is
  /// left in any chunk.
  std::size_t take(std::span<void*> pages) noexcept;
  /// Adds a chunk whose pages lie as `in_chunk` says, the same for every chunk of the set; false:
  /// no memory for the books.
  bool adopt(void* chunk, const layout& in_chunk, bool whole) noexcept;

  /// Leaves in `pages`, at its front, those that are out; returns how many.
  std::size_t keep_those_out(std::span<void*> pages) noexcept;
  /// A part of the chunk is about to be given back; returns whether it was whole until now.
  bool break_up(void* chunk) noexcept;
  /// Takes back pages that are out.
  void give(std::span<void* const> pages) noexcept;
  /// Removes a chunk of which nothing is out, if there are more than `spare` such, and returns it.
  void* detach_beyond(std::size_t spare) noexcept;

  /// Pages that are out.
  std::size_t n_out() noexcept;

  /// Around a fork.
  void lock() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock_.lock(); }
  void unlock() noexcept POOL9_ANNOTATE(no_thread_safety_analysis) { lock_.unlock(); }
  /// Gives the books' memory back.  Requires: no chunk is left, or it is to stay for ever.
  void end() noexcept;

 private:
  bool has_books(const layout& in_chunk) noexcept POOL9_REQUIRES(lock_);
  bool note_whole(void* chunk) noexcept POOL9_REQUIRES(lock_);

  base::mutex lock_;
  page_set* pages_ POOL9_GUARDED_BY(lock_) = nullptr;  // born by the first chunk, and stays
  page_set* whole_ POOL9_GUARDED_BY(lock_) = nullptr;  // born by the first whole chunk
};

}
