// SPDX-License-Identifier: BSD-2-Clause
// Drives a pool with thread caches from several threads, one operation at a time, and throws where
// an outcome is not what the guarantees say, whatever lies in whose cache:
//
//   a get is served if nobody waits before it, the limit admits it, and so many items are free
//   anywhere or can be made; it is refused otherwise (G1, G2)
//   while fewer than the reserve are out the source is not asked (G3)
//   whoever waits is served as soon as that holds, in order (G4)
//   above the high watermark no page is unused after a put (G5)
//   nothing is lost, and no item has two owners
#pragma once
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "model/bulk_waiter.hpp"
#include "model/cached_operations.hpp"
#include "model/model_source.hpp"
#include "pool/actor.hpp"
#include "support/failure_note.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {

class cached_rig {
 public:
  explicit cached_rig(const pool_options& o) : options_(o) {
    set_housekeeping(housekeeping::by_hand);
    options_.source = &source_;
    for (auto& a : actors_) a = std::make_unique<actor>();
    pool_.emplace(options_);
    limit_ = o.hard_limit;
    reserve_ = o.reserve;
    low_ = o.low_watermark;
    compare();
  }
  ~cached_rig() {
    if (pool_) await_bulks();
    for (auto& a : actors_) a.reset();
  }
  cached_rig(const cached_rig&) = delete;
  cached_rig& operator=(const cached_rig&) = delete;

  void perform(const cached_operation& o) {
    std::ostringstream name;
    name << "step " << ++n_steps_ << ", " << o;
    note_.now = name.str();
    by(o.thread(), [&] { dispatch(o); });
    compare();
  }

  /// Everything goes back, and nothing is left.
  void finish() {
    note_.now = "at the end";
    source_.mood = {};
    for (auto& w : waiters_)
      if (w->is_queued) cancel(*w);
    while (!held_.empty()) put_one(held_.begin()->first);
    await_bulks();
    while (!held_.empty()) put_one(held_.begin()->first);
    compare();
    if (!pool_->close()) fail("the pool cannot be closed");
    if (source_.n_live() != 0) fail("pages were not released");
    pool_.reset();
    note_.throw_if_failed();
  }

 private:
  struct live_waiter final : waiter {
    explicit live_waiter(cached_rig& r, std::size_t n) noexcept
        : waiter([](waiter& w, void* item) noexcept {
            auto& self = static_cast<live_waiter&>(w);
            self.owner.be_called(self, item);
          }),
          owner(r),
          ticket(n) {}
    cached_rig& owner;
    const std::size_t ticket;
    bool is_queued = false;
  };

  // ---- threads ----

  template <class F>
  void by(std::size_t thread, F f) {
    (*actors_[thread])(f);
  }

  // ---- items: each bears a number while it is out ----

  void claim(void* item) noexcept {
    if (held_.contains(item)) fail("an item has two owners");
    if (!pool_->owns(item)) fail("the pool does not own its item");
    if (!source_.holds(item, options_.item_size)) fail("an item lies outside the pool's pages");
    std::memcpy(item, &++last_mark_, sizeof last_mark_);
    held_[item] = last_mark_;
    ++n_gets_;
  }
  void put_one(void* item) {
    let_go(item);
    pool_->put(item);
  }
  void let_go(void* item) {
    std::size_t mark = 0;
    std::memcpy(&mark, item, sizeof mark);
    if (mark != held_[item]) fail("an item was written by somebody else");
    held_.erase(item);
    last_put_ = item;
    ++n_puts_;
  }
  void* some_item(const cached_operation& o) const {
    return std::next(held_.begin(), static_cast<std::ptrdiff_t>(o.below(held_.size(), 1)))->first;
  }
  void be_called(live_waiter& w, void* item) noexcept {
    claim(item);
    w.is_queued = false;
    --n_queued_;
    last_served_ = std::max(last_served_, w.ticket);
    for (const auto& before : waiters_)
      if (before->ticket < w.ticket && before->is_queued) fail("a waiter was overtaken");
  }
  /// Sees who of those that wait for several was answered.
  void settle() {
    bulks_.settle([this](bulk_waiter& b) { end_wait(b); });
    const bulk_waiter* const first = bulks_.first();
    if (first != nullptr && first->ticket < last_served_)
      fail("who waits for several was overtaken");
  }
  void end_wait(bulk_waiter& b) {
    b.is_queued = false;
    --n_queued_;
    if ((b.outcome == bulk_outcome::beyond_limit) != (b.items.size() > limit_))
      fail("beyond_limit, waiting");
    if (b.outcome == bulk_outcome::short_of_items) fail("a wait without end ended");
    if (b.outcome != bulk_outcome::served) return;
    for (void* item : b.items) claim(item);
    last_served_ = std::max(last_served_, b.ticket);
    for (const auto& before : waiters_)
      if (before->ticket < b.ticket && before->is_queued) fail("a waiter was overtaken");
  }
  /// Until nobody waits for several: with all memory, and no limit.
  void await_bulks() {
    source_.mood = {};
    for (int tries = 100; settle(), bulks_.first() != nullptr; --tries) {
      if (tries == 0) give_up("who waits for several is never served");
      if (pool_->set_hard_limit(unlimited)) limit_ = unlimited;
      let_pass(std::chrono::milliseconds(1000));
    }
  }
  /// What the first in line waits for.
  std::size_t n_wanted_first() const {
    const bulk_waiter* const bulk = bulks_.first();
    for (const auto& w : waiters_)
      if (w->is_queued && (bulk == nullptr || w->ticket < bulk->ticket)) return 1;
    return bulk != nullptr ? bulk->items.size() : 1;
  }

