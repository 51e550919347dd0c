// SPDX-License-Identifier: BSD-2-Clause
// The books of a resource that is fuzzed: every block that is out, and what each size class must
// say of itself.
#pragma once
#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <pool9/memory_resource.hpp>
#include <sstream>
#include <string>

#include "fuzz/moody_source.hpp"
#include "support/failure_note.hpp"

namespace pool9::test {

template <class Resource>
class resource_book {
 public:
  using pool_type = std::remove_reference_t<decltype(std::declval<Resource&>().pool_for(1))>;
  struct size_class {
    pool_type* pool = nullptr;
    std::uint64_t out = 0, gets = 0, puts = 0, reserve = 0, low = 0;
    std::uint64_t high = unlimited, limit = unlimited;
  };
  struct block {
    std::size_t bytes, align;
    unsigned char tag;
    bool is_ours;  // not a container's
  };
  using block_map = std::map<void*, block>;

  resource_book(failure_note& n, moody_source& s, Resource& r, std::string_view name, bool by_pages)
      : note_(n), source_(s), resource_(r), name_(name), by_pages_(by_pages) {}

  Resource& resource() { return resource_; }
  moody_source& source() { return source_; }
  const block_map& blocks() const { return blocks_; }
  std::size_t bytes_out() const { return bytes_out_; }
  std::map<std::size_t, size_class>& classes() { return classes_; }

  /// The class of such blocks; nullptr: they come from the upstream.
  size_class* class_of(std::size_t bytes, std::size_t align) {
    using detail::size_classes;
    const std::size_t i = size_classes::index_of(bytes, align);
    if (i == size_classes::count ||
        size_classes::size_of(i) > resource_.options().largest_required_pool_block)
      return nullptr;
    return &classes_[i];
  }

  /// Has `get` allocate so much; throws what it throws, if that is as it must be or not.
  template <class Get>
  void* allocate(std::size_t bytes, std::size_t align, bool is_ours, Get get) {
    const forecast f = foresee(bytes, align);
    ++n_calls_;
    void* p = nullptr;
    try {
      p = get();
    } catch (...) {
      judge_failure(f);
      throw;
    }
    claim(p, bytes, align, is_ours);
    judge_success(f);
    return p;
  }
  /// Before it is deallocated.
  void let_go(void* p, std::size_t bytes, std::size_t align) noexcept {
    ++n_calls_;
    const auto found = blocks_.find(p);
    if (found == blocks_.end()) return fail("what is deallocated is not out");
    const block b = found->second;
    if (b.bytes != bytes || b.align != align) fail("the size of a block changed");
    verify(p, b);
    blocks_.erase(found);
    bytes_out_ -= bytes;
    if (size_class* const c = class_of(bytes, align)) --c->out, ++c->puts;
  }
  /// After release(): all blocks ended.
  void forget_all() {
    blocks_.clear();
    bytes_out_ = 0;
    for (auto& [i, c] : classes_) c.out = c.gets = c.puts = c.reserve = 0;
    if (!by_pages_ && source_.n_out() != 0) fail("release() kept what the upstream gave");
    if (by_pages_ && source_.n_out() != 0) fail("release() kept pages");
  }
  /// After reclaim().
  void expect_reclaimed() {
    bool may_have_pages = false;
    for (auto& [i, c] : classes_) {
      if (c.pool == nullptr) continue;
      const pool_stats s = c.pool->stats();
      if (s.cached != 0) fail("items are cached after reclaim");
      const bool is_needed = c.out != 0 || c.reserve != 0 || c.low != 0;
      may_have_pages |= is_needed;
      if (!is_needed && s.pages != 0) fail("unused pages are left after reclaim");
    }
    const bool has_large = std::any_of(blocks_.begin(), blocks_.end(), [this](const auto& b) {
      return class_of(b.second.bytes, b.second.align) == nullptr;
    });
    if (!may_have_pages && !has_large && source_.n_out() != 0) fail("the source lacks memory");
  }

