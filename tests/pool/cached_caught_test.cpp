// SPDX-License-Identifier: BSD-2-Clause
// "With an owner held in mid-operation, every other thread's operations are answered, and the held
// operation counts as not done or as done, never as both": the inlined get and put are done by hand
// here, step by step, and between any two steps another thread does what recalls.
#include <functional>
#include <set>
#include <string>

#include "actor.hpp"
#include "cache/barrier.hpp"
#include "cores.hpp"
#include "support/page_ladder.hpp"

namespace pool9::test {
namespace {

using detail::core;
using detail::magazine_top;

/// A get or a put that stops after each of its steps.
class stepwise {
 public:
  virtual ~stepwise() = default;
  virtual void step() = 0;
  bool is_done() const { return next_ == n_steps; }
  static constexpr int n_steps = 6;

 protected:
  explicit stepwise(pool& of) : p(of), c(core_of(of)) {}
  magazine_top& magazine() const { return detail::magazine_at(c.slot); }
  pool& p;
  core& c;
  int next_ = 0;
};

class stepwise_get final : public stepwise {
 public:
  explicit stepwise_get(pool& of) : stepwise(of) {}
  void* item = nullptr;  // nullptr in the end: refused

  void step() override {
    magazine_top& m = magazine();
    switch (next_++) {
      case 0:
        top_ = m.top.load(std::memory_order_relaxed);  // get.1
        break;
      case 1:
        item = top_[-1];  // get.2
        break;
      case 2:
        if (item != nullptr) m.top.store(top_ - 1, std::memory_order_release);  // get.3
        break;
      case 3:
        must_visit_ = item == nullptr || detail::is_closed(m);  // get.4
        break;
      case 4:
        if (must_visit_) item = c.visit_for_get(item);
        break;
      default:
        if (item == nullptr) item = p.try_get();
    }
  }

 private:
  void** top_ = nullptr;
  bool must_visit_ = false;
};

class stepwise_put final : public stepwise {
 public:
  stepwise_put(pool& of, void* what) : stepwise(of), item_(what) {}

  void step() override {
    magazine_top& m = magazine();
    switch (next_++) {
      case 0:
        top_ = m.top.load(std::memory_order_relaxed);  // put.1
        pushes_ = top_ != m.limit;
        break;
      case 1:
        if (pushes_) *top_ = item_;  // put.2
        break;
      case 2:
        if (pushes_) m.top.store(top_ + 1, std::memory_order_release);  // put.3
        break;
      case 3:
        if (pushes_)
          m.n_puts.store(m.n_puts.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        break;
      case 4:
        must_visit_ = !pushes_ || detail::is_closed(m);  // put.4
        break;
      default:
        if (must_visit_) c.visit_for_put(item_, pushes_, {});
    }
  }

 private:
  void* const item_;
  void** top_ = nullptr;
  bool pushes_ = false, must_visit_ = false;
};

/// A pool of 128 items, an owner that has some of them and some in its cache, and another thread.
class scene {
 public:
  scene() {
    rest_ = get_n(p, 50);
    owner([&] {
      held_ = get_n(p, 40);
      for (int i = 0; i < 30; ++i) put_last();
    });
    expect_sound();
  }
  ~scene() {
    if (is_waiting_ && !p.cancel(waiting_)) came(waiting_.wait_for_item(), rest_);
    put_all(p, rest_);
    owner([&] { put_all(p, held_); });
    expect_sound();
    const pool_stats s = p.stats();
    EXPECT_EQ(s.out, 0u);
    EXPECT_EQ(s.gets, s.puts);
    EXPECT_TRUE(p.set_hard_limit(limit));
    std::vector<void*> all = get_n(p, limit);
    EXPECT_EQ(std::set<void*>(all.begin(), all.end()).size(), limit);
    put_all(p, all);
  }
  scene(const scene&) = delete;
  scene& operator=(const scene&) = delete;

  // ---- the other thread's doings: each recalls, or may

  void reclaims() { static_cast<void>(p.reclaim()); }
  void takes_all() {
    while (void* const item = p.try_get()) came(item, rest_);
  }
  void waits() {
    takes_all();
    if (is_waiting_) return;
    is_waiting_ = true;
    if (void* const item = p.get_or_enqueue(waiting_)) {
      is_waiting_ = false;
      came(item, rest_);
    }
  }
  void waits_and_others_are_refused() {
    waits();
    EXPECT_TRUE(!is_anybody_waiting() || p.try_get() == nullptr);
  }
  void waits_and_the_limit_is_not_lowered() {
    waits();
    EXPECT_FALSE(p.set_hard_limit(20));
  }
  void moves_the_high_watermark() {
    p.set_high_watermark(0);
    p.set_high_watermark(unlimited);
  }
  void puts_some() {
    for (int i = 0; i < 5 && !rest_.empty(); ++i) {
      p.put(rest_.back());
      rest_.pop_back();
    }
  }

