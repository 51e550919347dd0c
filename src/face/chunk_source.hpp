// SPDX-License-Identifier: BSD-2-Clause
// The pages of one pool of a resource, cut from ever larger chunks of the upstream's memory.
//
// The upstream is called by those who call the resource, one at a time, and never by housekeeping:
// what only one thread at a time may use is a good upstream, as it is for the standard's pools.  So
// pages that housekeeping takes from the pool stay here, and their chunks go back by trim() - at
// once only to an upstream that any thread may call at any time.
#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <pool9/memory_resource.hpp>
#include <pool9/page_source.hpp>

#include "face/books.hpp"

namespace pool9::face {

class chunk_source : public page_source {
 public:
  /// `turn` must outlive it.  A chunk holds `most_bytes` at most, or one page.
  chunk_source(detail::upstream_turn& turn, std::size_t most_bytes) noexcept
      : turn_(turn), most_bytes_(most_bytes) {}
  /// Requires: every page came back.
  ~chunk_source() { trim(); }

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags flags) noexcept override;
  void release(void* page, std::size_t bytes) noexcept override;

  /// Gives the chunks back of which no page is out; returns the bytes.
  std::size_t trim() noexcept;
  /// What the upstream threw, if that was its last answer; once.
  [[nodiscard]] std::exception_ptr failure() noexcept;

 private:
  struct chunk {
    std::uint64_t free;  // a bit for each page
    std::uint64_t all;   // the same when it is whole
    std::size_t bytes, page_bytes;
  };
  // By address; a tree, since a page tells no more and chunks may be many.
  using chunk_map = std::map<std::uintptr_t, chunk, std::less<>,
                             books_allocator<std::pair<const std::uintptr_t, chunk>>>;

  chunk_map::iterator obtain(std::size_t page_bytes, std::size_t n_pages) noexcept;
  void give_back(chunk_map::iterator c) noexcept;

  detail::upstream_turn& turn_;
  const std::size_t most_bytes_;
  // Guarded by turn_.mutex.
  chunk_map chunks_;
  std::uintptr_t roomy_ = 0;  // where a page was free last
  std::size_t n_free_ = 0;
  std::size_t n_next_ = 1;  // pages of the next chunk
  std::exception_ptr thrown_;
};

}
