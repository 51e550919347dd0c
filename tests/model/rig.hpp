// SPDX-License-Identifier: BSD-2-Clause
// Drives a real pool and the reference model with the same operations, and throws where they differ
// or where an item is not what it should be.
#pragma once
#include <sys/pool.h>

#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include "model/clock.hpp"
#include "model/model_source.hpp"
#include "model/operations.hpp"
#include "model/reference_pool.hpp"
#include "support/report_catcher.hpp"

namespace pool9::test {

class rig {
 public:
  explicit rig(const pool_options& o) : options_(o), model_(o, places_of(o)) {
    options_.source = &source_;
    options_.thread_cache = false;  // the model has none: it says where every item lies
    waiters_.emplace_back();        // id 0 is nobody
    pool_.emplace(options_);
    model_.begin_step({});
    if (o.reserve != 0 && !model_.prime(o.reserve)) fail("the constructor primed without memory");
    compare();
  }
  rig(const rig&) = delete;
  rig& operator=(const rig&) = delete;

  void perform(const operation& o) {
    std::ostringstream name;
    name << "step " << ++n_steps_ << ", " << o;
    now_ = name.str();
    forget();
    model_.begin_step({});
    dispatch(o);
    compare();
  }

  /// Everything goes back, and nothing is left.
  void finish() {
    now_ = "at the end";
    source_.mood = model_.mood = {};
    while (!model_.queue().empty()) end_step([&] { do_cancel(model_.queue().front().id); });
    while (!held_.empty()) end_step([&] { do_put(held_.begin()->first); });
    end_step([&] { do_close(); });
    pool_.reset();
    if (source_.n_live() != 0) fail("pages were not released");
    throw_if_failed();
  }

 private:
  struct live_waiter final : waiter {
    live_waiter(rig& r, std::size_t i, bool puts) noexcept
        : waiter([](waiter& w, void* item) noexcept {
            auto& self = static_cast<live_waiter&>(w);
            self.owner.be_called(self, item);
          }),
          owner(r),
          id(i),
          puts_back(puts) {}
    rig& owner;
    const std::size_t id;
    const bool puts_back;
  };

  /// A pool of the same layout tells where items lie.
  static item_places places_of(const pool_options& o) {
    set_housekeeping(housekeeping::by_hand);  // time flies: a thread would take the scout's page
    pool scout({.name = "scout",
                .item_size = o.item_size,
                .align = o.align,
                .align_offset = o.align_offset,
                .idle_time = o.idle_time,
                .page_size = o.page_size,
                .diagnostic = o.diagnostic});
    scout.put(scout.get());
    const pool_stats s = scout.stats();
    const item_places found{s.total / s.pages, s.page_size, s.stride};
    if (o.page_size == 0) return found;
    const std::size_t align = scout.align();
    const std::size_t before = o.diagnostic ? 8 : 0;
    const std::size_t extent = o.item_size + (o.diagnostic ? 16 : 0);
    const std::size_t lead = before + (2 * align - (o.align_offset + before) % align) % align;
    const std::size_t stride = (before + extent + align - 1) / align * align;
    const item_places due{(o.page_size - lead - extent) / stride + 1, o.page_size, stride};
    if (found.per_page != due.per_page || found.page_size != due.page_size ||
        found.stride != due.stride)
      throw std::runtime_error("the layout is not what the options say");
    return found;
  }

  // ---- items ----

  void claim(void* item) noexcept {
    const auto a = reinterpret_cast<std::uintptr_t>(item);
    const std::size_t align = pool_->align();
    if ((a + options_.align_offset) % align != 0) fail("an item is not aligned");
    if (!source_.holds(item, options_.item_size) && !is_in_storage(item))
      fail("an item lies outside the pool's memory");
    const auto next = held_.lower_bound(item);
    if (next != held_.end() && distance(item, next->first) < options_.item_size)
      fail("an item overlaps the next");
    if (next != held_.begin() && distance(std::prev(next)->first, item) < options_.item_size)
      fail("an item overlaps the one before");
    held_[item] = ++last_tag_;
    std::memset(item, tag_byte(last_tag_), options_.item_size);
    if (!pool_->owns(item)) fail("the pool does not own its item");
  }
  void verify_and_let_go(void* item) noexcept {
    const auto found = held_.find(item);
    const auto* const bytes = static_cast<const unsigned char*>(item);
    const unsigned char tag = tag_byte(found->second);
    if (std::any_of(bytes, bytes + options_.item_size, [=](auto b) { return b != tag; }))
      fail("an item was written by somebody else");
    held_.erase(found);
    was_put_.push_back(item);
    if (was_put_.size() > 16) was_put_.pop_front();
  }
  static unsigned char tag_byte(std::size_t tag) { return static_cast<unsigned char>(tag % 251); }
  static std::size_t distance(const void* low, const void* high) {
    return reinterpret_cast<std::uintptr_t>(high) - reinterpret_cast<std::uintptr_t>(low);
  }
  bool is_in_storage(const void* item) const {
    return std::any_of(storages_.begin(), storages_.end(), [=, this](const auto& s) {
      return item >= s.data() && distance(s.data(), item) + options_.item_size <= s.size();
    });
  }
  void* held(std::size_t i) const {
    return std::next(held_.begin(), static_cast<std::ptrdiff_t>(i))->first;
  }

