// SPDX-License-Identifier: BSD-2-Clause
// What a pool should do, told in the plainest way: counts, a queue, no memory.
//
// It knows public headers only.  Every operation of the pool has its twin here, which is run after
// the real one and says what must have come of it: the result, every figure of the statistics, who
// was served in which order, what the page source was asked, who was told of misuse.
//
// The one thing it cannot know is which free item the pool hands out, and so which pages become
// empty.  Those choices are written down while the real operation runs and followed here.
//
// It holds for one thread, a source that gives one page at a time, and waiters with callbacks; a
// thread that waits is one whose time is up at once.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <pool9/pool.hpp>
#include <span>
#include <utility>
#include <vector>

namespace pool9::test {

/// What the real pool chose during one step.
struct choices {
  std::vector<void*> returned;  // items that the call returned
  std::vector<void*> called;    // items that waiters were called with
  std::vector<void*> hooked;    // items that the hook put
};

/// How the page source behaves: the real one and its twin answer the same.
struct source_mood {
  bool gives = true;
  std::size_t most_live = SIZE_MAX;  // pages
};

enum class hook_mood { none, looks_on, puts_one };

/// Where items lie: constant for a pool's options, and not the model's business.
struct item_places {
  std::size_t per_page = 1, page_size = 1, stride = 1;
};

/// A callback that waits.
struct model_waiter {
  std::size_t id;
  bool puts_back;             // its callback puts the item at once
  bool must_be_told = false;  // nobody has asked the source on its behalf
};

class reference_pool {
 public:
  struct request {
    std::size_t n = 1;
    get_flags flags = get_flags::nowait;
    bool bulk = false;
    const model_waiter* enqueue = nullptr;
  };

  reference_pool(const pool_options& o, item_places where) : options_(o), places_(where) {
    become_new();
  }

  // ---- the twins of the pool's operations ----

  bulk_outcome get(const request& r) {
    be_born();
    debts owed;
    bool hook_called = false;
    for (;;) {
      if (r.bulk && r.n > s_.hard_limit) return pay(owed), bulk_outcome::beyond_limit;
      if (queue_.empty() && can_serve(r.n)) break;
      if (!is_at_limit(r.n) && grow(r.enqueue == nullptr ? r.flags : get_flags::nowait, owed))
        continue;
      if (queue_.empty() && can_serve(r.n)) break;
      const bool at_limit = is_at_limit(r.n);
      if (hook_called || hook == hook_mood::none) return fall_short(r, at_limit, owed);
      hook_called = true;
      call_hook(at_limit ? shortage::hard_limit : shortage::page_source, owed);
    }
    for (std::size_t i = 0; i < r.n; ++i) take(seen_.returned, n_returned_);
    while (s_.free < s_.low_watermark && grow(get_flags::nowait, owed)) continue;
    pay(owed);
    return bulk_outcome::served;
  }

  /// One item that is none: no effect.
  void misput() {
    be_born();
    ++n_misuses;
  }
  /// nullptr stands for whatever is no item.
  void put(std::span<void* const> items) {
    be_born();
    debts owed;
    for (void* const item : items) {
      if (item != nullptr) {
        give(item);
        continue;
      }
      ++n_misuses;
      settle(owed);
      pay(owed);
    }
    settle(owed);
    if (has_too_many_pages()) give_back();
    pay(owed);
  }

  bool cancel(std::size_t id) {
    const auto w = std::find_if(queue_.begin(), queue_.end(),
                                [&](const model_waiter& q) { return q.id == id; });
    if (w == queue_.end()) return false;
    debts owed;
    ++s_.cancels;
    queue_.erase(w);
    settle(owed);
    pay(owed);
    return true;
  }

  bool prime(std::size_t n) {
    if (n == 0) return true;
    be_born();
    const std::size_t needed = pages_for(s_.reserve + n) - pages_for(s_.reserve);
    for (std::size_t i = 0; i < needed; ++i) {
      if (ask(get_flags::nowait)) continue;
      s_.pages_released += i;
      n_live_ -= i;
      feed();  // what came back may be what a waiter lacks
      return false;
    }
    debts owed;
    s_.reserve += n;
    add_pages(needed);
    settle(owed);
    pay(owed);
    return true;
  }

