// SPDX-License-Identifier: BSD-2-Clause
// A page_set beside a simple-minded account of what it should say: which pages are there and which
// items of them are out.
//
// A page_set never touches a page, so the pages are addresses and no more.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "page/page_set.hpp"

namespace pool9::test {

/// Pages at addresses that nobody has, a few in each of several regions.
inline std::vector<std::uintptr_t> scattered_pages(const page::layout& l, std::size_t n_regions,
                                                   std::size_t n_in_each) {
  constexpr std::uintptr_t somewhere = std::uintptr_t{1} << 44;
  const page::region_shape shape(l);
  std::vector<std::uintptr_t> pages;
  for (std::size_t r = 0; r < n_regions; ++r) {
    const std::uintptr_t base = somewhere + (std::uintptr_t{3 * r} << shape.log());
    const std::size_t stretch = std::max<std::size_t>(1, shape.pages() / n_in_each);
    for (std::size_t i = 0; i < n_in_each; ++i)
      // The first two are neighbours, the last is the last of its region.
      pages.push_back(base + ((i == 0               ? 0
                               : i == 1             ? 1
                               : i == n_in_each - 1 ? shape.pages() - 1
                                                    : i * stretch)
                              << l.page_shift()));
  }
  return pages;
}

class page_set_model {
 public:
  page_set_model(const page::item_shape& s, std::size_t n_regions, std::size_t n_in_each,
                 std::uint64_t seed)
      : set(page::layout(s)),
        places_(scattered_pages(set.items(), n_regions, n_in_each)),
        random_(seed) {}
  page_set_model(const page_set_model&) = delete;
  page_set_model& operator=(const page_set_model&) = delete;
  ~page_set_model() {
    page::page_set::cursor all;
    while (set.detach_any(all) != nullptr) continue;
  }

  page::page_set set;

  void adopt_one() { adopt(places_[below(places_.size())]); }
  void adopt_all() {
    for (const std::uintptr_t page : places_) adopt(page);
  }
  void take_one() {
    const std::size_t n_before = set.n_free();
    const std::uintptr_t a = base::address_of(set.take());
    ASSERT_EQ(a == 0, n_before == 0);
    if (a == 0) return;
    const auto [page, item] = decode(a);
    ASSERT_NE(item, page::layout::no_item) << "an address that is no item";
    ASSERT_TRUE(pages_[page].insert(item).second) << "an item that is out already";
    out_.push_back(a);
    note();
  }
  void give_one() {
    if (out_.empty()) return;
    std::swap(out_[below(out_.size())], out_.back());
    const std::uintptr_t a = out_.back();
    out_.pop_back();
    ASSERT_EQ(set.ask(base::pointer_to(a)), page::give_result::ok);
    ASSERT_EQ(set.give(base::pointer_to(a)), page::give_result::ok);
    const auto [page, item] = decode(a);
    pages_[page].erase(item);
    ASSERT_EQ(set.give(base::pointer_to(a)), page::give_result::already_free);
  }
  /// Gives several at once, neighbours or not, perhaps with something among them that is not out.
  void give_some() {
    if (below(2) == 0) std::sort(out_.begin(), out_.end(), std::greater<>());
    std::vector<void*> given;
    for (std::size_t n = std::min(below(100), out_.size()); n != 0; --n)
      given.push_back(base::pointer_to(out_[out_.size() - n]));
    if (!given.empty() && below(3) == 0) {
      void* const wrong = below(2) == 0 ? given[below(given.size())]
                                        : static_cast<std::byte*>(given[below(given.size())]) + 1;
      given.insert(given.begin() + static_cast<std::ptrdiff_t>(below(given.size() + 1)), wrong);
    }
    std::size_t n = 0;  // that are out
    while (n < given.size() && what_is(base::address_of(given[n])) == page::give_result::ok) {
      const auto [page, item] = decode(base::address_of(given[n++]));
      pages_[page].erase(item);
    }
    ASSERT_EQ(set.give_some(given), n) << "of " << given.size();
    std::erase_if(out_,
                  [&](std::uintptr_t a) { return what_is(a) == page::give_result::already_free; });
  }
  void detach_one() {
    const std::size_t n_before = n_empty();
    const std::uintptr_t page = base::address_of(set.detach_empty());
    ASSERT_EQ(page == 0, n_before == 0);
    if (page == 0) return;
    const auto here = pages_.find(page);
    ASSERT_NE(here, pages_.end());
    ASSERT_TRUE(here->second.empty()) << "a page with items out";
    pages_.erase(here);
    note();
  }
  /// Puts what may be anything, in or near a page that may be here, unless it is an item that is
  /// out.
  void misuse_one() {
    const std::uintptr_t page = places_[below(places_.size())];
    const std::size_t off =
        below(2) == 0 ? below(set.items().page_size())
                      : set.items().address_of(page, below(set.items().per_page())) - page;
    const std::uintptr_t a = page + off;
    const page::give_result expected = what_is(a);
    ASSERT_EQ(set.ask(base::pointer_to(a)), expected) << "offset " << off;
    ASSERT_EQ(set.owns(base::pointer_to(a)), pages_.count(page) != 0);
    if (expected == page::give_result::ok) return;
    ASSERT_EQ(set.give(base::pointer_to(a)), expected) << "offset " << off;
  }
  void forget() {
    set.forget();
    n_empty_min_ = n_empty();
  }
  /// Whether all figures agree.
  void compare() const {
    ASSERT_EQ(set.n_pages(), pages_.size());
    ASSERT_EQ(set.n_items(), pages_.size() * set.items().per_page());
    ASSERT_EQ(set.n_free(), set.n_items() - out_.size());  // P1
    ASSERT_EQ(set.n_empty(), n_empty());                   // P2
    ASSERT_EQ(set.n_empty_min(), n_empty_min_);            // P3
  }