  // ---- what must be ----

  std::size_t n_out() const { return held_.size(); }
  bool admits(std::size_t n) const { return limit_ == unlimited || n_out() + n <= limit_; }
  /// Items of the pool, and those that it can have made.
  std::size_t most_items() const {
    const pool_stats s = pool_->stats();
    return s.total + source_.n_left() * per_page();
  }
  std::size_t per_page() const { return options_.page_size / options_.item_size; }

  /// What is to be expected of a get, from before it.
  struct prospect {
    bool is_served, is_open;  // is_open: a waiter before it may be helped by it, and then anything
    bool without_source;
    std::size_t n_asked;
  };
  prospect foresee(std::size_t n) {
    settle();
    const bool fits = admits(n) && n_out() + n <= most_items();
    return {n_queued_ == 0 && fits, n_queued_ != 0 && source_.n_left() != 0,
            n_queued_ == 0 && low_ == 0 && admits(n) && n_out() + n <= reserve_,
            source_.asked.size()};
  }
  void expect_as_foreseen(const prospect& p, bool was_served) {
    settle();
    if (p.is_open ? was_served && n_queued_ != 0 : was_served != p.is_served)
      fail(was_served ? "served, and should not be" : "refused, and should not be");
    if (p.without_source && source_.asked.size() != p.n_asked)
      fail("the source was asked though the reserve is not out");
  }

  // ---- operations ----

  void dispatch(const cached_operation& o) {
    switch (o.kind) {
      case cached_kind::get:
        return get_one(1 + o.below(2));
      case cached_kind::timed_get:
        return get_one(0);
      case cached_kind::get_many:
        for (std::size_t n = o.below(150); n != 0; --n) get_one(1);
        return;
      case cached_kind::get_all:
        for (std::size_t n = 0; n < 500 && foresee(1).is_served; ++n) get_one(1);
        return get_one(1);
      case cached_kind::get_bulk:
        return o.below(4, 1) == 0 ? wait_for_bulk(1 + o.below(60)) : get_bulk(1 + o.below(60));
      case cached_kind::put:
        return put_some(o, 1);
      case cached_kind::put_many:
        return put_some(o, 1 + o.below(200));
      case cached_kind::put_bulk:
        return put_bulk(o);
      case cached_kind::enqueue:
        return enqueue();
      case cached_kind::cancel:
        return waiters_.empty() ? void() : cancel(*waiters_[o.below(waiters_.size())]);
      default:
        return change(o);
    }
  }
  void change(const cached_operation& o) {
    switch (o.kind) {
      case cached_kind::end_thread: {
        // By the next, since a thread cannot end itself here.
        const std::size_t other = (o.thread() + 1) % cached_operation::n_threads;
        actors_[other]->end();
        actors_[other] = std::make_unique<actor>();
        return;
      }
      case cached_kind::prime:
        return prime(o.below(100));
      case cached_kind::high_watermark:
        pool_->set_high_watermark(o.below(3, 1) == 0 ? unlimited : o.below(300));
        return expect_no_excess();
      case cached_kind::hard_limit:
        return set_limit(o.below(4, 1) == 0 ? unlimited : o.below(400));
      case cached_kind::reclaim:
        return reclaim();
      case cached_kind::source_mood:
        source_.mood.gives = o.below(3) != 0;
        source_.mood.most_live = o.below(3) == 1 ? source_.n_live() + o.below(5, 1) : SIZE_MAX;
        return;
      case cached_kind::low_watermark:
        pool_->set_low_watermark(low_ = o.below(200));
        return;
      case cached_kind::misput:
        return misput(o);
      case cached_kind::housekeep:
        return housekeep(1 + o.below(8));
      default:
        return close();
    }
  }