  /// The storage turned out to hold `n` items.
  void prime(std::span<std::byte> storage, std::size_t n) {
    if (n == 0) return;
    be_born();
    const auto begin = reinterpret_cast<std::uintptr_t>(storage.data());
    storage_[begin] = begin + storage.size();
    n_storage_items_ += n;
    s_.free += n;
    debts owed;
    settle(owed);
    pay(owed);
  }

  void set_low_watermark(std::size_t n) {
    set(&pool_stats::low_watermark, &pool_options::low_watermark, n);
  }
  void set_high_watermark(std::size_t n) {
    set(&pool_stats::high_watermark, &pool_options::high_watermark, n);
    if (has_too_many_pages()) give_back();
  }
  bool set_hard_limit(std::size_t n, bool with_warning) {
    if (n < s_.out) return false;
    set(&pool_stats::hard_limit, &pool_options::hard_limit, n);
    if (with_warning) warns_ = true;
    if (with_warning && !born_) born_warning_ = true;
    debts owed;
    settle(owed);
    pay(owed);
    return true;
  }
  void set_hook(hook_mood mood_of_hook) {
    hook = mood_of_hook;
    if (!born_) born_hook_ = hook;
  }
  std::size_t reclaim() { return give_back() * places_.page_size; }
  /// What is due is done, so often.  `n_idle` pages were found to have been unused for long enough;
  /// false: they cannot go.
  bool housekeep(std::size_t n_looks, std::size_t n_idle) {
    for (; n_looks != 0; --n_looks) feed();
    return give_back(n_idle) == n_idle;
  }
  /// Completely unused pages that neither reserve nor low watermark need.
  std::size_t n_releasable() const {
    if (!queue_.empty()) return 0;
    const std::size_t low = s_.low_watermark;
    const std::size_t floor = floor_pages();
    if (s_.pages <= floor || s_.free <= low) return 0;
    return std::min(
        {s_.pages - n_out_of_.size(), s_.pages - floor, (s_.free - low) / places_.per_page});
  }

  bool close() {
    if (born_ && (s_.out != 0 || !queue_.empty())) return ++n_misuses, false;
    n_live_ -= s_.pages;
    become_new();
    return true;
  }

  /// Whether a get with these flags would end the process, or may.
  bool may_panic(std::size_t n, get_flags flags) const {
    if (!has(flags, get_flags::urgent)) return false;
    if (!queue_.empty() || hook != hook_mood::none) return true;
    if (!admits(n)) return !has(flags, get_flags::waitok) || has(flags, get_flags::limitfail);
    const std::size_t needed = n > s_.free ? pages_for(n - s_.free) : 0;
    const bool is_spent = n_live_ >= mood.most_live || needed > mood.most_live - n_live_;
    return needed != 0 && (!mood.gives || is_spent);
  }

  // ---- what must be ----

  bool is_born() const { return born_; }
  bool is_hungry() const { return !queue_.empty() && admits(1) && s_.free == 0; }
  std::size_t n_live_pages() const { return n_live_; }
  std::size_t n_waits_ended() const { return n_waits_ended_; }
  bool has_storage() const { return n_storage_items_ != 0; }
  const std::deque<model_waiter>& queue() const { return queue_; }
  /// Whether every choice of the real pool found its use.
  bool used_all_choices() const {
    return n_returned_ == seen_.returned.size() && n_called_ == seen_.called.size() &&
           n_hooked_ == seen_.hooked.size();
  }
  pool_stats stats() const {
    pool_stats s = s_;
    s.total = s.out + s.free;
    s.gets = s.puts + s.out;
    s.waiters = queue_.size();
    s.idle_pages = s.pages - n_out_of_.size();
    if (!born_) return s;
    s.stride = places_.stride;
    s.page_size = places_.page_size;
    s.tight = (queue_.empty() ? 0u : POOL_TIGHT_WAITERS) |
              (s.out >= s.hard_limit ? POOL_TIGHT_LIMIT : 0u) |
              (has_too_many_pages() ? POOL_TIGHT_HIGHWAT : 0u) |
              (options_.diagnostic ? POOL_TIGHT_DIAGNOSTIC : 0u);
    return s;
  }