  /// Every figure and every block.
  void compare() {
    for (auto& [i, c] : classes_)
      if (c.pool != nullptr) compare(c);
    for (const auto& [p, b] : blocks_) verify(p, b);
    if (source_.was_cheated()) fail("the source was given what it did not give");
  }
  /// Pools of the resource were called from inside a source's calls.
  std::size_t n_calls() const { return n_calls_; }
  bool has_meddled = false;

  void fail(const std::string& what) noexcept { note_.fail(std::string(name_) + ": " + what); }

 private:
  /// What is to be expected of an allocation, from before it.
  struct forecast {
    size_class* of;
    bool is_nested, at_limit, has_items, is_sure;
    std::size_t n_asked, n_refused, n_calls;
  };

  forecast foresee(std::size_t bytes, std::size_t align) {
    size_class* const c = class_of(bytes, align);
    const pool_stats s = c != nullptr && c->pool != nullptr ? c->pool->stats() : pool_stats{};
    return {.of = c,
            .is_nested = has_meddled,
            .at_limit = c != nullptr && c->out >= c->limit,
            .has_items = s.total > s.out,
            .is_sure = source_.is_generous() || (c == nullptr && by_pages_),
            .n_asked = source_.n_asked(),
            .n_refused = source_.n_refused(),
            .n_calls = n_calls_ + 1};
  }
  /// Nobody else was served meanwhile.
  bool is_alone(const forecast& f) const { return !f.is_nested && f.n_calls == n_calls_; }

  void judge_success(const forecast& f) {
    if (f.of == nullptr) {
      if (is_alone(f) && source_.n_asked() != f.n_asked + (by_pages_ ? 0 : 1))
        fail("a large block is not one request");
      return;
    }
    if (f.of->out > f.of->limit) fail("more is out than the limit admits");
    if (is_alone(f) && f.has_items && f.of->low == 0 && source_.n_asked() != f.n_asked)
      fail("the source was asked though there were items");
  }
  /// Requires: an exception is handled.
  void judge_failure(const forecast& f) {
    if (!is_alone(f)) return;
    if (f.is_sure && !f.at_limit) fail("nothing came though there is memory");
    if (f.of != nullptr && f.has_items && !f.at_limit) fail("nothing came though there are items");
    try {
      throw;
    } catch (const pool_exhausted& e) {
      std::ostringstream due;
      if (f.of != nullptr)
        due << "pool '" << name_ << "': hard limit " << f.of->limit << " reached, " << f.of->out
            << " out";
      if (!f.at_limit) fail("exhausted below the limit");
      if (e.what() != due.str()) fail("what was thrown says: " + std::string(e.what()));
    } catch (const refusal& r) {
      if (f.at_limit || by_pages_) fail("a refusal, and should not be");
      if (r.number != source_.n_refused() || r.number <= f.n_refused) fail("not the last refusal");
    } catch (const std::bad_alloc&) {
      if (f.at_limit || !by_pages_) fail("not what the upstream threw, nor the limit");
      if (source_.n_refused() == f.n_refused) fail("no memory, and the source was not asked");
    }
  }

