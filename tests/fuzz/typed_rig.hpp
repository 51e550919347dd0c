// SPDX-License-Identifier: BSD-2-Clause
// Drives a pool of objects, and throws where an outcome is not what is promised:
//
//   an object is constructed and destroyed once, aligned, in memory of its own
//   a constructor that throws leaves nothing behind, whatever else it made or was given
//   where there is no item, arguments are untouched; and there is one below the limit, if any is
//   free or can be made
//   a visit meets every object once
#pragma once
#include <map>
#include <optional>
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "fuzz/moody_source.hpp"
#include "fuzz/typed_operations.hpp"
#include "model/clock.hpp"
#include "support/failure_note.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {

struct refusal_to_be {};

/// Sees objects come and go.
class census {
 public:
  explicit census(failure_note& n) : note_(n) {}

  void enter(const void* object, std::size_t bytes, std::size_t align) {
    const auto a = reinterpret_cast<std::uintptr_t>(object);
    if (a % align != 0) note_.fail("an object is not aligned");
    const auto next = living_.lower_bound(a);
    if (next != living_.end() && next->first - a < bytes) note_.fail("an object overlaps the next");
    if (next != living_.begin() && a - std::prev(next)->first < std::prev(next)->second)
      note_.fail("an object overlaps the one before");
    living_[a] = bytes;
    ++n_entered_;
  }
  void leave(const void* object) noexcept {
    if (living_.erase(reinterpret_cast<std::uintptr_t>(object)) == 0)
      note_.fail("what does not live was destroyed");
    ++n_left_;
  }
  void fail(const char* what) noexcept { note_.fail(what); }
  std::size_t n_living() const { return living_.size(); }
  std::uint64_t n_entered() const { return n_entered_; }
  std::uint64_t n_left() const { return n_left_; }

 private:
  failure_note& note_;
  std::map<std::uintptr_t, std::size_t> living_;  // with their sizes
  std::uint64_t n_entered_ = 0, n_left_ = 0;
};

/// May own another object of its pool.
template <class Pool, std::size_t Bytes, std::size_t Align>
class alignas(Align) subject {
 public:
  using owner = pooled_ptr<subject, Pool>;

  template <class F>
  subject(census& c, bool throws, owner&& o, const F& meanwhile)
      : census_(c), owned_(std::move(o)), tag_(static_cast<unsigned char>(c.n_entered() % 251)) {
    census_.enter(this, sizeof *this, Align);
    pattern_.fill(tag_);
    meanwhile(owned_);
    if (!throws) return;
    verify();
    census_.leave(this);
    throw refusal_to_be();
  }
  ~subject() {
    verify();
    census_.leave(this);
  }
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;

  subject* owned() const { return owned_.get(); }
  void verify() const noexcept {
    for (const unsigned char b : pattern_)
      if (b != tag_) return census_.fail("an object was written by somebody else");
  }

 private:
  census& census_;
  owner owned_;
  const unsigned char tag_;
  std::array<unsigned char, Bytes> pattern_;
};

template <class Pool, std::size_t Bytes, std::size_t Align>
class typed_rig {
 public:
  explicit typed_rig(const typed_beginning& b) {
    set_housekeeping(housekeeping::by_hand);
    pool_options o = b.options;
    o.source = &source_;
    ends_objects_ = o.at_destroy == on_live::destroy;
    objects_.emplace(o);
  }
  typed_rig(const typed_rig&) = delete;
  typed_rig& operator=(const typed_rig&) = delete;

  void perform(const typed_operation& o) {
    std::ostringstream name;
    name << "step " << ++n_steps_ << ", " << o;
    note_.now = name.str();
    dispatch(o);
    compare();
  }
  /// Everything goes back, by its owners or by the pool.
  void finish() {
    note_.now = "at the end";
    if (ends_objects_) {
      for (owner& p : owners_) raw_.push_back(p.release());
    } else {
      for (object* p : raw_) objects_->destroy(p);
      raw_.clear();
    }
    owners_.clear();
    compare();
    objects_.reset();
    if (census_.n_living() != 0) note_.fail("objects are left");
    if (source_.n_out() != 0) note_.fail("memory is left");
    if (catcher_.n_reports() != 0) note_.fail("a report: " + catcher_.reports()[0].text);
    note_.throw_if_failed();
  }

 private:
  using object = subject<Pool, Bytes, Align>;
  using owner = typename object::owner;
  static constexpr bool waits = detail::waits<Pool>;

  // ---- operations ----