  source_mood mood;
  hook_mood hook = hook_mood::none;  // read only

  // What one step must have done beside its result.
  std::vector<get_flags> asked;         // the source, with these flags
  std::vector<std::size_t> called_ids;  // waiters, in this order
  std::vector<shortage> hook_calls;
  std::size_t n_misuses = 0, n_warnings = 0;

  void begin_step(const choices& seen) {
    seen_ = seen;
    n_returned_ = n_called_ = n_hooked_ = 0;
    asked.clear();
    called_ids.clear();
    hook_calls.clear();
    n_misuses = n_warnings = 0;
  }

 private:
  /// What is paid when the pool's lock is released.
  struct debts {
    std::deque<model_waiter> calls;
    bool feeds = false;
    bool is_feeders = false;  // who is at it already owes no feeding
  };

  void be_born() { born_ = true; }
  void become_new() {
    s_ = {};
    s_.item_size = options_.item_size;
    s_.low_watermark = options_.low_watermark;
    s_.high_watermark = options_.high_watermark;
    s_.hard_limit = options_.hard_limit;
    warns_ = born_warning_;
    hook = born_hook_;
    born_ = false;
    n_out_of_.clear();
    storage_.clear();
    n_storage_items_ = n_waits_ended_ = 0;
  }
  /// Settings made before birth are what the pool is born with, again after close().
  void set(std::uint64_t pool_stats::*live, std::size_t pool_options::*option, std::size_t n) {
    s_.*live = n;
    if (!born_) options_.*option = n;
  }

  std::size_t pages_for(std::size_t n) const {
    return n / places_.per_page + (n % places_.per_page != 0 ? 1 : 0);
  }
  bool admits(std::size_t n) const { return n <= s_.hard_limit - s_.out; }
  bool can_serve(std::size_t n) const { return admits(n) && s_.free >= n; }
  /// A newcomer asks for memory on behalf of those who came before and lack only that.
  bool is_at_limit(std::size_t n) const { return !admits(n) || (!queue_.empty() && !is_hungry()); }
  bool has_too_many_pages() const {
    return s_.high_watermark != unlimited &&
           s_.pages > std::max<std::size_t>(pages_for(s_.high_watermark), floor_pages());
  }
  std::size_t floor_pages() const {
    const std::size_t low = s_.low_watermark;
    const std::size_t for_low = low > n_storage_items_ ? pages_for(low - n_storage_items_) : 0;
    return std::max(pages_for(s_.reserve), for_low);
  }

  bool is_stored(const void* item) const {
    const auto a = reinterpret_cast<std::uintptr_t>(item);
    const auto next = storage_.upper_bound(a);
    return next != storage_.begin() && a < std::prev(next)->second;
  }
  std::uintptr_t page_of(const void* item) const {
    return reinterpret_cast<std::uintptr_t>(item) & ~(places_.page_size - 1);
  }
  void take(const std::vector<void*>& chosen, std::size_t& n_used) {
    --s_.free;
    ++s_.out;
    s_.peak_out = std::max(s_.peak_out, s_.out);
    const std::size_t i = n_used++;
    if (i < chosen.size() && !is_stored(chosen[i])) ++n_out_of_[page_of(chosen[i])];
  }
  void give(void* item) {
    ++s_.free;
    --s_.out;
    ++s_.puts;
    if (is_stored(item)) return;
    const auto page = n_out_of_.find(page_of(item));
    if (page != n_out_of_.end() && --page->second == 0) n_out_of_.erase(page);
  }

