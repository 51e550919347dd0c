// SPDX-License-Identifier: BSD-2-Clause
#include "page/chunk_set.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "base/arena.hpp"

namespace pool9::page {
namespace {

page_set* make_set(const layout& l) noexcept {
  void* const memory = base::arena::allocate(sizeof(page_set));
  return memory == nullptr ? nullptr : ::new (memory) page_set(l);
}
void end_set(page_set* s) noexcept {
  if (s == nullptr) return;
  std::destroy_at(s);
  base::arena::release(s, sizeof(page_set));
}

}

std::size_t chunk_set::take(std::span<void*> pages) noexcept {
  const base::locked hold(lock_);
  std::size_t n = 0;
  while (pages_ != nullptr && n < pages.size() && (pages[n] = pages_->take()) != nullptr) ++n;
  return n;
}

bool chunk_set::adopt(void* chunk, const layout& in_chunk, bool whole) noexcept {
  const base::locked hold(lock_);
  if (!has_books(in_chunk) || (whole && !note_whole(chunk))) return false;
  if (pages_->adopt(chunk) == adopt_result::ok) return true;
  if (whole) whole_->detach(chunk);
  return false;
}
bool chunk_set::has_books(const layout& in_chunk) noexcept {
  if (pages_ == nullptr) pages_ = make_set(in_chunk);
  return pages_ != nullptr;
}
bool chunk_set::note_whole(void* chunk) noexcept {
  constexpr layout one({.size = chunk_bytes, .align = chunk_bytes, .page_size = chunk_bytes});
  if (whole_ == nullptr) whole_ = make_set(one);
  return whole_ != nullptr && whole_->adopt(chunk) == adopt_result::ok;
}

std::size_t chunk_set::keep_those_out(std::span<void*> pages) noexcept {
  const base::locked hold(lock_);
  const auto is_not_out = [this](void* page) POOL9_REQUIRES(lock_) {
    return pages_ == nullptr || pages_->ask(page) != give_result::ok;
  };
  return static_cast<std::size_t>(std::remove_if(pages.begin(), pages.end(), is_not_out) -
                                  pages.begin());
}

bool chunk_set::break_up(void* chunk) noexcept {
  const base::locked hold(lock_);
  if (whole_ == nullptr || !whole_->owns(chunk)) return false;
  whole_->detach(chunk);
  return true;
}

void chunk_set::give(std::span<void* const> pages) noexcept {
  const base::locked hold(lock_);
  for (void* page : pages) pages_->give(page);
}

void* chunk_set::detach_beyond(std::size_t spare) noexcept {
  const base::locked hold(lock_);
  if (pages_ == nullptr || pages_->n_empty() <= spare) return nullptr;
  void* const chunk = pages_->detach_empty();
  if (whole_ != nullptr && whole_->owns(chunk)) whole_->detach(chunk);
  return chunk;
}

std::size_t chunk_set::n_out() noexcept {
  const base::locked hold(lock_);
  return pages_ == nullptr ? 0 : pages_->n_items() - pages_->n_free();
}

void chunk_set::end() noexcept {
  const base::locked hold(lock_);
  end_set(pages_);
  end_set(whole_);
  pages_ = whole_ = nullptr;
}

}