  // ---- the owner's

  void* give_one() {
    void* const item = held_.back();
    held_.pop_back();
    return item;
  }
  void owner_has(void* item) { came(item, held_); }
  bool is_anybody_waiting() const { return is_waiting_ && waiting_.item == nullptr; }
  bool everything_is_out() const {
    const std::size_t n_of_waiter = waiting_.item != nullptr ? 1 : 0;
    return rest_.size() + held_.size() + n_of_waiter == limit;
  }
  void expect_sound() const { EXPECT_EQ(p.check(), ""); }

  static constexpr std::size_t limit = 128;

 private:
  void put_last() {
    p.put(held_.back());
    held_.pop_back();
  }
  /// An item that came: nobody else may have it.
  void came(void* item, std::vector<void*>& whose) {
    for (const auto* some : {&held_, &rest_})
      EXPECT_EQ(std::count(some->begin(), some->end(), item), 0) << "an item has two owners";
    whose.push_back(item);
  }
  test_source source_;

 public:
  pool p{{.name = "caught",
          .item_size = 64,
          .hard_limit = limit,
          .idle_time = never_idle,
          .page_size = 4096,
          .source = &source_}};
  actor owner;

 private:
  std::vector<void*> held_, rest_;  // the owner's and the others'
  noting_waiter waiting_;
  bool is_waiting_ = false;
};

struct doing {
  const char* name;
  void (scene::*done)();
};
void PrintTo(const doing& d, std::ostream* out) { *out << d.name; }
constexpr doing doings[] = {
    {"reclaims", &scene::reclaims},
    {"takes_all", &scene::takes_all},
    {"waits", &scene::waits},
    {"waits_and_others_are_refused", &scene::waits_and_others_are_refused},
    {"waits_and_the_limit_is_not_lowered", &scene::waits_and_the_limit_is_not_lowered},
    {"moves_the_high_watermark", &scene::moves_the_high_watermark},
    {"puts_some", &scene::puts_some},
};

class CachedCaught : public testing::TestWithParam<doing> {
 protected:
  void SetUp() override {
    if (!cache::barrier::works()) GTEST_SKIP() << "the inlined path is not used";
  }
  /// Does `f` in a scene for every second doing and every two places between steps.
  static void everywhere(const std::function<void(scene&, const std::function<void(int)>&)>& f) {
    for (const doing& second : doings)
      for (int before = 0; before < stepwise::n_steps; ++before)
        for (int and_before = before; and_before < stepwise::n_steps; ++and_before) {
          SCOPED_TRACE("before step " + std::to_string(before) + ", and another " + second.name +
                       " before step " + std::to_string(and_before));
          scene s;
          f(s, [&](int step) {
            if (step == before) (s.*GetParam().done)();
            if (step == and_before) (s.*second.done)();
            if (step == before || step == and_before) s.expect_sound();
          });
          if (HasFailure()) return;
        }
  }
};
INSTANTIATE_TEST_SUITE_P(WhileAnother, CachedCaught, testing::ValuesIn(doings),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(CachedCaught, GetIsDoneOrNotDone) {
  everywhere([](scene& s, const auto& meanwhile) {
    stepwise_get get(s.p);
    for (int step = 0; step < stepwise::n_steps; ++step) {
      meanwhile(step);
      s.owner([&] { get.step(); });
    }
    if (get.item != nullptr) return s.owner_has(get.item);
    EXPECT_TRUE(s.everything_is_out()) << "it was refused though items are free";
  });
}

// "A put that published there and was stopped before its look must not stay invisible."
TEST_P(CachedCaught, PublishedPutIsFoundThoughItsOwnerNeverGoesOn) {
  scene s;
  (s.*GetParam().done)();
  stepwise_put put(s.p, s.give_one());
  for (int step = 0; step < 3; ++step) s.owner([&] { put.step(); });

  s.takes_all();

  EXPECT_TRUE(s.everything_is_out());
  s.expect_sound();
  while (!put.is_done()) s.owner([&] { put.step(); });
}

// "A blocked getter receives the very next put": at the latest when it has returned.
TEST_P(CachedCaught, PutIsDoneOrNotDone) {
  everywhere([](scene& s, const auto& meanwhile) {
    stepwise_put put(s.p, s.give_one());
    for (int step = 0; step < stepwise::n_steps; ++step) {
      meanwhile(step);
      s.owner([&] { put.step(); });
    }
    s.expect_sound();
    EXPECT_TRUE(!s.is_anybody_waiting() || s.everything_is_out())
        << "somebody waits though an item was put";
  });
}

}  // namespace
}  // namespace pool9::test
