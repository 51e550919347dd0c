// SPDX-License-Identifier: BSD-2-Clause
#include "page/region.hpp"

#include <new>

namespace pool9::page {

using base::word;
using base::word_bits;

region* region_shape::make(void* memory, std::uintptr_t base) const noexcept {
  auto* const r = ::new (memory) region;
  auto* words = reinterpret_cast<word*>(r + 1);
  r->base = base;
  r->items = base::bit_tree(words, bits());
  words += base::bit_tree::words_for(bits());
  r->empty = base::bit_tree(words, pages());
  words += base::bit_tree::words_for(pages());
  r->backed = words;
  words += base::ceil_div(pages(), word_bits);
  if (wide()) r->n_free = reinterpret_cast<std::uint64_t*>(words);
  return r;
}

namespace {

/// Calls f(word, mask) for each word of the field that begins at bit `first` and has `n` items.
template <class F>
void for_each_word(std::size_t first, std::size_t n, F f) {
  for (std::size_t i = 0; i < n; i += word_bits)
    f((first + i) / word_bits, base::low_bits(n - i) << (first % word_bits));
}

}

void region_shape::add_page(region& r, std::size_t p) const noexcept {
  r.backed[p / word_bits] |= base::bit(p);
  ++r.n_backed;
  r.empty.insert(p);
  for_each_word(first_bit(p), layout_.per_page(),
                [&](std::size_t w, word mask) { r.items.set_bits(w, mask); });
  if (wide()) r.n_free[p] = static_cast<std::uint64_t>(layout_.per_page());
}

void region_shape::remove_page(region& r, std::size_t p) const noexcept {
  r.backed[p / word_bits] &= ~base::bit(p);
  --r.n_backed;
  r.empty.erase(p);
  for_each_word(first_bit(p), layout_.per_page(),
                [&](std::size_t w, word mask) { r.items.clear_bits(w, mask); });
  if (wide()) r.n_free[p] = 0;
}

std::size_t region_shape::n_free(const region& r, std::size_t p) const noexcept {
  std::size_t n = 0;
  for_each_word(first_bit(p), layout_.per_page(), [&](std::size_t w, word mask) {
    n += static_cast<std::size_t>(std::popcount(r.items.bits(w) & mask));
  });
  return n;
}

bool region_shape::check(const region& r) const noexcept {
  if (!r.items.check(bits()) || !r.empty.check(pages())) return false;
  std::size_t n_backed = 0, n_in_pages = 0, n_bits = 0;
  for (std::size_t p = 0; p < pages(); ++p) {
    const std::size_t n = n_free(r, p);
    const bool backed = is_backed(r, p);
    n_backed += backed ? 1 : 0;
    n_in_pages += n;
    if (!backed && n != 0) return false;                                           // R1
    if (r.empty.contains(p) != (backed && n == layout_.per_page())) return false;  // R2
    if (wide() && r.n_free[p] != n) return false;                                  // R4
  }
  for (std::size_t w = 0; w < base::ceil_div(bits(), word_bits); ++w)
    n_bits += static_cast<std::size_t>(std::popcount(r.items.bits(w)));
  return n_backed == r.n_backed && n_bits == n_in_pages;  // R3, R1
}

}
