// SPDX-License-Identifier: BSD-2-Clause
// Drives two resources and containers over them, and throws where an outcome is not what is
// promised:
//
//   blocks are aligned, lie in the source's memory, do not overlap, and nobody else writes to them
//   an allocation fails at its class's limit, saying so, or with what the upstream threw, and
//   changes nothing then; it succeeds where there are items, or memory
//   every class counts exactly what is out, got and put
//   containers hold what their twins hold, whatever was swapped, moved, spliced or refused
//   release() and the end give everything back, reclaim() what nobody needs
#pragma once
#include <deque>
#include <list>
#include <stdexcept>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "fuzz/container_cage.hpp"
#include "fuzz/resource_book.hpp"
#include "model/clock.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {

/// A value that is more than its number.
template <std::size_t Bytes, std::size_t Align>
struct alignas(Align) wide {
  wide() : wide(0) {}
  explicit wide(int n) { numbers.fill(n); }
  bool operator==(const wide&) const = default;
  std::array<int, Bytes / sizeof(int)> numbers;
};

template <template <class> class Alloc>
struct containers {
  using pair = std::pair<const int, int>;
  using wide_pair = std::pair<const int, wide<400, 4>>;
  using all =
      std::tuple<std::list<int, Alloc<int>>, std::list<wide<640, 64>, Alloc<wide<640, 64>>>,
                 std::list<wide<256, 256>, Alloc<wide<256, 256>>>,
                 std::map<int, int, std::less<>, Alloc<pair>>,
                 std::map<int, wide<400, 4>, std::less<>, Alloc<wide_pair>>,
                 std::vector<int, Alloc<int>>, std::vector<wide<100, 4>, Alloc<wide<100, 4>>>,
                 std::deque<int, Alloc<int>>, std::deque<wide<100, 4>, Alloc<wide<100, 4>>>,
                 std::basic_string<char, std::char_traits<char>, Alloc<char>>,
                 std::unordered_map<int, int, std::hash<int>, std::equal_to<>, Alloc<pair>>>;
};

template <class Reals, class Twins>
struct cages_of;
template <class... Reals, class... Twins>
struct cages_of<std::tuple<Reals...>, std::tuple<Twins...>> {
  using type = std::tuple<container_cage<Reals, Twins>...>;
};

template <class Resource>
class resource_rig {
 public:
  explicit resource_rig(const resource_options& o)
      : options_(o), sides_{side(*this, "left"), side(*this, "right")} {
    set_housekeeping(housekeeping::by_hand);
  }
  resource_rig(const resource_rig&) = delete;
  resource_rig& operator=(const resource_rig&) = delete;

  void perform(const resource_operation& o) {
    std::ostringstream name;
    name << "step " << ++n_steps_ << ", " << o;
    note_.now = name.str();
    side& s = sides_[o.below(2, 3)];
    if (o.kind == resource_kind::add || o.kind == resource_kind::remove ||
        o.kind == resource_kind::exchange)
      use_containers(o, s);
    else
      dispatch(o, s);
    compare();
  }

  /// Everything goes back, and nothing is left.
  void finish() {
    note_.now = "at the end";
    for_each_cage([&](auto& cage) {
      if (!cage.is_same()) note_.fail("a container is not as its twin");
      cage.end();
    });
    for (side& s : sides_) {
      s.source.meddle = nullptr;
      for (void* p : s.ours())
        if (!options_.leaves) s.deallocate(p);
      compare();
      s.resource.reset();
      if (s.source.n_out() != 0) note_.fail("memory is left");
    }
    if (catcher_.n_reports() != 0) note_.fail("a report: " + catcher_.reports()[0].text);
    note_.throw_if_failed();
  }

 private:
  template <class T>
  using seen = watched<T, Resource>;
  template <class T>
  using unseen = std::allocator<T>;
  using book_type = resource_book<Resource>;
  using size_class = typename book_type::size_class;

  struct side {
    side(resource_rig& r, const char* name) : source(r.field_, r.options_.any_thread) {
      const resource_options& o = r.options_;
      page_source& pages = source;
      std::pmr::memory_resource& upstream = source;
      if (o.by_pages) {
        resource.emplace(std::string_view(name), pages);
      } else {
        resource.emplace(std::pmr::pool_options{o.most_blocks, o.largest}, &upstream);
      }
      book.emplace(r.note_, source, *resource, o.by_pages ? name : "pool resource", o.by_pages);
    }