  // ---- what the pool calls ----

  void be_called(live_waiter& w, void* item) noexcept {
    if (is_in_callback_) fail("a callback was called inside another");
    is_in_callback_ = true;
    called_ids_.push_back(w.id);
    seen_.called.push_back(item);
    claim(item);
    if (w.puts_back) {
      verify_and_let_go(item);
      pool_->put(item);
    }
    is_in_callback_ = false;
  }
  static void call_hook(void* self, pool&, shortage why) noexcept {
    rig& r = *static_cast<rig*>(self);
    r.hook_calls_.push_back(why);
    if (r.model_.hook != hook_mood::puts_one || r.held_.empty()) return;
    void* const item = r.held(0);
    r.verify_and_let_go(item);
    r.seen_.hooked.push_back(item);
    r.pool_->put(item);
  }

  // ---- operations: the real one first, then its twin ----

  reference_pool& follow() {
    model_.begin_step(seen_);
    return model_;
  }

  void dispatch(const operation& o) {
    const std::size_t n = o.below(40);
    switch (o.kind) {
      case op_kind::get:
        return do_get(o);
      case op_kind::timed_get:
        return do_timed_get(o);
      case op_kind::get_bulk:
        return do_get_bulk(o);
      case op_kind::put:
        return held_.empty() ? void() : do_put(held(o.below(held_.size())));
      case op_kind::put_bulk:
        return do_put_bulk(o);
      case op_kind::enqueue:
        return do_enqueue(o);
      case op_kind::cancel:
        return do_cancel(o.below(waiters_.size()));
      case op_kind::prime:
        return do_prime(o.below(20));
      case op_kind::prime_storage:
        return do_prime_storage(o);
      case op_kind::low_watermark:
        pool_->set_low_watermark(n);
        return follow().set_low_watermark(n);
      case op_kind::high_watermark:
        pool_->set_high_watermark(o.below(4, 1) == 0 ? unlimited : n);
        return follow().set_high_watermark(o.below(4, 1) == 0 ? unlimited : n);
      case op_kind::hard_limit:
        return do_hard_limit(o);
      case op_kind::reclaim:
        return do_reclaim();
      case op_kind::source_mood:
        source_.mood.gives = o.below(3) != 0;
        source_.mood.most_live = o.below(3) == 1 ? source_.n_live() + o.below(5, 1) : SIZE_MAX;
        model_.mood = source_.mood;
        return;
      case op_kind::hook_mood:
        follow().set_hook(static_cast<hook_mood>(o.below(3)));
        return pool_->set_shortage_hook(o.below(3) == 0 ? shortage_hook{}
                                                        : shortage_hook{call_hook, this});
      case op_kind::misput:
        return do_misput(o);
      case op_kind::close:
        return do_close();
      case op_kind::housekeep:
        return do_housekeep(1 + o.below(8));
    }
  }