  std::size_t below(std::size_t n) { return random_() % n; }
  std::size_t n_out() const { return out_.size(); }

 private:
  using page_map = std::map<std::uintptr_t, std::set<std::size_t>>;  // the items that are out

  void adopt(std::uintptr_t page) {
    const bool is_new = pages_.count(page) == 0;
    ASSERT_EQ(set.adopt(base::pointer_to(page)),
              is_new ? page::adopt_result::ok : page::adopt_result::already_here);
    pages_[page];
  }
  /// The page and the item that start at `a`, by search.
  std::pair<std::uintptr_t, std::size_t> decode(std::uintptr_t a) const {
    auto next = pages_.upper_bound(a);
    if (next == pages_.begin()) return {0, page::layout::no_item};
    const std::uintptr_t page = std::prev(next)->first;
    const std::uintptr_t first = set.items().address_of(page, 0);
    const std::size_t item = (a - first) / set.items().stride();
    const bool is_item =
        a >= first && item < set.items().per_page() && set.items().address_of(page, item) == a;
    return {page, is_item ? item : page::layout::no_item};
  }
  page::give_result what_is(std::uintptr_t a) const {
    if (pages_.count(a & ~(set.items().page_size() - 1)) == 0) return page::give_result::foreign;
    const auto [page, item] = decode(a);
    if (item == page::layout::no_item) return page::give_result::interior;
    return pages_.at(page).count(item) != 0 ? page::give_result::ok
                                            : page::give_result::already_free;
  }
  std::size_t n_empty() const {
    std::size_t n = 0;
    for (const auto& [page, out] : pages_) n += out.empty() ? 1 : 0;
    return n;
  }
  void note() { n_empty_min_ = std::min(n_empty_min_, n_empty()); }

  std::vector<std::uintptr_t> places_;
  std::mt19937_64 random_;
  page_map pages_;
  std::vector<std::uintptr_t> out_;
  std::size_t n_empty_min_ = 0;
};

}