    std::vector<void*> ours() const {
      std::vector<void*> all;
      for (const auto& [p, b] : book->blocks())
        if (b.is_ours) all.push_back(p);
      return all;
    }
    void allocate(std::size_t bytes, std::size_t align) {
      try {
        book->allocate(bytes, align, true, [&] { return resource->allocate(bytes, align); });
      } catch (const std::bad_alloc&) {
      }
    }
    void deallocate(void* p) {
      const auto found = book->blocks().find(p);
      if (found == book->blocks().end()) return;  // the source meddled
      const auto [bytes, align, tag, is_ours] = found->second;
      book->let_go(p, bytes, align);
      resource->deallocate(p, bytes, align);
    }

    moody_source source;
    std::optional<Resource> resource;
    std::optional<book_type> book;
  };

  template <class F>
  void for_each_cage(F f) {
    std::apply([&](auto&... cage) { (f(cage), ...); }, cages_);
  }

  // ---- operations ----

  void dispatch(const resource_operation& o, side& s) {
    switch (o.kind) {
      case resource_kind::allocate:
        return allocate(o, s, 1);
      case resource_kind::allocate_many:
        return allocate(o, s, 1 + o.below(100, 1));
      case resource_kind::deallocate:
        return deallocate(o, s, 1);
      case resource_kind::deallocate_many:
        return deallocate(o, s, 1 + o.below(100, 1));
      case resource_kind::reclaim:
        return reclaim(s);
      case resource_kind::release:
        return release(s);
      case resource_kind::mood:
        s.source.answers = o.below(3) == 0   ? moody_source::always
                           : o.below(3) == 1 ? 0
                                             : static_cast<std::uint32_t>(1 + o.below(256, 1)) << 8;
        s.source.refused_from = o.below(4, 2) == 0 ? 1 + o.bytes() : SIZE_MAX;
        return;
      case resource_kind::meddle:
        return set_meddling(o, s);
      case resource_kind::misput:
        return misput(o, s);
      case resource_kind::housekeep:
        let_pass(std::chrono::seconds(10 * (1 + o.below(4))));
        static_cast<void>(keep_house());
        return;
      default:
        return set(o, s);
    }
  }

  void allocate(const resource_operation& o, side& s, std::size_t n) {
    for (; n != 0 && s.book->bytes_out() + o.bytes() < most_bytes; --n)
      s.allocate(o.bytes(), o.align());
  }
  /// Neighbours, or those that lie here and there.
  void deallocate(const resource_operation& o, side& s, std::size_t n) {
    std::vector<void*> all = s.ours();
    const std::size_t step = 1 + o.below(3, 2);
    for (std::size_t i = o.below(all.size()); n != 0 && i < all.size(); i += step, --n)
      s.deallocate(all[i]);
  }
  void use_containers(const resource_operation& o, side& s) {
    std::size_t i = o.below(std::tuple_size_v<cages>);
    for_each_cage([&](auto& cage) {
      if (i-- != 0) return;
      const seen<int> here(*s.book), there(*sides_[o.below(4, 3) / 2].book);
      const bool is_same = o.kind == resource_kind::add      ? cage.add(o, here)
                           : o.kind == resource_kind::remove ? cage.remove(o)
                                                             : cage.exchange(o, here, there);
      if (!is_same) note_.fail("a container is not as its twin");
    });
  }