  get_flags flags_of(const operation& o, std::size_t n) const {
    constexpr std::array choice{0, 0, 2, 2, 32, 34, 256, 258, 288, 290};
    const auto flags = static_cast<get_flags>(choice[o.below(choice.size(), 2)]);
    if (!model_.may_panic(n, flags)) return flags;
    return static_cast<get_flags>(static_cast<int>(flags) & ~static_cast<int>(get_flags::urgent));
  }
  /// The call returned `item`, or nullptr; its twin says whether it should.
  void expect_item(void* item, const reference_pool::request& r) {
    if (item != nullptr) claim(item);
    if (item != nullptr) seen_.returned.push_back(item);
    const bulk_outcome due = follow().get(r);
    expect("an item came", item != nullptr, due == bulk_outcome::served);
  }
  void do_get(const operation& o) {
    const get_flags flags = flags_of(o, 1);
    expect_item(pool_->get(flags, {}, past), {.flags = flags});
  }
  void do_timed_get(const operation& o) {
    if (o.below(3) == 0) return expect_item(pool_->try_get(), {});
    void* const item = o.below(3) == 1 ? pool_->try_get_for(std::chrono::nanoseconds(0))
                                       : pool_->try_get_until(past);
    expect_item(item, {.flags = get_flags::waitok});
  }
  void do_get_bulk(const operation& o) {
    std::vector<void*> items(o.below(24));
    const get_flags flags = flags_of(o, items.size());
    const bulk_outcome outcome = pool_->get_bulk(items, flags, {}, past);
    if (outcome == bulk_outcome::served) {
      for (void* item : items) claim(item);
      seen_.returned = items;
    }
    if (items.empty()) return expect("an empty bulk get", outcome, bulk_outcome::served);
    const auto due = follow().get({.n = items.size(), .flags = flags, .bulk = true});
    expect("the outcome of a bulk get", outcome, due);
  }
  void do_put(void* item) {
    verify_and_let_go(item);
    pool_->put(item);
    follow().put({&item, 1});
  }
  /// Some items, and now and then among them what is none.
  void do_put_bulk(const operation& o) {
    std::vector<void*> items, twins;
    for (std::size_t n = o.below(std::min<std::size_t>(held_.size(), 12) + 1); n > 0; --n) {
      if (n == 2 && o.below(4, 1) == 0) {
        items.push_back(items.empty() ? &options_ : items.back());
        twins.push_back(nullptr);
      }
      void* const item = held(o.below(held_.size(), 2));
      verify_and_let_go(item);
      items.push_back(item);
      twins.push_back(item);
    }
    pool_->put_bulk(items);
    follow().put(twins);
  }
  void do_enqueue(const operation& o) {
    auto& w = waiters_.emplace_back(
        std::make_unique<live_waiter>(*this, waiters_.size(), o.below(2) == 0));
    void* const item = pool_->get_or_enqueue(*w);
    const model_waiter twin{.id = w->id, .puts_back = w->puts_back};
    expect_item(item, {.flags = get_flags::waitok, .enqueue = &twin});
  }
  void do_cancel(std::size_t id) {
    if (waiters_[id] == nullptr) return;
    const bool was_queued = pool_->cancel(*waiters_[id]);
    expect("cancel", was_queued, follow().cancel(id));
  }
  void do_prime(std::size_t n) {
    const bool done = pool_->prime(n);
    expect("prime", done, follow().prime(n));
  }
  void do_reclaim() {
    const std::size_t bytes = pool_->reclaim();
    expect("reclaim", bytes, follow().reclaim());
  }
  void do_close() {
    const bool done = pool_->close();
    expect("close", done, follow().close());
  }
  /// Looks at the pool every half idle time, the longest that it may sleep.
  void do_housekeep(std::size_t n_looks) {
    const std::uint64_t before = pool_->stats().pages_released;
    for (std::size_t i = 0; i < n_looks; ++i) {
      let_pass(look_every);
      static_cast<void>(keep_house());
    }
    const auto n_gone = static_cast<std::size_t>(pool_->stats().pages_released - before);
    if (!follow().housekeep(n_looks, n_gone)) fail("pages went back that must stay");
    if (options_.idle_time == never_idle) return expect("idle pages", n_gone, std::size_t{0});
    // "Back by themselves within three idle times".
    if (n_looks >= 6 && model_.n_releasable() != 0) fail("idle pages stay");
  }
  void do_prime_storage(const operation& o) {
    if (storages_.size() > 4) return;
    const std::size_t n = 1 + o.below(12);
    const std::size_t extent = options_.item_size + (options_.diagnostic ? 24 : 0);
    const std::size_t bytes = POOL_STORAGE_SIZE_ALIGNED(extent, n, pool_->align());
    auto& storage = storages_.emplace_back(bytes + o.below(64, 1));
    const std::span<std::byte> given = std::span(storage).subspan(o.below(64, 1));
    const bool takes_all = o.below(4, 2) == 0;
    const std::size_t came = takes_all ? pool_->prime(given) : pool_->prime(given, n);
    if (came < n || (came > n && !takes_all)) fail("storage holds fewer items than promised");
    follow().prime(given, came);
  }
  void do_hard_limit(const operation& o) {
    const std::size_t n = o.below(4, 1) == 0 ? unlimited : o.below(40);
    const bool with_warning = o.below(3, 2) == 0;
    const bool done = with_warning ? pool_->set_hard_limit(n, {.text = "the limit is near"})
                                   : pool_->set_hard_limit(n);
    expect("set_hard_limit", done, follow().set_hard_limit(n, with_warning));
  }
  void do_misput(const operation& o) {
    void* what = nullptr;
    const std::size_t kind = o.below(5);
    if (kind == 1) what = &options_;
    if (kind == 2 && !held_.empty() && options_.item_size > 1)
      what = static_cast<std::byte*>(held(o.below(held_.size(), 1))) + 1;
    if (kind == 3 && !was_put_.empty()) what = was_put_[o.below(was_put_.size(), 1)];
    if (kind == 4) what = other_item_;
    if (held_.contains(what)) return;
    pool_->put(what);
    follow().misput();
  }