  bool ask(get_flags flags) {
    asked.push_back(flags);
    if (!mood.gives || n_live_ >= mood.most_live) return ++s_.source_fails, false;
    ++n_live_;
    ++s_.pages_requested;
    return true;
  }
  void add_pages(std::size_t n) {
    s_.pages += n;
    s_.free += n * places_.per_page;
    s_.peak_pages = std::max(s_.peak_pages, s_.pages);
  }
  bool grow(get_flags flags, debts& owed) {
    pay(owed);
    const bool came = ask(flags);
    if (came) add_pages(1);
    settle(owed);
    return came;
  }
  /// Releases what can go, `most` pages at most; returns how many.
  std::size_t give_back(std::size_t most = unlimited) {
    const std::size_t n = std::min(n_releasable(), most);
    s_.pages -= n;
    s_.free -= n * places_.per_page;
    s_.pages_released += n;
    n_live_ -= n;
    return n;
  }

  /// Serves whoever can be served, oldest first.
  void settle(debts& owed) {
    while (!queue_.empty() && can_serve(1)) {
      take(seen_.called, n_called_);
      ++n_waits_ended_;
      owed.calls.push_back(queue_.front());
      queue_.pop_front();
    }
    if (queue_.empty()) return;
    model_waiter& first = queue_.front();
    owed.feeds = owed.feeds || (is_hungry() && first.must_be_told && !owed.is_feeders);
    first.must_be_told = !is_hungry();
  }
  void pay(debts& owed) {
    calls_.insert(calls_.end(), owed.calls.begin(), owed.calls.end());
    owed.calls.clear();
    if (std::exchange(owed.feeds, false)) feed();
    make_calls();
  }
  /// "Callbacks of one thread run one after the other, never nested", and not while it feeds
  /// others.
  void make_calls() {
    if (n_feeding_ != 0 || std::exchange(is_calling_, true)) return;
    for (; !calls_.empty(); calls_.pop_front()) {
      const std::size_t i = called_ids.size();
      called_ids.push_back(calls_.front().id);
      if (calls_.front().puts_back && i < seen_.called.size()) put({&seen_.called[i], 1});
    }
    is_calling_ = false;
  }
  /// The oldest waiter lacks nothing but memory: asks for it, and waits for none on its behalf.
  void feed() {
    ++n_feeding_;
    debts owed;
    owed.is_feeders = true;
    while (is_hungry() && grow(get_flags::nowait, owed)) continue;
    pay(owed);
    --n_feeding_;
    make_calls();
  }

  void call_hook(shortage why, debts& owed) {
    pay(owed);
    hook_calls.push_back(why);
    if (hook == hook_mood::puts_one && n_hooked_ < seen_.hooked.size())
      put({&seen_.hooked[n_hooked_++], 1});
  }
  bulk_outcome fall_short(const request& r, bool at_limit, debts& owed) {
    const bool gives_up = at_limit && has(r.flags, get_flags::limitfail);
    if (at_limit) ++s_.limit_hits;
    if (r.enqueue != nullptr) {
      queue_.push_back(*r.enqueue);
      queue_.back().must_be_told = at_limit;
      ++s_.waits;
      settle(owed);
    } else if (has(r.flags, get_flags::waitok) && !gives_up) {
      ++s_.waits;
      ++s_.timeouts;
    } else {
      ++s_.fails;
      if (at_limit && warns_) ++n_warnings;
    }
    pay(owed);
    return bulk_outcome::short_of_items;
  }

  pool_options options_;
  const item_places places_;
  pool_stats s_{};  // without what stats() derives
  bool born_ = false, warns_ = false, born_warning_ = false, is_calling_ = false;
  hook_mood born_hook_ = hook_mood::none;
  std::size_t n_feeding_ = 0;
  std::size_t n_live_ = 0;  // pages of the source that the pool has
  std::size_t n_storage_items_ = 0;
  std::size_t n_waits_ended_ = 0;  // by being served
  std::deque<model_waiter> queue_, calls_;
  std::map<std::uintptr_t, std::size_t> n_out_of_;    // pages with items out
  std::map<std::uintptr_t, std::uintptr_t> storage_;  // begin, end
  choices seen_;
  std::size_t n_returned_ = 0, n_called_ = 0, n_hooked_ = 0;  // choices that were followed
};

}  // namespace pool9::test