  void dispatch(const typed_operation& o) {
    switch (o.kind) {
      case typed_kind::make:
        return make(o, {});
      case typed_kind::make_many:
        for (std::size_t n = 1 + o.below(100, 2); n != 0; --n) make(o, {});
        return;
      case typed_kind::make_owner:
        return make(o, take_owner(o.below(owners_.size(), 2)));
      case typed_kind::construct:
        return construct(o);
      case typed_kind::make_in:
        return make_in(o);
      case typed_kind::drop:
        return drop(o);
      case typed_kind::drop_many:
        for (std::size_t n = 1 + o.below(100, 2); n != 0; --n) drop(o);
        return;
      case typed_kind::release: {
        owner one = take_owner(o.below(owners_.size()));
        if (one != nullptr) raw_.push_back(one.release());
        return;
      }
      case typed_kind::visit:
        return visit(o);
      default:
        return change(o);
    }
  }

  owner take_owner(std::size_t i) {
    if (owners_.empty()) return {};
    owner one = std::move(owners_[i]);
    owners_.erase(owners_.begin() + static_cast<std::ptrdiff_t>(i));
    return one;
  }

  /// What is to be expected of a get, from before it.
  struct prospect {
    bool at_limit, must_come;
    std::size_t n_refused, n_entered;
  };
  prospect foresee() const {
    const pool_stats s = objects_->items().stats();
    const bool at_limit = s.out >= s.hard_limit;
    return {at_limit, !at_limit && (s.total > s.out || source_.is_generous()), source_.n_refused(),
            census_.n_entered()};
  }
  void judge(const prospect& p) {
    const bool came = census_.n_entered() != p.n_entered;
    if (came && p.at_limit) note_.fail("made beyond the limit");
    if (!came && p.must_come) note_.fail("not made, though there is an item");
    if (!came && !p.at_limit && source_.n_refused() == p.n_refused)
      note_.fail("not made, and the source was not asked");
  }

