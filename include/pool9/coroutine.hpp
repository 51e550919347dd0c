// SPDX-License-Identifier: BSD-2-Clause
// Gets for coroutines: `pool9::pooled_item item = co_await pool9::async_get(pool);`
//
// The awaiter is the waiter's node and lies in the coroutine's frame: waiting allocates nothing and
// takes no thread.  A coroutine is resumed with no lock held, on the thread whose put served it,
// after whatever that thread resumes already; or where a callable says that is given its handle:
// `async_get(pool, [&](std::coroutine_handle<> h) { ready.push(h); })`.
//
// Who may destroy a waiting coroutine, and when
//
// 1. Until its callback begins the pool decides, under a lock, between the thread that serves it
//    and the one that destroys it.  If the latter wins nobody resumes it, and the item goes to the
//    next in line.  So where one thread, or one thread at a time, puts and destroys, any coroutine
//    that waits may be destroyed: also by another one that the same put resumes.
// 2. When its callback has begun the coroutine belongs to what resumes it.  Without a callable that
//    is the putting thread, and to destroy what may be running is a mistake as with any coroutine.
// 3. A callable is where a program can decide otherwise.  It is moved out of the frame before it is
//    called, and let_go is the last touch of the frame; whoever destroys the coroutine waits for
//    that, a few instructions, and puts the item back.  The callable may then begin or end after
//    the frame's end, with a handle that means nothing any more.  So it and the destroyer have to
//    agree, by a flag in what the callable refers to, say, which of them the coroutine belongs to.
// 4. A stop_token needs none of that: a stop may be requested by any thread at any time, and the
//    coroutine is resumed once, with an item or without.  Destroying such a coroutine waits, as
//    ~stop_callback does, for a request that is resuming it on another thread.
#pragma once
#include <atomic>
#include <concepts>
#include <coroutine>
#include <optional>
#include <pool9/pool.hpp>
#include <thread>
#include <type_traits>
#include <utility>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {

/// What resumes a coroutine, there and then or later.  Called once, with no lock held, on the
/// thread that served the get or requested the stop; must not throw.
template <class F>
concept coroutine_resumer =
    std::invocable<F, std::coroutine_handle<>> && std::is_nothrow_move_constructible_v<F>;

namespace detail {

struct resume_here {
  void operator()(std::coroutine_handle<> h) const noexcept { h.resume(); }
};

template <coroutine_resumer Resume>
class get_awaiter : private waiter {
 public:
  get_awaiter(pool& p, Resume&& resume) noexcept
      : get_awaiter(p, std::move(resume), stage::suspended) {}
  ~get_awaiter() {
    if (is_waiting_) withdraw();
  }

  /// Not even an item that is there is taken here: a get that fails, and then waits, would count as
  /// one of each.
  bool await_ready() const noexcept { return false; }
  // Never inlined: what a compiler keeps of this in the coroutine's frame may be gone after the
  // get, which another thread may have served already.
  [[gnu::noinline]] bool await_suspend(std::coroutine_handle<> h) noexcept { return begin(h); }
  [[nodiscard]] pooled_item await_resume() noexcept {
    is_waiting_ = false;
    return pooled_item(got_, {&pool_});
  }

 protected:
  enum class stage {
    beginning,  // await_suspend() is not over: whoever settles the get must not resume
    suspended,
    let_go  // settled, and whoever did that touches the frame no more
  };

  get_awaiter(pool& p, Resume&& resume, stage first) noexcept
      : waiter(&served), pool_(p), resume_(std::move(resume)), stage_(first) {}

