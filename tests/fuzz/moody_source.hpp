// SPDX-License-Identifier: BSD-2-Clause
// An upstream and page source that gives and refuses as it is told, may use whoever calls it, and
// knows what is out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory_resource>
#include <new>
#include <pool9/page_source.hpp>

#include "fuzz/memory_field.hpp"

namespace pool9::test {

/// What it throws; they are numbered.
struct refusal : std::bad_alloc {
  explicit refusal(std::size_t n) noexcept : number(n) {}
  std::size_t number;
};

class moody_source final : public std::pmr::memory_resource, public page_source {
 public:
  static constexpr std::uint32_t always = ~std::uint32_t{0};

  moody_source(memory_field& field, bool any_thread) : field_(field), any_thread_(any_thread) {}

  // Its mood.
  std::uint32_t answers = always;       // a bit for each of the next requests, and round again
  std::size_t refused_from = SIZE_MAX;  // bytes
  std::function<void()> meddle;         // when it is called

  bool is_generous() const { return answers == always && refused_from == SIZE_MAX; }
  std::size_t n_asked() const { return n_asked_; }
  std::size_t n_refused() const { return n_refused_; }
  std::size_t n_out() const { return out_.size(); }
  bool was_cheated() const { return was_cheated_; }
  /// Whether the bytes lie in what is out.
  bool holds(const void* p, std::size_t bytes) const {
    const auto next = out_.upper_bound(const_cast<void*>(p));
    if (next == out_.begin()) return false;
    const auto& [from, what] = *std::prev(next);
    return static_cast<const std::byte*>(p) + bytes <= static_cast<std::byte*>(from) + what.bytes;
  }

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags) noexcept override {
    return give(bytes, bytes);
  }
  using std::pmr::memory_resource::allocate;
  [[nodiscard]] std::size_t allocate_some(std::span<void*> pages, std::size_t bytes,
                                          get_flags) noexcept override {
    std::size_t n = 0;
    while (n < pages.size() && n < 3 && (pages[n] = give(bytes, bytes)) != nullptr) ++n;
    return n;
  }
  void release(void* page, std::size_t bytes) noexcept override { take(page, bytes, bytes); }

 private:
  struct request {
    std::size_t bytes, align;
  };

  void* give(std::size_t bytes, std::size_t align) {
    if (meddle) meddle();
    ++n_asked_;
    const bool gives = answers % 2 != 0 && bytes < refused_from;
    answers = answers >> 1 | answers << 31;
    if (!gives) return ++n_refused_, nullptr;
    void* const p = field_.allocate(bytes, align);
    out_[p] = {bytes, align};
    return p;
  }
  void take(void* p, std::size_t bytes, std::size_t align) {
    const auto found = out_.find(p);
    if (found == out_.end() || found->second.bytes != bytes || found->second.align != align) {
      was_cheated_ = true;
      return;
    }
    out_.erase(found);
    field_.release(p, bytes);
    if (meddle) meddle();
  }
  void* do_allocate(std::size_t bytes, std::size_t align) override {
    void* const p = give(bytes, align);
    if (p == nullptr) throw refusal(n_refused_);
    return p;
  }
  void do_deallocate(void* p, std::size_t bytes, std::size_t align) override {
    take(p, bytes, align);
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other || any_thread_;
  }

  memory_field& field_;
  const bool any_thread_;
  std::map<void*, request> out_;
  std::size_t n_asked_ = 0, n_refused_ = 0;
  bool was_cheated_ = false;
};

}  // namespace pool9::test
