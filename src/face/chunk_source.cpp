// SPDX-License-Identifier: BSD-2-Clause
#include "face/chunk_source.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace pool9::face {
namespace {

constexpr std::size_t most_pages = 64;  // the bits of a word

std::uintptr_t address_of(const void* p) noexcept { return reinterpret_cast<std::uintptr_t>(p); }
void* pointer_to(std::uintptr_t address) noexcept { return reinterpret_cast<void*>(address); }

}

void* chunk_source::allocate(std::size_t bytes, get_flags) noexcept {
  const std::scoped_lock hold(turn_.mutex);
  auto c = chunks_.find(roomy_);
  if (n_free_ == 0) {
    const std::size_t most = std::clamp<std::size_t>(most_bytes_ / bytes, 1, most_pages);
    const std::size_t n = std::min(n_next_, most);
    c = obtain(bytes, n);
    if (c == chunks_.end() && n > 1) c = obtain(bytes, 1);
    if (c == chunks_.end()) return nullptr;
    n_next_ = std::min(2 * n, most);
  } else if (c == chunks_.end() || c->second.free == 0) {
    c = std::find_if(chunks_.begin(), chunks_.end(), [](auto& i) { return i.second.free != 0; });
  }
  const auto page = static_cast<std::size_t>(std::countr_zero(c->second.free));
  c->second.free &= c->second.free - 1;
  --n_free_;
  roomy_ = c->first;
  return pointer_to(c->first + page * bytes);
}

void chunk_source::release(void* page, std::size_t bytes) noexcept {
  const std::scoped_lock hold(turn_.mutex);
  const auto c = std::prev(chunks_.upper_bound(address_of(page)));
  c->second.free |= std::uint64_t{1} << (address_of(page) - c->first) / bytes;
  ++n_free_;
  roomy_ = c->first;
  if (c->second.free == c->second.all && turn_.any_thread) give_back(c);
}

std::size_t chunk_source::trim() noexcept {
  const std::scoped_lock hold(turn_.mutex);
  std::size_t bytes = 0;
  for (auto c = chunks_.begin(); c != chunks_.end();) {
    const auto [address, what] = *c;
    if (what.free == what.all) {
      bytes += what.bytes;
      give_back(c);
    }
    c = chunks_.upper_bound(address);  // the upstream may have called the resource
  }
  if (chunks_.empty()) n_next_ = 1;
  return bytes;
}

std::exception_ptr chunk_source::failure() noexcept {
  const std::scoped_lock hold(turn_.mutex);
  return std::exchange(thrown_, nullptr);
}

chunk_source::chunk_map::iterator chunk_source::obtain(std::size_t page_bytes,
                                                       std::size_t n_pages) noexcept {
  const std::uint64_t all = ~std::uint64_t{0} >> (most_pages - n_pages);
  const std::size_t bytes = n_pages * page_bytes;
  thrown_ = nullptr;
#if defined(__cpp_exceptions)
  void* memory = nullptr;
  try {
    memory = turn_.upstream->allocate(bytes, page_bytes);
    const auto c = chunks_.insert({address_of(memory), {all, all, bytes, page_bytes}}).first;
    n_free_ += n_pages;
    return c;
  } catch (...) {
    thrown_ = std::current_exception();
    if (memory != nullptr) turn_.upstream->deallocate(memory, bytes, page_bytes);
    return chunks_.end();
  }
#else
  void* const memory = turn_.upstream->allocate(bytes, page_bytes);
  n_free_ += n_pages;
  return chunks_.insert({address_of(memory), {all, all, bytes, page_bytes}}).first;
#endif
}

void chunk_source::give_back(chunk_map::iterator c) noexcept {
  const auto [address, what] = *c;
  n_free_ -= static_cast<std::size_t>(std::popcount(what.all));
  chunks_.erase(c);
  turn_.upstream->deallocate(pointer_to(address), what.bytes, what.page_bytes);
}

}