  void claim(void* p, std::size_t bytes, std::size_t align, bool is_ours) {
    if (p == nullptr) return fail("null");
    if (reinterpret_cast<std::uintptr_t>(p) % align != 0) fail("a block is not aligned");
    const auto next = blocks_.lower_bound(p);
    const std::size_t size = std::max<std::size_t>(bytes, 1);
    if (next != blocks_.end() && distance(p, next->first) < size) fail("a block overlaps the next");
    if (next != blocks_.begin()) {
      const auto& [before, b] = *std::prev(next);
      if (distance(before, p) < std::max<std::size_t>(b.bytes, 1))
        fail("a block overlaps the one before");
    }
    size_class* const c = class_of(bytes, align);
    if ((c != nullptr || !by_pages_) && !source_.holds(p, bytes))
      fail("a block lies outside the source's memory");
    const block b{bytes, align, static_cast<unsigned char>(++last_tag_ % 251), is_ours};
    blocks_[p] = b;
    bytes_out_ += bytes;
    if (is_ours) for_parts(p, b, [&](void* part, std::size_t n) { std::memset(part, b.tag, n); });
    if (c == nullptr) return;
    ++c->out, ++c->gets;
    if (c->pool == nullptr) c->pool = &resource_.pool_for(bytes, align);
    if (c->pool != &resource_.pool_for(bytes, align)) fail("a pool moved");
    if (c->pool->item_size() < bytes || !c->pool->owns(p)) fail("the pool does not own its block");
  }
  void verify(void* p, const block& b) noexcept {
    if (!b.is_ours) return;
    for_parts(p, b, [&](void* part, std::size_t n) {
      const auto* const bytes = static_cast<const unsigned char*>(part);
      if (std::any_of(bytes, bytes + n, [&](auto x) { return x != b.tag; }))
        fail("a block was written by somebody else");
    });
  }
  /// All of a small block, and the ends of a large one.
  template <class F>
  static void for_parts(void* p, const block& b, F f) {
    constexpr std::size_t end = 256;
    if (b.bytes <= 2 * end) return f(p, b.bytes);
    f(p, end);
    f(static_cast<std::byte*>(p) + b.bytes - end, end);
  }
  static std::size_t distance(const void* low, const void* high) {
    return reinterpret_cast<std::uintptr_t>(high) - reinterpret_cast<std::uintptr_t>(low);
  }

  void compare(const size_class& c) {
    const pool_stats s = c.pool->stats();
    const auto expect = [&](const char* what, std::uint64_t is, std::uint64_t due) {
      if (is == due) return;
      std::ostringstream text;
      text << what << " of the pool of " << s.item_size << ": " << is << ", and should be " << due;
      fail(text.str());
    };
    expect("out", s.out, c.out);
    expect("total", s.total, s.out + s.cached + s.free);
    expect("gets", s.gets, c.gets);
    expect("puts", s.puts, c.puts);
    expect("reserve", s.reserve, c.reserve);
    expect("low watermark", s.low_watermark, c.low);
    expect("high watermark", s.high_watermark, c.high);
    expect("hard limit", s.hard_limit, c.limit);
    expect("waiters", s.waiters, 0);
    if (s.total < c.reserve) fail("the reserve is gone");
    if (const auto broken = c.pool->check(); !broken.empty())
      fail("check() says " + std::string(broken));
  }

  failure_note& note_;
  moody_source& source_;
  Resource& resource_;
  const std::string name_;
  const bool by_pages_;
  block_map blocks_;
  std::map<std::size_t, size_class> classes_;  // by their index
  std::size_t bytes_out_ = 0, last_tag_ = 0, n_calls_ = 0;
};

/// pool_allocator, and what it does is written down.
template <class T, class Resource>
class watched {
 public:
  using value_type = T;
  using inner = pool_allocator<T, Resource>;
  using propagate_on_container_move_assignment =
      typename inner::propagate_on_container_move_assignment;
  using propagate_on_container_swap = typename inner::propagate_on_container_swap;
  using propagate_on_container_copy_assignment =
      typename inner::propagate_on_container_copy_assignment;
  using is_always_equal = typename inner::is_always_equal;

  explicit watched(resource_book<Resource>& b) noexcept : inner_(b.resource()), book_(&b) {}
  template <class U>
  watched(const watched<U, Resource>& other) noexcept
      : inner_(other.inside()), book_(&other.book()) {}

  T* allocate(std::size_t n) {
    return static_cast<T*>(book_->allocate(n * sizeof(T), alignof(T), false,
                                           [&]() -> void* { return inner_.allocate(n); }));
  }
  void deallocate(T* p, std::size_t n) noexcept {
    book_->let_go(p, n * sizeof(T), alignof(T));
    inner_.deallocate(p, n);
  }
  const inner& inside() const { return inner_; }
  resource_book<Resource>& book() const { return *book_; }
  template <class U>
  friend bool operator==(const watched& a, const watched<U, Resource>& b) noexcept {
    return a.inside() == b.inside();
  }

 private:
  inner inner_;
  resource_book<Resource>* book_;
};

}  // namespace pool9::test
