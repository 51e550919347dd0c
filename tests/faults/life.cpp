// SPDX-License-Identifier: BSD-2-Clause
#include "faults/life.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <pool9/pool.hpp>
#include <pool9/system_memory.hpp>
#include <span>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "faults/refusals.hpp"
#include "stress/sanitized.hpp"
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/news.hpp"

namespace pool9::test {
namespace {

/// Pages from the tests' own memory, which are refused like the system's.
class refusable_source final : public page_source {
 public:
  std::size_t n_live() const { return n_live_; }
  [[nodiscard]] void* allocate(std::size_t bytes, get_flags) noexcept override {
    if (is_refused(function::page_source)) return nullptr;
    ++n_live_;
    return std::aligned_alloc(bytes, bytes);
  }
  void release(void* page, std::size_t) noexcept override {
    --n_live_;
    std::free(page);
  }

 private:
  std::atomic<std::size_t> n_live_{0};
};

/// What was reported beside warnings, which there may be.
std::atomic<unsigned> n_complaints{0};
void note_report(const report& r) noexcept {
  if (r.kind == report_kind::warning) return;
  ++n_complaints;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(r.text.size()), r.text.data());
}

/// A thread that has had items and lies still until it may end.
class holder {
 public:
  explicit holder(pool& p)
      : thread_([&p, this] {
          std::vector<void*> items;
          for (int i = 0; i < 20; ++i)
            if (void* const one = p.try_get(); one != nullptr) items.push_back(one);
          for (void* one : items) p.put(one);
          raise(is_idle_);
          may_end_.wait(false);
        }) {
    is_idle_.wait(false);
  }
  ~holder() {
    raise(may_end_);
    thread_.join();
  }
  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;

 private:
  static void raise(std::atomic<bool>& flag) {
    flag = true;
    flag.notify_all();
  }
  std::atomic<bool> is_idle_{false}, may_end_{false};
  std::thread thread_;  // last: it uses the others
};

struct noting_waiter final : waiter {
  noting_waiter() noexcept
      : waiter([](waiter& w, void* i) noexcept { static_cast<noting_waiter&>(w).item = i; }) {}
  void* item = nullptr;
};

/// One pool, from birth to end.
class life {
 public:
  explicit life(page_source* source, std::size_t page = 4096, bool diagnostic = false)
      : per_page_(page / (diagnostic ? item + 32 : item)) {  // a red zone, aligned
    pool_.emplace(pool_options{.name = "life",
                               .item_size = item,
                               .hard_limit = limit,
                               .idle_time = std::chrono::milliseconds(1),
                               .page_size = page,
                               .source = source,
                               .diagnostic = diagnostic,
                               .quarantine = 8});
  }

  void begin() {
    get_first();
    prime();
    take_all_and_put();
  }
  void meet_others() {
    {
      const holder other(*pool_);
      take_all_and_put();
    }
    take_all_and_put();  // of what the thread left, too
    wait();
  }
  /// The child of a fork goes on by itself.
  void fork() {
    hold(POOL9_HOLDS(in_child([&] {
      take_all_and_put();
      return is_well_;
    })));
  }
  /// Pages go back, whether or not there is a thread that sees to it; the reserve stays.
  void lie_idle() {
    const std::size_t kept = has_reserve_ ? (reserve + per_page_ - 1) / per_page_ : 0;
    for (int i = 0; i < 10'000 && pool_->stats().pages > kept; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(600));
      static_cast<void>(keep_house());
    }
    hold(POOL9_HOLDS(pool_->stats().pages == kept));
    expect_sound();
  }
  bool end() {
    take_all_and_put();
    static_cast<void>(pool_->reclaim());
    hold(POOL9_HOLDS(!has_reserve_ || pool_->stats().total >= reserve));
    expect_sound();
    hold(POOL9_HOLDS(pool_->close()));
    return is_well_;
  }

 private:
  static constexpr std::size_t item = 1024, limit = 96, reserve = 24;

  void hold(bool claim) { is_well_ = is_well_ && claim; }
  void expect_sound() {
    const pool_stats s = pool_->stats();
    hold(POOL9_HOLDS(pool_->check().empty()) && POOL9_HOLDS(s.out <= limit) &&
         POOL9_HOLDS(s.waiters == 0) && POOL9_HOLDS(s.reserve == (has_reserve_ ? reserve : 0)) &&
         POOL9_HOLDS(s.pages_requested - s.pages_released == s.pages));
  }
  std::vector<void*> take_all() {
    std::vector<void*> items;
    for (std::size_t i = 0; i < 2 * limit; ++i)
      if (void* const one = pool_->try_get(); one != nullptr) items.push_back(one);
    return items;
  }
  void put_all(const std::vector<void*>& items) {
    for (void* one : items) pool_->put(one);
    hold(POOL9_HOLDS(pool_->stats().out == 0));
    expect_sound();
  }

