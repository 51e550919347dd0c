// SPDX-License-Identifier: BSD-2-Clause
// Which item a page_set gives, which page it gives up, and what it needs for that.
#include <gtest/gtest.h>

#include <atomic>

#include "base/arena.hpp"
#include "page_set_model.hpp"

namespace pool9::test {
namespace {

using base::address_of;
using base::pointer_to;
using page::adopt_result;
using page::give_result;
using page::layout;
using page::page_set;

constexpr layout small_items({.size = 100, .align = 4, .page_size = 4096});
constexpr layout tiny_items({.size = 8, .align = 8, .page_size = 4096});

std::atomic<std::size_t> n_asked{0};
bool refuse_all() noexcept {
  ++n_asked;
  return true;
}

/// While it lives the arena has no memory.
struct outage {
  outage() {
    n_asked = 0;
    base::arena::set_refusal(refuse_all);
  }
  ~outage() { base::arena::set_refusal(nullptr); }
};

void detach_all(page_set& s) {
  page_set::cursor all;
  while (s.detach_any(all) != nullptr) continue;
}

TEST(PageSetOrder, ItemsOfAPageComeLowestFirst) {
  for (const layout& l : {small_items, tiny_items}) {
    page_set s(l);
    const std::uintptr_t page = scattered_pages(l, 1, 1)[0];
    ASSERT_EQ(s.adopt(pointer_to(page)), adopt_result::ok);

    for (std::size_t i = 0; i < l.per_page(); ++i)
      ASSERT_EQ(address_of(s.take()), l.address_of(page, i));

    EXPECT_EQ(s.take(), nullptr);
    detach_all(s);
  }
}

TEST(PageSetOrder, ThePageWithTheLowestAddressOfARegionIsUsedFirst) {
  page_set s(tiny_items);
  const std::vector<std::uintptr_t> pages = scattered_pages(tiny_items, 1, 3);
  for (auto page = pages.rbegin(); page != pages.rend(); ++page)
    ASSERT_EQ(s.adopt(pointer_to(*page)), adopt_result::ok);

  for (const std::uintptr_t page : pages)
    for (std::size_t i = 0; i < tiny_items.per_page(); ++i)
      ASSERT_EQ(address_of(s.take()), tiny_items.address_of(page, i));

  detach_all(s);
}

TEST(PageSetOrder, EmptyPagesGoFromTheHighestRegionAndTheHighestAddressDown) {
  for (const layout& l : {small_items, tiny_items}) {
    page_set s(l);
    const std::vector<std::uintptr_t> pages = scattered_pages(l, 5, 4);
    for (const std::uintptr_t page : pages) ASSERT_EQ(s.adopt(pointer_to(page)), adopt_result::ok);
    const void* const item = s.take();  // of the lowest

    for (std::size_t i = pages.size(); i-- > 1;) {
      ASSERT_EQ(s.detach_empty(), pointer_to(pages[i]));
      ASSERT_TRUE(s.check());
    }

    EXPECT_EQ(s.detach_empty(), nullptr);
    EXPECT_EQ(s.n_pages(), 1u);
    EXPECT_EQ(s.ask(item), give_result::ok);
    EXPECT_EQ(s.ask(pointer_to(l.address_of(pages.back(), 0))), give_result::foreign);
    detach_all(s);
  }
}

TEST(PageSetOrder, DetachRemovesThePageThatIsNamed) {
  page_set s(tiny_items);
  const std::vector<std::uintptr_t> pages = scattered_pages(tiny_items, 3, 3);
  for (const std::uintptr_t page : pages) ASSERT_EQ(s.adopt(pointer_to(page)), adopt_result::ok);

  for (std::size_t i = 0; i < pages.size(); ++i) {
    s.detach(pointer_to(pages[(i + 4) % pages.size()]));
    ASSERT_FALSE(s.owns(pointer_to(pages[(i + 4) % pages.size()])));
    ASSERT_EQ(s.n_pages(), pages.size() - i - 1);
    ASSERT_TRUE(s.check());
  }
}

TEST(PageSetOrder, TheCursorShowsEveryPageOnceWithItsFreeItems) {
  page_set s(small_items);
  const std::vector<std::uintptr_t> pages = scattered_pages(small_items, 3, 3);
  for (const std::uintptr_t page : pages) ASSERT_EQ(s.adopt(pointer_to(page)), adopt_result::ok);
  for (std::size_t i = 0; i < small_items.per_page() + 3; ++i) ASSERT_NE(s.take(), nullptr);

  std::map<void*, std::size_t> seen;
  page_set::cursor c;
  for (page_set::page_state p = s.next_page(c); p.page != nullptr; p = s.next_page(c))
    ASSERT_TRUE(seen.emplace(p.page, p.n_free).second);

  ASSERT_EQ(seen.size(), pages.size());
  EXPECT_EQ(seen[pointer_to(pages[0])], 0u);
  EXPECT_EQ(seen[pointer_to(pages[1])], small_items.per_page() - 3);
  for (std::size_t i = 2; i < pages.size(); ++i)
    EXPECT_EQ(seen[pointer_to(pages[i])], small_items.per_page());
  detach_all(s);
  EXPECT_EQ(s.n_free(), 0u);
  EXPECT_TRUE(s.check());
}

TEST(PageSetMemory, TakingAndGivingAndDetachingNeedNone) {
  page_set s(tiny_items);
  const std::vector<std::uintptr_t> pages = scattered_pages(tiny_items, 3, 3);
  for (const std::uintptr_t page : pages) ASSERT_EQ(s.adopt(pointer_to(page)), adopt_result::ok);
  const outage none;

  std::vector<void*> items;
  while (void* const item = s.take()) items.push_back(item);
  for (void* const item : items) ASSERT_EQ(s.give(item), give_result::ok);
  while (s.detach_empty() != nullptr) continue;

  EXPECT_EQ(items.size(), pages.size() * tiny_items.per_page());
  EXPECT_EQ(n_asked, 0u);
}

TEST(PageSetMemory, AdoptWithoutAnyChangesNothing) {
  page_set s(tiny_items);
  const std::vector<std::uintptr_t> pages = scattered_pages(tiny_items, 20, 2);
  for (std::size_t i = 0; i < pages.size(); i += 2) {
    {
      const outage none;
      ASSERT_EQ(s.adopt(pointer_to(pages[i])), adopt_result::no_memory);
    }
    ASSERT_FALSE(s.owns(pointer_to(pages[i])));
    ASSERT_EQ(s.n_pages(), i);
    ASSERT_TRUE(s.check());
    ASSERT_EQ(s.adopt(pointer_to(pages[i])), adopt_result::ok);
    const outage none;  // a second page of the same region needs nothing
    ASSERT_EQ(s.adopt(pointer_to(pages[i + 1])), adopt_result::ok);
    ASSERT_EQ(n_asked, 0u);
  }
  detach_all(s);
}

TEST(PageSetMemory, GoesBackWithThePagesAndTheSet) {
  const std::size_t before = base::arena::bytes_out();
  {
    page_set s(tiny_items);
    for (const std::uintptr_t page : scattered_pages(tiny_items, 40, 3))
      ASSERT_EQ(s.adopt(pointer_to(page)), adopt_result::ok);
    EXPECT_GT(base::arena::bytes_out(), before);
    while (s.detach_empty() != nullptr) continue;
  }
  EXPECT_EQ(base::arena::bytes_out(), before);
}

// P3.
TEST(PageSetIdle, FewestEmptyPagesCountFromTheLastForget) {
  page_set s(small_items);
  for (const std::uintptr_t page : scattered_pages(small_items, 2, 2))
    ASSERT_EQ(s.adopt(pointer_to(page)), adopt_result::ok);
  EXPECT_EQ(s.n_empty_min(), 0u);
  s.forget();
  EXPECT_EQ(s.n_empty_min(), 4u);

  void* const item = s.take();
  EXPECT_EQ(s.n_empty_min(), 3u);
  ASSERT_EQ(s.give(item), give_result::ok);
  EXPECT_EQ(s.n_empty(), 4u);
  EXPECT_EQ(s.n_empty_min(), 3u);
  s.forget();
  EXPECT_EQ(s.n_empty_min(), 4u);
  ASSERT_NE(s.detach_empty(), nullptr);
  EXPECT_EQ(s.n_empty_min(), 3u);

  detach_all(s);
}

TEST(PageSetMisuse, AnEmptySetKnowsNothing) {
  page_set s(tiny_items);
  int here = 0;

  EXPECT_EQ(s.take(), nullptr);
  EXPECT_EQ(s.detach_empty(), nullptr);
  EXPECT_EQ(s.give(&here), give_result::foreign);
  EXPECT_EQ(s.give(nullptr), give_result::foreign);
  EXPECT_FALSE(s.owns(nullptr));
  EXPECT_TRUE(s.check());
}

}
}