  /// Returns whether it has to wait; the frame may be gone then, unless it is in stage::beginning.
  bool begin(std::coroutine_handle<> h) noexcept {
    coroutine_ = h;
    is_waiting_ = true;
    void* const item = pool_.get_or_enqueue(*this);
    if (item == nullptr) return true;
    got_ = item;
    return false;
  }
  /// Ends stage::beginning; returns false if the get is settled, and the coroutine is to go on.
  bool suspend() noexcept {
    stage expected = stage::beginning;  // acq_rel: pairs with settle(), either way
    return stage_.compare_exchange_strong(expected, stage::suspended, std::memory_order_acq_rel);
  }
  /// Called once, by whoever took the node out of the queue.
  void settle() noexcept {
    stage expected = stage::beginning;  // acq_rel: pairs with suspend()
    if (stage_.compare_exchange_strong(expected, stage::let_go, std::memory_order_acq_rel)) return;
    const std::coroutine_handle<> h = coroutine_;
    Resume resume(std::move(resume_));
    stage_.store(stage::let_go, std::memory_order_release);  // pairs with withdraw()
    static_cast<void>(resume(h));
  }
  bool cancel() noexcept { return pool_.cancel(*this); }
  /// Nobody is going to settle or resume.
  void forget() noexcept { is_waiting_ = false; }

 private:
  static void served(waiter& w, void* item) noexcept {
    auto& self = static_cast<get_awaiter&>(w);
    self.got_ = item;
    self.settle();
  }
  /// The coroutine is being destroyed where it waits.
  void withdraw() noexcept {
    if (cancel()) return;
    // acquire: pairs with settle()
    while (stage_.load(std::memory_order_acquire) != stage::let_go) std::this_thread::yield();
    if (got_ != nullptr) pool_.put(got_);
  }

  pool& pool_;
  [[no_unique_address]] Resume resume_;
  std::coroutine_handle<> coroutine_;
  void* got_ = nullptr;
  std::atomic<stage> stage_;
  bool is_waiting_ = false;  // begun, and not resumed; the coroutine's own
};

#if defined(__cpp_lib_jthread)
template <coroutine_resumer Resume>
class stoppable_get_awaiter : private get_awaiter<Resume> {
  using base = get_awaiter<Resume>;

 public:
  stoppable_get_awaiter(pool& p, std::stop_token&& stop, Resume&& resume) noexcept
      : base(p, std::move(resume), base::stage::beginning), stop_(std::move(stop)) {}
  ~stoppable_get_awaiter() {
    listener_.reset();
    if (gone_ == nullptr) return;
    *gone_ = true;  // inside our own stopper
    this->forget();
  }

  using base::await_ready;
  [[gnu::noinline]] bool await_suspend(std::coroutine_handle<> h) noexcept {
    if (!this->begin(h)) return false;
    listener_.emplace(std::move(stop_), stopper{*this});
    return this->suspend();
  }
  [[nodiscard]] pooled_item await_resume() noexcept {
    listener_.reset();
    return base::await_resume();
  }

 private:
  struct stopper {
    void operator()() const noexcept {
      bool gone = false;
      get.gone_ = &gone;
      const bool is_ours = get.cancel();  // may resume others, of which one may destroy ours
      if (gone) return;
      get.gone_ = nullptr;
      if (is_ours) get.settle();
    }
    stoppable_get_awaiter& get;
  };

  std::stop_token stop_;
  std::optional<std::stop_callback<stopper>> listener_;
  bool* gone_ = nullptr;  // while stopper runs: where it learns that the frame has gone
};
#endif

}  // namespace detail

/// `co_await` returns an item, never an empty one.  `resume`: instead of resuming the coroutine
/// itself the serving thread calls this with its handle; a get that need not wait does not suspend.
template <coroutine_resumer Resume = detail::resume_here>
[[nodiscard]] detail::get_awaiter<Resume> async_get(pool& p, Resume resume = {}) noexcept {
  return detail::get_awaiter<Resume>(p, std::move(resume));
}

#if defined(__cpp_lib_jthread)
/// The same, but empty if a stop was requested before an item came.  Then the coroutine is resumed
/// by the thread that requested it.
template <coroutine_resumer Resume = detail::resume_here>
[[nodiscard]] detail::stoppable_get_awaiter<Resume> async_get(pool& p, std::stop_token stop,
                                                              Resume resume = {}) noexcept {
  return detail::stoppable_get_awaiter<Resume>(p, std::move(stop), std::move(resume));
}
#endif

}  // namespace v1
}  // namespace pool9
