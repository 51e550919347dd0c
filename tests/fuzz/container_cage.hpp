// SPDX-License-Identifier: BSD-2-Clause
// Containers of one kind over a tested allocator, each with a twin over the usual one that has
// seen the same.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <optional>
#include <utility>

#include "fuzz/resource_operations.hpp"

namespace pool9::test {

template <class Real, class Twin>
class container_cage {
 public:
  /// Adds a few, one after the other, as long as there is memory: each comes, or nothing changes.
  template <class Allocator>
  bool add(const resource_operation& o, const Allocator& a) {
    place* const p = at(o.below(n_places, 1), a);
    if (p == nullptr) return true;
    for (std::size_t n = 1 + o.below(24, 2); n != 0 && p->twin.size() < 150; --n) {
      const auto number = static_cast<int>(o.below(256, 3) + n * 7);
      try {
        add_one(*p->real, number, o.below(2, 3) == 0);
      } catch (const std::bad_alloc&) {
        break;
      }
      add_one(p->twin, number, o.below(2, 3) == 0);
    }
    return same(*p);
  }
  bool remove(const resource_operation& o) {
    place& p = places_[o.below(n_places, 1)];
    if (!p.real) return true;
    if (o.below(8, 2) == 0) p.real->clear(), p.twin.clear();
    for (std::size_t n = 1 + o.below(24, 2); n != 0 && !p.twin.empty(); --n) {
      const std::size_t i = o.below(p.twin.size(), 3);
      const auto first = std::next(p.real->begin(), static_cast<std::ptrdiff_t>(i));
      if constexpr (is_hashed) {
        p.twin.erase(first->first);
      } else {
        p.twin.erase(std::next(p.twin.begin(), static_cast<std::ptrdiff_t>(i)));
      }
      p.real->erase(first);
    }
    return same(p);
  }
  /// What takes two containers, whose allocators are equal or not.
  template <class Allocator>
  bool exchange(const resource_operation& o, const Allocator& a, const Allocator& b) {
    const std::size_t i = o.below(n_places, 1), j = (i + 1 + o.below(n_places - 1, 3)) % n_places;
    place* const one = at(i, a);
    place* const other = at(j, b);
    if (one == nullptr || other == nullptr) return true;
    try {
      return exchange(o.below(9, 2), *one, *other) && same(*one) && same(*other);
    } catch (const std::bad_alloc&) {
      one->clear();  // whatever is left there
      other->clear();
      return true;
    }
  }
  /// Ends those over `r`, or all.
  void end(const void* r = nullptr) {
    for (place& p : places_) {
      if (!p.real || (r != nullptr && &p.real->get_allocator().book().resource() != r)) continue;
      p.real.reset();
      p.twin.clear();
    }
  }
  bool is_same() const {
    return std::all_of(places_.begin(), places_.end(), [](const place& p) { return same(p); });
  }

 private:
  static constexpr std::size_t n_places = 4;
  static constexpr bool is_keyed = requires { typename Real::key_type; };
  static constexpr bool is_hashed = requires { typename Real::hasher; };
  static constexpr bool is_linked = requires(Real & c) { c.splice(c.end(), c); };

  struct place {
    std::optional<Real> real;
    Twin twin;
    void clear() {
      real->clear();
      twin.clear();
    }
  };

  /// A container, made if there is none; nullptr: no memory.
  template <class Allocator>
  place* at(std::size_t i, const Allocator& a) {
    place& p = places_[i];
    if (p.real) return &p;
    try {
      p.real.emplace(typename Real::allocator_type(a));
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    return &p;
  }
  template <class C>
  static void add_one(C& c, int n, bool in_front) {
    if constexpr (is_keyed) {
      c.emplace(n, n);
    } else {
      using value = typename C::value_type;
      if constexpr (requires { c.push_front(c.front()); })
        if (in_front) return c.push_front(static_cast<value>(n));
      c.push_back(static_cast<value>(n));
    }
  }

  static bool exchange(std::size_t how, place& one, place& other) {
    switch (how) {
      case 0:
        std::swap(*one.real, *other.real);
        std::swap(one.twin, other.twin);
        return true;
      case 1:
        *one.real = std::move(*other.real);
        one.twin = other.twin;
        other.clear();
        return true;
      case 2:
        *one.real = *other.real;
        one.twin = other.twin;
        return true;
      case 3:
        return same(Real(*one.real), one.twin);
      case 4:
        return same(Real(*one.real, other.real->get_allocator()), one.twin);
      case 5: {
        Real moved(std::move(*one.real), other.real->get_allocator());
        one.real->clear();
        const bool is = same(moved, one.twin);
        *one.real = std::move(moved);
        return is;
      }
      case 6:
        return join(one, other);
      case 7:
        return join_one(one, other);
      default:
        return resize(one, other.twin.size());
    }
  }
  /// All of the other go over, where nodes can.
  static bool join(place& one, place& other) {
    if (one.real->get_allocator() != other.real->get_allocator()) return true;
    if constexpr (is_linked) {
      one.real->splice(one.real->begin(), *other.real);
      one.twin.splice(one.twin.begin(), other.twin);
    } else if constexpr (is_keyed) {
      one.real->merge(*other.real);
      one.twin.merge(other.twin);
    }
    return true;
  }
  static bool join_one(place& one, place& other) {
    if (one.real->get_allocator() != other.real->get_allocator() || other.twin.empty()) return true;
    if constexpr (is_linked) {
      one.real->splice(one.real->end(), *other.real, other.real->begin());
      one.twin.splice(one.twin.end(), other.twin, other.twin.begin());
    } else if constexpr (is_keyed) {
      const int key = other.real->begin()->first;
      one.real->insert(other.real->extract(key));
      one.twin.insert(other.twin.extract(key));
      other.real->erase(key);
      other.twin.erase(key);
    }
    return true;
  }
  static bool resize(place& one, std::size_t n) {
    if constexpr (is_hashed) {
      one.real->rehash(n);
    } else if constexpr (!is_keyed) {
      if constexpr (requires { one.real->reserve(n); }) one.real->reserve(2 * n);
      one.real->resize(n);
      one.twin.resize(n);
      if constexpr (requires { one.real->shrink_to_fit(); }) one.real->shrink_to_fit();
    }
    return true;
  }

  static bool same(const place& p) { return !p.real || same(*p.real, p.twin); }
  static bool same(const Real& real, const Twin& twin) {
    if constexpr (is_hashed) {
      const auto is_there = [&](const auto& v) { return real.count(v.first) == 1; };
      return real.size() == twin.size() && std::all_of(twin.begin(), twin.end(), is_there);
    } else {
      return std::equal(real.begin(), real.end(), twin.begin(), twin.end());
    }
  }

  std::array<place, n_places> places_;
};

}  // namespace pool9::test