  void get_one(std::size_t how) {
    const prospect p = foresee(1);
    void* const item = how == 0   ? pool_->try_get_for(std::chrono::nanoseconds(0))
                       : how == 1 ? pool_->try_get()
                                  : pool_->get(get_flags::waitok | get_flags::limitfail, {}, {});
    if (item != nullptr) claim(item);
    expect_as_foreseen(p, item != nullptr);
  }
  void get_bulk(std::size_t n) {
    std::vector<void*> items(n);
    const prospect p = foresee(n);
    const bulk_outcome outcome = pool_->get_bulk(items, get_flags::nowait);
    if (outcome == bulk_outcome::served)
      for (void* item : items) claim(item);
    if ((outcome == bulk_outcome::beyond_limit) != (n > limit_)) fail("beyond_limit");
    expect_as_foreseen(p, outcome == bulk_outcome::served);
  }
  void wait_for_bulk(std::size_t n) {
    bulk_waiter* const b = bulks_.idle();
    if (b == nullptr) return;
    const prospect p = foresee(n);
    b->ticket = ++n_tickets_;
    b->is_queued = true;
    ++n_queued_;
    b->begin(*pool_, n);
    if (!b->is_done()) return p.is_served || n > limit_ ? fail("waits, and should not") : void();
    end_wait(*b);
    if (b->outcome == bulk_outcome::served && !p.is_served && !p.is_open)
      fail("served at once, and should wait");
  }
  void put_some(const cached_operation& o, std::size_t n) {
    if (held_.empty()) return;
    for (; n != 0 && !held_.empty(); --n) put_one(some_item(o));
    expect_no_excess();
  }
  void put_bulk(const cached_operation& o) {
    std::vector<void*> items;
    for (std::size_t n = o.below(100); n != 0 && !held_.empty(); --n) {
      items.push_back(some_item(o));
      let_go(items.back());
    }
    pool_->put_bulk(items);
    if (!items.empty()) expect_no_excess();
  }
  void enqueue() {
    auto& w = waiters_.emplace_back(std::make_unique<live_waiter>(*this, ++n_tickets_));
    const prospect p = foresee(1);
    w->is_queued = true;
    ++n_queued_;
    void* const item = pool_->get_or_enqueue(*w);
    if (item == nullptr) return;
    w->is_queued = false;
    --n_queued_;
    claim(item);
    if (!p.is_served && !p.is_open) fail("served at once, and should wait");
  }
  void cancel(live_waiter& w) {
    // From now on: those behind it may be called by this.
    const bool was_queued = std::exchange(w.is_queued, false);
    if (was_queued) --n_queued_;
    if (pool_->cancel(w) != was_queued) fail("cancel");
  }
  /// "At the put that frees them", whatever is cached.
  void expect_no_excess() {
    settle();
    const pool_stats s = pool_->stats();
    if (s.high_watermark == unlimited || !can_go(s)) return;
    const std::size_t high = static_cast<std::size_t>(s.high_watermark);
    if (s.pages > std::max(pages_for(high), n_pages_kept()))
      fail("pages above the high watermark are kept");
  }
  /// Pages that the reserve, or the low watermark, keeps.
  std::size_t n_pages_kept() const { return std::max(pages_for(reserve_), pages_for(low_)); }
  std::size_t pages_for(std::size_t n) const { return (n + per_page() - 1) / per_page(); }
  void prime(std::size_t n) {
    const bool can = pages_for(reserve_ + n) - pages_for(reserve_) <= source_.n_left();
    const bool done = pool_->prime(n);
    if (done != can) fail("prime");
    if (done) reserve_ += n;
  }
  void set_limit(std::size_t n) {
    const bool can = n_out() <= n;
    const std::size_t before = std::exchange(limit_, can ? n : limit_);
    if (pool_->set_hard_limit(n) == can) return;
    limit_ = before;
    fail("set_hard_limit");
  }
  void reclaim() {
    static_cast<void>(pool_->reclaim());
    settle();
    const pool_stats s = pool_->stats();
    if (n_queued_ == 0 && can_go(s)) fail("unused pages are left after reclaim");
    if (s.cached != 0) fail("items are cached after reclaim");
  }
  /// Whether there are pages that nobody needs.
  bool can_go(const pool_stats& s) const {
    return n_queued_ == 0 && s.idle_pages != 0 && s.pages > n_pages_kept() &&
           s.free >= low_ + per_page();
  }
  /// Whether there may be more of them, whose items are cached.
  bool may_hide_pages(const pool_stats& s) const {
    return n_queued_ == 0 && s.cached != 0 && s.pages > n_pages_kept();
  }
  /// Looks at the pool every half idle time, the longest that it may sleep.
  void housekeep(std::size_t n_looks) {
    const pool_stats before = pool_->stats();
    for (std::size_t i = 0; i < n_looks; ++i) {
      let_pass(std::chrono::milliseconds(1000));
      static_cast<void>(keep_house());
      settle();
    }
    const pool_stats s = pool_->stats();
    if (s.pages < before.pages && s.pages < n_pages_kept()) fail("pages went back that must stay");
    // "Back by themselves within three idle times".
    if (options_.idle_time != never_idle && n_looks >= 6 && (can_go(s) || may_hide_pages(s)))
      fail("idle pages stay");
  }
  /// What is no item, or is free, goes into a cache like an item, and is found when it leaves it.
  void misput(const cached_operation& o) {
    void* what = &options_;
    if (o.below(3) == 0) what = nullptr;
    if (o.below(3) == 1 && last_put_ != nullptr) what = last_put_;
    if (held_.contains(what)) return;
    pool_->put(what);
    if (catcher_.n_reports() == 0) reclaim();
    if (catcher_.n_reports(report_kind::misuse) != 1 || catcher_.n_reports() != 1)
      fail("misuse was not reported once");
    catcher_.clear();
  }
  void close() {
    const bool can = n_out() == 0 && n_queued_ == 0;
    if (pool_->close() != can) fail("close");
    if (catcher_.n_reports() != (can ? 0u : 1u)) fail("the report of close");
    catcher_.clear();
    last_put_ = nullptr;
    if (!can) return;
    if (source_.n_live() != 0) fail("pages are left after close");
    limit_ = pool_->stats().hard_limit;
    low_ = pool_->stats().low_watermark;
    reserve_ = n_gets_ = n_puts_ = 0;
  }

