// SPDX-License-Identifier: BSD-2-Clause
#include "face/books.hpp"

#include "face/errors.hpp"

namespace pool9::face {
namespace {

// Two sizes: nodes of a tree of chunks, and size classes.  They live as long as the process.
constinit pool small_pieces{{.name = "resource chunks",
                             .item_size = 96,
                             .at_destroy = on_live::leak,
                             .thread_cache = false}};
constinit pool large_pieces{{.name = "resource classes",
                             .item_size = books::most,
                             .at_destroy = on_live::leak,
                             .thread_cache = false}};

}

pool& books::for_pieces_of(std::size_t bytes) noexcept {
  return bytes <= small_pieces.item_size() ? small_pieces : large_pieces;
}

void* books::allocate(std::size_t bytes) {
  pool& p = for_pieces_of(bytes);
  void* const piece = p.try_get();
  if (piece == nullptr) no_memory(p.name(), bytes);
  return piece;
}

void books::release(void* p, std::size_t bytes) noexcept { for_pieces_of(bytes).put(p); }

}