  /// A setting of one class.
  void set(const resource_operation& o, side& s) {
    const std::size_t bytes = o.bytes(), align = o.align(), n = o.below(60, 1);
    size_class* const c = s.book->class_of(bytes, align);
    try {
      auto& p = s.resource->pool_for(bytes, align);
      if (c == nullptr) return note_.fail("there is a pool for a large block");
      c->pool = &p;
      const std::size_t is_none = o.below(256, 1) % 4 == 0;
      if (o.kind == resource_kind::hard_limit) {
        const std::size_t limit = is_none ? unlimited : n;
        const bool can = c->out <= limit;
        if (p.set_hard_limit(limit) != can) note_.fail("set_hard_limit");
        if (can) c->limit = limit;
      } else if (o.kind == resource_kind::prime) {
        prime(s, *c, bytes < 5000 ? n : n % 3);
      } else if (o.kind == resource_kind::low_watermark) {
        p.set_low_watermark(c->low = is_none ? 0 : n % 30);
      } else {
        p.set_high_watermark(c->high = is_none ? unlimited : n);
      }
    } catch (const std::invalid_argument&) {
      if (c != nullptr) note_.fail("there is no pool for a small block");
    }
  }
  void prime(side& s, size_class& c, std::size_t n) {
    const std::size_t n_refused = s.source.n_refused();
    const bool done = c.pool->prime(n);
    if (done) c.reserve += n;
    if (!done && s.source.n_refused() == n_refused && !s.source.meddle)
      note_.fail("not primed though there is memory");
  }
  void reclaim(side& s) {
    const std::size_t n_calls = s.book->n_calls();
    static_cast<void>(s.resource->reclaim());
    if (s.book->n_calls() == n_calls) s.book->expect_reclaimed();
  }
  void release(side& s) {
    s.source.meddle = nullptr;
    for_each_cage([&](auto& cage) { cage.end(&*s.resource); });
    s.resource->release();
    s.book->forget_all();
  }
  /// The source allocates and deallocates where it is called from.
  void set_meddling(const resource_operation& o, side& s) {
    s.source.meddle = nullptr;
    if (o.below(4, 1) != 0) return;
    s.source.meddle = [o, &s, depth = 0]() mutable {
      if (depth != 0) return;
      ++depth;
      const bool before = std::exchange(s.book->has_meddled, true);
      const std::vector<void*> all = s.ours();
      if (all.size() > 20) s.deallocate(all[o.below(all.size())]);
      if (s.book->bytes_out() + o.bytes() < most_bytes) s.allocate(o.bytes(), o.align());
      s.book->has_meddled = before;
      --depth;
    };
  }
  /// What is no block, or is free, is found at the latest when it leaves the cache.
  void misput(const resource_operation& o, side& s) {
    auto meddle = std::exchange(s.source.meddle, nullptr);
    if (put_wrongly(o, s)) {
      if (catcher_.n_reports() == 0) static_cast<void>(s.resource->reclaim());
      if (catcher_.n_reports(report_kind::misuse) != 1 || catcher_.n_reports() != 1)
        note_.fail("misuse was not reported once");
      catcher_.clear();
    }
    s.source.meddle = std::move(meddle);
  }
  /// false: there is nothing to be wrong with.
  bool put_wrongly(const resource_operation& o, side& s) {
    if (s.book->class_of(o.bytes(), o.align()) != nullptr && o.below(4, 2) == 0)
      return s.resource->deallocate(&not_a_block_, o.bytes(), o.align()), true;
    const std::vector<void*> all = s.ours();
    if (all.empty()) return false;
    void* const p = all[o.below(all.size(), 1)];
    const auto [bytes, align, tag, is_ours] = s.book->blocks().at(p);
    if (s.book->class_of(bytes, align) == nullptr)
      return s.resource->deallocate(p, bytes + 1, align), true;
    if (o.below(4, 2) == 1)
      return s.resource->deallocate(static_cast<std::byte*>(p) + 1, bytes, align), true;
    s.deallocate(p);
    s.resource->deallocate(p, bytes, align);
    return true;
  }

  // ---- after every step ----

  void compare() {
    for (side& s : sides_)
      if (s.resource) s.book->compare();
    if (catcher_.n_reports() != 0) note_.fail("a report: " + catcher_.reports()[0].text);
    note_.throw_if_failed();
  }

  using cages =
      typename cages_of<typename containers<seen>::all, typename containers<unseen>::all>::type;
  static constexpr std::size_t most_bytes = std::size_t{8} << 20;

  const resource_options options_;
  report_catcher catcher_;
  failure_note note_;
  memory_field field_;
  std::array<side, 2> sides_;
  cages cages_;
  std::array<std::byte, 256> not_a_block_{};
  std::size_t n_steps_ = 0;
};

}  // namespace pool9::test