  // ---- after every step ----

  void fail(const std::string& what) noexcept { note_.fail(what); }
  template <class T>
  void expect(const char* what, T is, T due) {
    if (is == due) return;
    std::ostringstream text;
    text << what << ": " << is << ", and should be " << due;
    fail(text.str());
  }
  void compare() {
    settle();
    const pool_stats s = pool_->stats();
    expect("out", s.out, std::uint64_t{n_out()});
    expect("total", s.total, s.out + s.cached + s.free);
    expect("waiters", s.waiters, std::uint64_t{n_queued_});
    expect("gets", s.gets, n_gets_);
    expect("puts", s.puts, n_puts_);
    expect("reserve", s.reserve, std::uint64_t{reserve_});
    expect("hard limit", s.hard_limit, std::uint64_t{limit_});
    if (s.out > s.hard_limit) fail("more items are out than the limit admits");
    if (s.pages < pages_for(reserve_)) fail("the reserve is gone");
    if (n_queued_ != 0 && admits(n_wanted_first()) && s.total - s.out >= n_wanted_first())
      fail("somebody waits though he can be served");
    if (catcher_.n_reports() != 0) fail("a report: " + catcher_.reports()[0].text);
    if (source_.was_cheated()) fail("the source was given what is not its page");
    if (const auto broken = pool_->check(); !broken.empty())
      fail("check() says " + std::string(broken));
    note_.throw_if_failed();
  }

  pool_options options_;
  report_catcher catcher_;
  model_source source_;
  std::array<std::unique_ptr<actor>, cached_operation::n_threads> actors_;
  std::optional<pool> pool_;
  std::size_t limit_ = 0, reserve_ = 0, low_ = 0;
  std::map<void*, std::size_t> held_;  // with their marks
  std::size_t last_mark_ = 0;
  void* last_put_ = nullptr;
  std::uint64_t n_gets_ = 0, n_puts_ = 0;
  std::vector<std::unique_ptr<live_waiter>> waiters_;
  bulk_waiters bulks_;
  std::size_t n_queued_ = 0, n_tickets_ = 0, last_served_ = 0;
  std::size_t n_steps_ = 0;
  failure_note note_;
};

}  // namespace pool9::test
