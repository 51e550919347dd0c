// SPDX-License-Identifier: BSD-2-Clause
// Gets for Asio, with any completion token:
//
//     pool9::pooled_item item = co_await pool9::asio_ext::async_get(pool, asio::use_awaitable);
//
// Life of a queued get.  It is allocated with the handler's allocator and counts as outstanding
// work.  The thread whose put serves it posts the completion to the get's executor; what is posted
// owns the operation, and the operation the item: if it never runs, both go back.  The operation
// ends before its handler is called, which is dispatched to the executor associated with it.
//
// Cancellation is emitted where the handler would run, as Asio demands, and the operation ends only
// there: so the slot never refers to one that is gone.
//
// Shutdown.  A thread that puts knows nothing of the end of an execution context.  So each context
// has a service that lists the gets that are queued for it: it drops them when the context ends,
// and waits for those that are being posted at that moment.  The pool must outlive the context or
// its last get.
#pragma once
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution/context_as.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <pool9/pool.hpp>
#include <system_error>
#include <utility>

namespace pool9::asio_ext {
inline namespace [[gnu::visibility("default")]] v1 {
namespace detail {

class get_service;

/// A get that waits for a pool, whatever its handler is.
class queued_get : public waiter {
 public:
  queued_get(const queued_get&) = delete;
  queued_get& operator=(const queued_get&) = delete;

 protected:
  queued_get(get_service& s, pool& p) noexcept : waiter(&served), service_(s), pool_(p) {}
  ~queued_get() = default;

  /// Takes an item or waits for one.  Either way it may be gone when this returns.
  void start();
  /// Completes without an item, if it has not got one.
  void cancel();
  pooled_item take_item() noexcept { return std::move(item_); }

  /// Hands itself over to the handler's executor.
  virtual void post(std::error_code error) = 0;
  /// Ends without calling the handler.
  virtual void drop() noexcept = 0;

 private:
  friend class get_service;
  static void served(waiter& w, void* item) noexcept;

  get_service& service_;
  pool& pool_;
  pooled_item item_;
  queued_get* next_ = nullptr;  // these two are the service's
  queued_get* prev_ = nullptr;
};

/// The queued gets of one execution context.
class get_service final : public ::asio::execution_context::service {
 public:
  using key_type = get_service;
  inline static ::asio::execution_context::id id;

  explicit get_service(::asio::execution_context& c) : service(c) {}

  /// Returns false if the context has ended.
  [[nodiscard]] bool add(queued_get& get) {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return false;
    get.next_ = first_;
    if (first_ != nullptr) first_->prev_ = &get;
    first_ = &get;
    return true;
  }
  void remove(queued_get& get) {
    const std::lock_guard lock(mutex_);
    unlink(get);
  }
  /// Posts `get`, which was served, on a thread that knows nothing of the context.
  void post_served(queued_get& get) {
    {
      const std::lock_guard lock(mutex_);
      if (has_ended_) {
        ++n_late_;  // shutdown() waits for it, and drops it
        return changed_.notify_all();
      }
      unlink(get);
      ++n_posting_;  // shutdown() waits until this is over: so there is an executor
    }
    get.post({});
    const std::lock_guard lock(mutex_);
    if (--n_posting_ == 0 && has_ended_) changed_.notify_all();
  }

 private:
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      has_ended_ = true;  // from here on the list stays as it is
    }
    std::size_t n_expected = 0;  // those that are being served at this moment
    for (queued_get* g = first_; g != nullptr; g = g->next_)
      if (!g->pool_.cancel(*g)) ++n_expected;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return n_late_ == n_expected && n_posting_ == 0; });
    }
    while (queued_get* const g = first_) {
      first_ = g->next_;
      g->drop();
    }
  }
  void unlink(queued_get& get) noexcept {
    (get.prev_ != nullptr ? get.prev_->next_ : first_) = get.next_;
    if (get.next_ != nullptr) get.next_->prev_ = get.prev_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  queued_get* first_ = nullptr;
  std::size_t n_posting_ = 0;
  std::size_t n_late_ = 0;
  bool has_ended_ = false;
};

inline void queued_get::start() {
  if (!service_.add(*this)) return drop();
  void* const item = pool_.get_or_enqueue(*this);
  if (item == nullptr) return;
  item_ = pooled_item(item, {&pool_});
  service_.remove(*this);
  post({});
}
inline void queued_get::cancel() {
  if (!pool_.cancel(*this)) return;
  service_.remove(*this);
  post(::asio::error::operation_aborted);
}
inline void queued_get::served(waiter& w, void* item) noexcept {
  auto& self = static_cast<queued_get&>(w);
  self.item_ = pooled_item(item, {&self.pool_});
  self.service_.post_served(self);
}

/// The service of the context that `e` belongs to.
template <class Executor>
get_service& service_of(const Executor& e) {
  namespace execution = ::asio::execution;
  using any_context = execution::context_as_t<::asio::execution_context&>;
  if constexpr (::asio::can_query_v<Executor, execution::context_t>)
    return ::asio::use_service<get_service>(::asio::query(e, execution::context));
  else
    return ::asio::use_service<get_service>(::asio::query(e, any_context()));
}

