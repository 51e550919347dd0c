// SPDX-License-Identifier: BSD-2-Clause
#include "page/extent.hpp"

#include <cstring>
#include <new>

namespace pool9::page {

using base::bit_tree;
using base::word;
using base::word_bits;

namespace {

/// Where the parts of an extent of `n` items lie in storage that starts at `address`.
struct parts {
  std::uintptr_t descriptor, bits, first, end;
  parts(std::uintptr_t address, std::size_t n, const layout& l) noexcept
      : descriptor(base::round_up(address, alignof(extent))),
        bits(descriptor + sizeof(extent)),
        first(l.first_from(bits + bit_tree::words_for(n) * sizeof(word))),
        end(l.end_of_run(first, n)) {}
};

/// Scrambles an address into a treap's priority.
std::uint64_t scramble(std::uint64_t x) noexcept {
  x = (x ^ (x >> 31)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 29)) * 0x94D049BB133111EBu;
  return x ^ (x >> 32);
}

}

std::size_t extent_set::capacity(std::span<std::byte> storage, const layout& l,
                                 std::size_t at_most) noexcept {
  const std::uintptr_t start = base::address_of(storage.data());
  const std::uintptr_t end = start + storage.size();
  const std::size_t most = std::min(at_most, storage.size() / l.stride() + 1);
  std::size_t n = most;
  // Too many by what juts out; the bits that fall away with them make room for a few again.
  while (n > 0 && parts(start, n, l).end > end)
    n -= std::min(n, std::max<std::size_t>(1, (parts(start, n, l).end - end) / (l.stride() + 1)));
  while (n < most && parts(start, n + 1, l).end <= end) ++n;
  return n;
}

std::span<std::byte> extent_set::add(std::span<std::byte> storage, const layout& l,
                                     std::size_t at_most, std::uintptr_t ours) noexcept {
  const std::size_t n = capacity(storage, l, at_most);
  if (n == 0) return {};
  const parts p(base::address_of(storage.data()), n, l);
  const std::uintptr_t start = std::min(ours, p.descriptor);
  bool overlaps = false;
  for_each([&](const extent& e) {
    overlaps = overlaps || (start < e.end && e.start < p.end);
    return !overlaps;
  });
  if (overlaps) return {};
  auto* const e = ::new (base::pointer_to(p.descriptor)) extent;
  auto* const words = static_cast<word*>(base::pointer_to(p.bits));
  std::memset(words, 0, bit_tree::words_for(n) * sizeof(word));
  e->priority = scramble(p.descriptor);
  e->start = start;
  e->first = p.first;
  e->end = p.end;
  e->n_items = n;
  e->items = bit_tree(words, n);
  for (std::size_t i = 0; i < n; i += word_bits)
    e->items.set_bits(i / word_bits, base::low_bits(n - i));
  free_.push_back(*e);
  root_ = insert(root_, e);
  n_items_ += n;
  bytes_ += p.end - start;
  return {static_cast<std::byte*>(base::pointer_to(p.first)), p.end - p.first};
}

extent* extent_set::insert(extent* root, extent* e) noexcept {
  if (root == nullptr) return e;
  if (e->start < root->start) {
    root->left = insert(root->left, e);
    if (root->left->priority <= root->priority) return root;
    extent* const up = root->left;  // rotate right
    root->left = up->right;
    up->right = root;
    return up;
  }
  root->right = insert(root->right, e);
  if (root->right->priority <= root->priority) return root;
  extent* const up = root->right;  // rotate left
  root->right = up->left;
  up->left = root;
  return up;
}

extent* extent_set::find(std::uintptr_t address) const noexcept {
  for (extent* e = root_; e != nullptr; e = address < e->start ? e->left : e->right)
    if (address >= e->start && address < e->end) return e;
  return nullptr;
}

void* extent_set::take(extent& e, const layout& l) noexcept {
  const std::size_t i = e.items.first();
  e.items.erase(i);
  if (e.items.empty()) base::list::remove(e);
  return base::pointer_to(e.first + i * l.stride());
}

std::size_t extent_set::index_of(const extent& e, std::uintptr_t address,
                                 const layout& l) noexcept {
  const std::size_t i = l.index_at(address - e.first);
  return i < e.n_items ? i : layout::no_item;
}

void* extent_set::next_out(std::uintptr_t& address, const layout& l) const noexcept {
  std::uintptr_t found = 0;
  for_each([&](const extent& e) {
    if (e.end <= address) return true;
    for (std::size_t i = address < e.first ? 0 : (address - e.first) / l.stride() + 1;
         i < e.n_items && found == 0; ++i)
      if (!e.items.contains(i)) found = address = e.first + i * l.stride();
    return found == 0;
  });
  return base::pointer_to(found);
}

void extent_set::give(extent& e, std::size_t i) noexcept {
  if (e.items.empty()) free_.push_back(e);
  e.items.insert(i);
}

}