  /// A get that gives up at once fails where there is no memory for the pool itself.
  void get_first() {
    pool late({.name = "late", .item_size = item});
    std::stop_source stopped;
    stopped.request_stop();
    void* const one = late.try_get_until(stopped.get_token());
    hold(POOL9_HOLDS(one != nullptr || !all_is_given_));
    if (one != nullptr) late.put_bulk(std::span(&one, 1));
  }
  /// All or nothing, and said.
  void prime() {
    has_reserve_ = pool_->prime(reserve);
    hold(POOL9_HOLDS(has_reserve_ || !all_is_given_));
    hold(POOL9_HOLDS(has_reserve_ || pool_->stats().total == 0));
    expect_sound();
  }
  /// The limit is exact; what is primed comes, and what is free anywhere and does not go back just
  /// now.
  void take_all_and_put() {
    const pool_stats before = pool_->stats();
    const std::vector<void*> items = take_all();
    const std::size_t n_gone = (pool_->stats().pages_released - before.pages_released) * per_page_;
    const std::size_t n_there = before.total - std::min<std::size_t>(before.total, n_gone);
    hold(POOL9_HOLDS(items.size() <= limit) && POOL9_HOLDS(pool_->stats().out == items.size()));
    hold(POOL9_HOLDS(items.size() >= (has_reserve_ ? reserve : 0)));
    hold(POOL9_HOLDS(items.size() >= std::min(all_is_given_ ? limit : n_there, limit)));
    expect_sound();
    put_all(items);
  }
  /// A wait ends at its deadline; who waits without a thread is called.
  void wait() {
    std::vector<void*> items = take_all();
    if (items.empty()) return;
    hold(POOL9_HOLDS(pool_->set_hard_limit(items.size())));
    hold(POOL9_HOLDS(pool_->try_get_for(std::chrono::milliseconds(2)) == nullptr));
    noting_waiter w;
    hold(POOL9_HOLDS(pool_->get_or_enqueue(w) == nullptr));
    pool_->put(items.back());
    hold(POOL9_HOLDS(w.item == items.back()));
    hold(POOL9_HOLDS(pool_->set_hard_limit(limit)));
    put_all(items);
  }

  const std::size_t per_page_;
  std::optional<pool> pool_;
  const bool all_is_given_ = present_refusal().what == function::count;
  bool is_well_ = true, has_reserve_ = false;
};

/// What a source calls that; empty: it may do without, and says nothing.
std::string_view told_as(function what) {
  switch (what) {
    case function::mprotect:
      return "mprotect";
    case function::mlock2:
      return "mlock2";
    case function::mbind:
      return "mbind";
    default:
      return {};
  }
}

/// What is refused to a source with options breaks no promise in silence.
bool live_on(const memory_options& o) {
  const unsigned n_before = n_refused();
  system_memory memory(o);
  life l(&memory, 32 * 1024);  // few pages to a chunk, each with a guard
  l.begin();
  bool well = l.end();
  if (const std::string_view call = told_as(present_refusal().what);
      !call.empty() && n_refused() != n_before) {
    const memory_refusal said = memory.refusal();
    well &= POOL9_HOLDS(said.call == call) && POOL9_HOLDS(said.error == present_refusal().error);
  }
  return well;
}

/// Items that sit alone, if the system has room for them, are items like others.
bool live_guarded() {
  pool p({.name = "guarded", .item_size = 100, .hard_limit = 300, .guard_one_in = 1});
  bool well = true;
  for (int round = 0; round < 2; ++round) {
    std::vector<void*> items;
    while (void* const one = p.try_get()) items.push_back(one);
    for (void* const one : items) std::memset(one, 1, p.item_size());
    for (void* const one : items) p.put(one);
    well &= POOL9_HOLDS(p.stats().out == 0) && POOL9_HOLDS(p.check().empty());
  }
  static_cast<void>(p.reclaim());
  return POOL9_HOLDS(p.close()) && well;
}

}  // namespace

bool live_whole_life() {
  const report_handler before = set_report_handler(note_report);
  n_complaints = 0;
  bool well = true;
  // Without handlers a fork may come at a moment when a lock is held.  The clock has no part in it.
  const function what = present_refusal().what;
  const bool forks =
      !thread_sanitized && what != function::pthread_atfork && what != function::clock_gettime;
  std::optional<news> ear;
  refusable_source own;
  for (page_source* const source : {static_cast<page_source*>(&own), &system_source()}) {
    life l(source);
    l.begin();
    l.meet_others();
    if (source == &own && forks) l.fork();
    // The thread that keeps house listens in its own time.
    if (what == function::timerfd_create || what == function::open) {
      if (!ear) ear.emplace();
      well &= POOL9_HOLDS(run_until([=] { return n_calls(what) != 0; }));
    }
    l.lie_idle();
    well &= l.end();
  }
  if (what != function::clock_gettime) {  // which every call with diagnostics looks at
    life watched(&own, 4096, true);
    watched.begin();
    well &= watched.end();
  }
  well &= live_guarded();
  well &= POOL9_HOLDS(own.n_live() == 0);
  if (what >= function::mmap && what <= function::mbind) {
    well &= live_on({.guard_pages = true});
    well &= live_on({.populate = when::always});
    well &= live_on({.huge_pages = when::always, .numa_node = 0});
  }
  if (what == function::mlock2) well &= live_on({.lock = true});
  well &= POOL9_HOLDS(n_complaints == 0);
  set_report_handler(before);
  return well;
}

}  // namespace pool9::test