  /// Constructs one by `f`, which is given the arguments; it may throw, and may make another.
  template <class F>
  void make_by(const typed_operation& o, owner owned, F f) {
    const bool throws = o.below(5, 1) == 0, nests = o.below(5, 1) == 1;
    const prospect p = foresee();
    object* const inner = owned.get();
    try {
      owner made = f(census_, throws, std::move(owned), [&](owner& place) {
        if (nests && place == nullptr)
          place = objects_->try_make(census_, false, owner(), [](owner&) {});
      });
      if (made == nullptr && owned.get() != inner) note_.fail("arguments were touched");
      if (made != nullptr && throws) note_.fail("made, though its constructor threw");
      if (made != nullptr) owners_.push_back(std::move(made));
    } catch (const refusal_to_be&) {
      if (!throws) note_.fail("thrown, and should not be");
    }
    judge(p);
    if (owned != nullptr) owners_.push_back(std::move(owned));
  }
  void make(const typed_operation& o, owner owned) {
    make_by(o, std::move(owned), [&](auto&&... args) -> owner {
      if constexpr (waits) {
        switch (o.below(4)) {
          case 0:
            return objects_->try_make_for(std::chrono::nanoseconds(0),
                                          std::forward<decltype(args)>(args)...);
          case 1:
            return objects_->try_make_until(pool::clock::time_point(),
                                            std::forward<decltype(args)>(args)...);
          case 2:
            if (foresee().must_come) return objects_->make(std::forward<decltype(args)>(args)...);
            break;
          default:
            break;
        }
      }
      return objects_->try_make(std::forward<decltype(args)>(args)...);
    });
  }
  void construct(const typed_operation& o) {
    make_by(o, {}, [&](auto&&... args) -> owner {
      void* const item = objects_->items().try_get();
      if (item == nullptr) return {};
      return objects_->adopt(objects_->construct(item, std::forward<decltype(args)>(args)...));
    });
  }
  /// In an item of this pool or, wrongly, of another.
  void make_in(const typed_operation& o) {
    if constexpr (waits) {
      if (o.below(4) != 0)
        return make_by(o, {}, [&](auto&&... args) -> owner {
          pooled_item item(objects_->items().try_get(), {&objects_->items()});
          return objects_->make_in(std::move(item), std::forward<decltype(args)>(args)...);
        });
      pooled_item other(other_.try_get(), {&other_});
      if (objects_->make_in(std::move(other), census_, false, owner(), [](owner&) {}) != nullptr)
        note_.fail("made in an item of another pool");
      if (catcher_.n_reports(report_kind::misuse) != 1) note_.fail("misuse was not reported");
      catcher_.clear();
      if (other_.stats().out != 0) note_.fail("another pool's item did not go back");
    }
  }
  void drop(const typed_operation& o) {
    if (o.below(3) == 0 && !raw_.empty()) {
      const std::size_t i = o.below(raw_.size(), 1);
      objects_->destroy(raw_[i]);
      raw_.erase(raw_.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
    owner one = take_owner(o.below(owners_.size(), 1));
    if (o.below(3) == 1) const std::shared_ptr<object> shared = std::move(one);
  }
  /// Every object is met once, but those that the visitor destroyed before.
  void visit(const typed_operation& o) {
    std::set<object*> to_meet;
    for (const owner& p : owners_) add_chain(to_meet, p.get());
    for (object* p : raw_) add_chain(to_meet, p);
    const std::size_t every = o.below(4);
    std::size_t n = 0;
    objects_->for_each_object([&](object& met) {
      met.verify();
      if (to_meet.erase(&met) == 0) note_.fail("met what does not live, or was met");
      const auto own = std::find(raw_.begin(), raw_.end(), &met);
      if (every == 0 || ++n % (every + 1) != 0 || own == raw_.end()) return;
      raw_.erase(own);
      for (object* p = met.owned(); p != nullptr; p = p->owned()) to_meet.erase(p);
      objects_->destroy(&met);
    });
    if (!to_meet.empty()) note_.fail("an object was not visited");
  }
  static void add_chain(std::set<object*>& all, object* p) {
    for (; p != nullptr; p = p->owned()) all.insert(p);
  }

  void change(const typed_operation& o) {
    Pool& items = objects_->items();
    const std::size_t n = o.below(60);
    const std::size_t n_or_none = o.below(4, 1) == 0 ? unlimited : n;
    switch (o.kind) {
      case typed_kind::hard_limit:
        if (items.set_hard_limit(n_or_none) != (census_.n_living() <= n_or_none))
          note_.fail("set_hard_limit");
        return;
      case typed_kind::prime:
        return prime(n % 20);
      case typed_kind::low_watermark:
        return items.set_low_watermark(n % 30);
      case typed_kind::high_watermark:
        return items.set_high_watermark(n_or_none);
      case typed_kind::reclaim:
        static_cast<void>(items.reclaim());
        return;
      case typed_kind::mood:
        source_.answers = o.below(3) == 0   ? moody_source::always
                          : o.below(3) == 1 ? 0
                                            : static_cast<std::uint32_t>(o.below(256, 1)) << 8;
        return;
      case typed_kind::close:
        return close();
      default:
        let_pass(std::chrono::seconds(1 + o.below(4)));
        static_cast<void>(keep_house());
        return;
    }
  }
  void prime(std::size_t n) {
    const std::size_t n_refused = source_.n_refused();
    if (!objects_->items().prime(n) && source_.n_refused() == n_refused)
      note_.fail("not primed though there is memory");
  }
  void close() {
    const bool can = census_.n_living() == 0;
    if (objects_->items().close() != can) note_.fail("close");
    if (catcher_.n_reports() != (can ? 0u : 1u)) note_.fail("the report of close");
    catcher_.clear();
    if (!can) return;
    if (source_.n_out() != 0) note_.fail("pages are left after close");
    n_before_ = census_.n_entered();
  }

  // ---- after every step ----

  void compare() {
    const pool_stats s = objects_->items().stats();
    if (s.out != census_.n_living()) note_.fail("more or less is out than lives");
    if (s.total != s.out + s.cached + s.free) note_.fail("total");
    if (s.gets != census_.n_entered() - n_before_) note_.fail("gets");
    if (s.puts != census_.n_left() - n_before_) note_.fail("puts");
    if (s.out > s.hard_limit) note_.fail("more is out than the limit admits");
    for (const owner& p : owners_) p->verify();
    for (const object* p : raw_) p->verify();
    if (catcher_.n_reports() != 0) note_.fail("a report: " + catcher_.reports()[0].text);
    if (source_.was_cheated()) note_.fail("the source was given what it did not give");
    if (const auto broken = objects_->items().check(); !broken.empty())
      note_.fail("check() says " + std::string(broken));
    note_.throw_if_failed();
  }

  report_catcher catcher_;
  failure_note note_;
  census census_{note_};
  memory_field field_;
  moody_source source_{field_, false};
  pool other_{{.name = "other", .item_size = sizeof(object), .align = alignof(object)}};
  std::optional<object_pool<object, Pool>> objects_;
  std::vector<owner> owners_;
  std::vector<object*> raw_;  // that nobody owns
  bool ends_objects_ = false;
  std::uint64_t n_before_ = 0;  // objects, when the pool was new
  std::size_t n_steps_ = 0;
};

}  // namespace pool9::test