template <class Handler, class Executor>
class get_operation final : public queued_get {
  using allocator = typename std::allocator_traits<
      ::asio::associated_allocator_t<Handler>>::template rebind_alloc<get_operation>;
  using allocation = std::allocator_traits<allocator>;

  struct deleter {
    void operator()(get_operation* o) const noexcept {
      o->free(allocator(::asio::get_associated_allocator(o->handler_)));
    }
  };
  using owner = std::unique_ptr<get_operation, deleter>;

  /// Owns the operation on its way through the executor.
  struct completion {
    using allocator_type = ::asio::associated_allocator_t<Handler>;
    allocator_type get_allocator() const noexcept {
      return ::asio::get_associated_allocator(operation->handler_);
    }
    void operator()() { complete(std::move(operation), error); }
    owner operation;
    std::error_code error;
  };

  /// The handler and what it is called with.
  struct call {
    using allocator_type = ::asio::associated_allocator_t<Handler>;
    allocator_type get_allocator() const noexcept {
      return ::asio::get_associated_allocator(handler);
    }
    void operator()() { std::move(handler)(error, std::move(item)); }
    Handler handler;
    std::error_code error;
    pooled_item item;
  };

 public:
  /// For construct(), through the allocator.  Moves from `handler`.
  get_operation(pool& p, Handler& handler, const Executor& e)
      : queued_get(service_of(e), p),
        handler_(std::move(handler)),
        work_(e),
        handler_work_(::asio::make_work_guard(handler_, e)) {}
  ~get_operation() = default;

  static void start(pool& p, Handler handler, const Executor& e) {
    owner o = construct(p, handler, e);
    auto slot = ::asio::get_associated_cancellation_slot(o->handler_);
    if (slot.is_connected())
      slot.assign([get = o.get()](::asio::cancellation_type type) {
        if (type != ::asio::cancellation_type::none) get->cancel();
      });
    o.release()->queued_get::start();
  }

 private:
  static owner construct(pool& p, Handler& handler, const Executor& e) {
    allocator a(::asio::get_associated_allocator(handler));
    const auto deallocate = [&a](get_operation* memory) { allocation::deallocate(a, memory, 1); };
    std::unique_ptr<get_operation, decltype(deallocate)> memory(allocation::allocate(a, 1),
                                                                deallocate);
    allocation::construct(a, memory.get(), p, handler, e);
    return owner(memory.release());
  }
  void free(allocator a) noexcept {
    allocation::destroy(a, this);
    allocation::deallocate(a, this, 1);
  }

  void post(std::error_code error) override {
    const auto where = work_.get_executor();  // a copy: the operation may be gone before it returns
    ::asio::post(where, completion{owner(this), error});
  }
  void drop() noexcept override { owner(this).reset(); }

  static void complete(owner o, std::error_code error) {
    auto slot = ::asio::get_associated_cancellation_slot(o->handler_);
    if (slot.is_connected()) slot.clear();
    const auto work = std::move(o->work_);
    const auto handler_work = std::move(o->handler_work_);
    call c{std::move(o->handler_), error, o->take_item()};
    o.release()->free(allocator(c.get_allocator()));
    ::asio::dispatch(handler_work.get_executor(), std::move(c));
  }

  Handler handler_;
  ::asio::executor_work_guard<Executor> work_;
  ::asio::executor_work_guard<::asio::associated_executor_t<Handler, Executor>> handler_work_;
};

/// Starts a get for whatever handler a completion token makes.
template <class Executor>
struct initiate_get {
  using executor_type = Executor;
  executor_type get_executor() const noexcept { return executor; }
  template <class Handler>
  void operator()(Handler&& handler, pool* p) const {
    using operation = get_operation<std::decay_t<Handler>, Executor>;
    operation::start(*p, std::forward<Handler>(handler), executor);
  }
  Executor executor;
};
/// The same, on the handler's own executor.
struct initiate_get_there {
  template <class Handler>
  void operator()(Handler&& handler, pool* p) const {
    const auto executor = ::asio::get_associated_executor(handler);
    initiate_get<std::decay_t<decltype(executor)>>{executor}(std::forward<Handler>(handler), p);
  }
};

}  // namespace detail

/// Gets an item, waiting in line for it if need be, and completes with (error, item); never from
/// inside this call.  `token`: any completion token for void(std::error_code, pooled_item).  It is
/// cancelled through the token's cancellation slot, whatever the type: then the error is
/// operation_aborted, and the item empty.  Throws: what allocating with the token's allocator does.
template <class Executor, class Token>
auto async_get(pool& p, const Executor& executor, Token&& token) {
  return ::asio::async_initiate<Token, void(std::error_code, pooled_item)>(
      detail::initiate_get<Executor>{executor}, token, &p);
}
/// The same, on the executor associated with the token - of `use_awaitable`, that is the
/// coroutine's.  If there is none, on a thread of the system's.
template <class Token>
auto async_get(pool& p, Token&& token) {
  return ::asio::async_initiate<Token, void(std::error_code, pooled_item)>(
      detail::initiate_get_there(), token, &p);
}

}  // namespace v1
}  // namespace pool9::asio_ext
