// SPDX-License-Identifier: BSD-2-Clause
#include "cache/magazine.hpp"

#include "base/arena.hpp"
#include "sets.hpp"

namespace pool9::test {
namespace {

namespace arena = base::arena;

class Magazine : public testing::Test {
 protected:
  ~Magazine() override {
    magazine::release(m);
    EXPECT_EQ(arena::bytes_out(), bytes_before);
  }
  const std::size_t bytes_before = arena::bytes_out();
  magazine* const m = magazine::make(magazine::smallest);
};

// "A closed magazine for that many items at most".
TEST_F(Magazine, IsMadeClosedAndEmpty) {
  ASSERT_NE(m, nullptr);
  EXPECT_FALSE(m->is_open());
  EXPECT_EQ(m->n_held(), 0u);
  EXPECT_EQ(m->n_recalled(), 0u);
  EXPECT_EQ(m->depth(), magazine::smallest);
  EXPECT_EQ(m->n_puts, 0u);
}

// "A null below the bottom says empty."
TEST_F(Magazine, PopsInTheOppositeOrderUntilItIsEmpty) {
  EXPECT_EQ(detail::pop(*m), nullptr);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(detail::push(*m, item(i)));
  EXPECT_EQ(m->n_held(), 5u);
  EXPECT_EQ(m->n_puts, 5u);

  for (std::size_t i = 5; i-- != 0;) EXPECT_EQ(detail::pop(*m), item(i));

  EXPECT_EQ(detail::pop(*m), nullptr);
  EXPECT_EQ(detail::pop(*m), nullptr);
  EXPECT_EQ(m->n_held(), 0u);
  EXPECT_EQ(m->n_puts, 5u);
}

TEST_F(Magazine, TakesNoMoreThanItsDepth) {
  for (std::size_t i = 0; i < m->depth(); ++i) EXPECT_TRUE(detail::push(*m, item(i)));

  EXPECT_FALSE(detail::push(*m, item(100)));

  EXPECT_EQ(m->n_held(), magazine::smallest);
  EXPECT_EQ(m->n_puts, magazine::smallest) << "a put that it refuses does not count";
  EXPECT_EQ(detail::pop(*m), item(magazine::smallest - 1));
}

// "Pushes what source() returns, n times, so that the first is popped first."
TEST_F(Magazine, AddsFromASourceSoThatTheFirstIsPoppedFirst) {
  EXPECT_TRUE(detail::push(*m, item(99)));
  std::size_t next = 0;

  m->add(3, [&] { return item(next++); });

  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(detail::pop(*m), item(i));
  EXPECT_EQ(m->take_newest(), item(99));
  EXPECT_EQ(m->n_puts, 1u) << "they come from the pool";
}

TEST_F(Magazine, AddsASpanOnTop) {
  void* const some[] = {item(1), item(2), item(3)};
  m->add(some);
  EXPECT_EQ(m->n_held(), 3u);
  EXPECT_EQ(detail::pop(*m), item(3));
}

TEST_F(Magazine, DropsThoseThatWerePutFirst) {
  for (std::size_t i = 0; i < 10; ++i) EXPECT_TRUE(detail::push(*m, item(i)));

  m->drop_oldest(7);

  EXPECT_EQ(m->n_held(), 3u);
  for (std::size_t i = 10; i-- != 7;) EXPECT_EQ(detail::pop(*m), item(i));
  EXPECT_EQ(detail::pop(*m), nullptr);
  m->drop_oldest(0);
  EXPECT_EQ(m->n_held(), 0u);
}

// "Lets it hold twice as much, `most` at most."
TEST_F(Magazine, DeepensAndKeepsWhatItHolds) {
  std::size_t n = 0;
  for (std::size_t depth = magazine::smallest; depth < magazine::largest; depth = 2 * depth + 1) {
    EXPECT_EQ(m->depth(), depth);
    while (detail::push(*m, item(n))) ++n;
    EXPECT_EQ(n, depth);

    m->deepen(magazine::largest);
  }
  EXPECT_EQ(m->depth(), magazine::largest);
  m->deepen(magazine::largest);
  EXPECT_EQ(m->depth(), magazine::largest);
  EXPECT_EQ(m->n_held(), n);
  while (n-- != 0) EXPECT_EQ(detail::pop(*m), item(n));
  EXPECT_EQ(detail::pop(*m), nullptr);
}

TEST_F(Magazine, DeepensNoFurtherThanIsAsked) {
  m->deepen(magazine::smallest + 5);
  EXPECT_EQ(m->depth(), magazine::smallest + 5);
  m->deepen(10);
  EXPECT_EQ(m->depth(), magazine::smallest + 5) << "never less";
}

// "Without memory it stays as it is."
TEST_F(Magazine, StaysAsItIsWithoutMemory) {
  for (std::size_t i = 0; i < m->depth(); ++i) EXPECT_TRUE(detail::push(*m, item(i)));
  arena::set_refusal([]() noexcept { return true; });

  m->deepen(magazine::largest);

  arena::set_refusal(nullptr);
  EXPECT_EQ(m->depth(), magazine::smallest);
  EXPECT_EQ(m->n_held(), magazine::smallest);
  EXPECT_EQ(detail::pop(*m), item(magazine::smallest - 1));
}

// "nullptr: no memory", whichever of its parts is refused.
TEST(MagazineMake, FailsWithoutMemoryAndKeepsNone) {
  const std::size_t before = arena::bytes_out();
  static int n_left = 0;
  for (const int n_granted : {0, 1}) {
    n_left = n_granted;
    arena::set_refusal([]() noexcept { return n_left-- == 0; });
    EXPECT_EQ(magazine::make(magazine::smallest), nullptr);
    arena::set_refusal(nullptr);
    EXPECT_EQ(arena::bytes_out(), before);
  }
}

}  // namespace
}  // namespace pool9::test