  // ---- comparing ----

  template <class F>
  void end_step(F step) {
    forget();
    model_.begin_step({});
    step();
    compare();
  }
  void forget() {
    seen_ = {};
    called_ids_.clear();
    hook_calls_.clear();
    source_.asked.clear();
    if (catcher_.n_reports() != 0) catcher_.clear();
  }

  void fail(const std::string& what) {
    if (failure_.empty()) failure_ = now_ + ": " + what;
  }
  void throw_if_failed() const {
    if (!failure_.empty()) throw std::runtime_error(failure_);
  }
  template <class T>
  void expect(const char* what, T is, T due) {
    if (is == due) return;
    std::ostringstream text;
    text << what << ": " << static_cast<std::uint64_t>(is) << ", and the model says "
         << static_cast<std::uint64_t>(due);
    fail(text.str());
  }

  void compare() {
    let_pass(std::chrono::microseconds(1));  // no wait takes no time
    const pool_stats is = pool_->stats(), due = model_.stats();
    compare_figures(is, due);
    const std::uint64_t in_pages = is.pages * is.page_size;
    if (is.resident_bytes < in_pages || (!model_.has_storage() && is.resident_bytes != in_pages))
      fail("resident_bytes");
    if ((is.oldest_wait_ns != 0) != (is.waiters != 0)) fail("oldest_wait_ns");
    std::uint64_t n_waits = 0;
    for (const std::uint64_t n : is.wait_histogram) n_waits += n;
    expect("ended waits in the histogram", n_waits, std::uint64_t{model_.n_waits_ended()});
    if (source_.asked != model_.asked) fail("the source was not asked as the model says");
    if (called_ids_ != model_.called_ids) fail("other waiters were served than the model says");
    if (hook_calls_ != model_.hook_calls) fail("the hook was not called as the model says");
    if (!model_.used_all_choices()) fail("more items were handed out than the model says");
    expect("misuse reports", catcher_.n_reports(report_kind::misuse), model_.n_misuses);
    expect("warnings", catcher_.n_reports(report_kind::warning), model_.n_warnings);
    expect("live pages", source_.n_live(), model_.n_live_pages());
    expect("items held", std::uint64_t{held_.size()}, is.out);
    if (source_.was_cheated()) fail("the source was given what is not its page");
    if (const auto broken = pool_->check(); !broken.empty())
      fail("check() says " + std::string(broken));
    throw_if_failed();
  }
  void compare_figures(const pool_stats& is, const pool_stats& due) {
#define POOL9_SAME(field) expect(#field, is.field, due.field)
    POOL9_SAME(item_size), POOL9_SAME(stride), POOL9_SAME(page_size);
    POOL9_SAME(out), POOL9_SAME(cached), POOL9_SAME(free), POOL9_SAME(total);
    POOL9_SAME(reserve), POOL9_SAME(low_watermark), POOL9_SAME(high_watermark);
    POOL9_SAME(hard_limit), POOL9_SAME(waiters), POOL9_SAME(pages), POOL9_SAME(idle_pages);
    POOL9_SAME(tight), POOL9_SAME(gets), POOL9_SAME(puts), POOL9_SAME(fails), POOL9_SAME(waits);
    POOL9_SAME(timeouts), POOL9_SAME(cancels), POOL9_SAME(limit_hits);
    POOL9_SAME(source_fails), POOL9_SAME(pages_requested), POOL9_SAME(pages_released),
        POOL9_SAME(peak_out);
    POOL9_SAME(peak_pages);
#undef POOL9_SAME
    expect("a pool in use has a number", is.id != 0, model_.is_born());
  }

  static constexpr pool::clock::time_point past{};
  static constexpr std::chrono::milliseconds look_every{1000};

  pool_options options_;
  report_catcher catcher_;
  model_source source_;
  std::deque<std::vector<std::byte>> storages_;
  pool other_pool_{{.name = "other",
                    .item_size = 64,
                    .idle_time = std::chrono::milliseconds::max(),
                    .at_destroy = on_live::destroy}};
  void* const other_item_ = other_pool_.get();
  std::optional<pool> pool_;
  reference_pool model_;
  std::map<void*, std::size_t> held_;  // with their tags
  std::size_t last_tag_ = 0;
  std::deque<void*> was_put_;
  std::deque<std::unique_ptr<live_waiter>> waiters_;
  bool is_in_callback_ = false;

  // Of the present step.
  choices seen_;
  std::vector<std::size_t> called_ids_;
  std::vector<shortage> hook_calls_;
  std::size_t n_steps_ = 0;
  std::string now_, failure_;
};

}  // namespace pool9::test
