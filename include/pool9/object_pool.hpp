// SPDX-License-Identifier: BSD-2-Clause
// Pools of objects: items that are constructed when they are got and destroyed when they are put.
//
// Members may be called when those of the pool beneath may: from any thread, with `pool`.
// Constructors and destructors run with no lock held and may use any pool.
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <new>
#include <pool9/pool.hpp>
#include <type_traits>
#include <utility>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {
template <class T, class Pool = pool>
class object_pool;

namespace detail {
/// An aggregate is made with braces, whatever the compiler knows of parentheses.
template <class T, class... Args>
concept braceable = std::is_aggregate_v<T> && requires(Args&&... args) {
  T{std::forward<Args>(args)...};
};
template <class T, class... Args>
concept makeable = braceable<T, Args...> ||
    (!std::is_aggregate_v<T> && std::constructible_from<T, Args...>);
template <class Pool>
concept waits = requires(Pool& p) {
  p.get();
};

/// Says that make_in() of `p` was given an item of another pool.
inline void say_other_pool(const pool& p, const pooled_item& item) noexcept {
  const pool& other = *item.get_deleter().owner;
  const std::string_view mine = p.name(), its = other.name();
  char which[64] = "", text[320];
  if (mine == its)
    std::snprintf(which, sizeof which, ", another of that name, with the id %llu",
                  static_cast<unsigned long long>(other.stats().id));
  std::snprintf(text, sizeof text,
                "make_in: pool '%.*s': item %p: not of this pool: it is of pool '%.*s'%s\n"
                "  look at who mixes the two pools up: an object is made in an item of its own",
                static_cast<int>(mine.size()), mine.data(), item.get(),
                static_cast<int>(its.size()), its.data(), which);
  deliver({.kind = report_kind::misuse,
           .where = {.function = "make_in"},
           .pool = mine,
           .text = text,
           .address = item.get(),
           .misuse = misuse_kind::wrong_pool,
           .pool_id = p.stats().id,
           .item = item.get()});
}
}  // namespace detail

/// Destroys the object and puts its item back.
template <class T, class Pool = pool>
class object_deleter {
 public:
  constexpr object_deleter() noexcept = default;
  constexpr explicit object_deleter(object_pool<T, Pool>& owner) noexcept
      : owner_(std::addressof(owner)) {}
  void operator()(T* object) const noexcept { owner_->destroy(object); }
  /// Requires: not default-constructed.
  [[nodiscard]] object_pool<T, Pool>& owner() const noexcept { return *owner_; }

 private:
  object_pool<T, Pool>* owner_ = nullptr;
};
/// Owns an object of a pool.  Two words; converts to shared_ptr, but not to a pointer to a base,
/// whose address might be another.
template <class T, class Pool = pool>
using pooled_ptr = std::unique_ptr<T, object_deleter<T, Pool>>;

/// A pool of Ts, which must outlive every pooled_ptr that it made.  T may be const, incomplete
/// until the pool is made, over-aligned, and neither movable nor copyable.
template <class T, class Pool>
class object_pool {
 public:
  using value_type = T;

  /// Throws std::invalid_argument naming the field; in a constinit pool that is a compile-time
  /// error. `item_size` is T's and need not be given; `align` may be more than T's.  `at_destroy`:
  ///   report   objects that live when the pool ends are misuse (the default)
  ///   destroy  they are destroyed, each once, in no order; for pools whose objects are owned by
  ///            raw pointers or by one another
  ///   leak     they stay as they are, with their memory; for pools that end with the process
  constexpr explicit object_pool(const pool_options& o = {}) : items_(for_type(o)) {
    if (o.at_destroy == on_live::destroy) end_ = ending::will_destroy;
  }
  ~object_pool() {
    if (end_ != ending::will_destroy || std::is_trivially_destructible_v<T>) return;
    end_ = ending::destroys;
    for_each_object([](T& object) { std::destroy_at(std::addressof(object)); });
  }
  object_pool(const object_pool&) = delete;
  object_pool& operator=(const object_pool&) = delete;

  // Each of these constructs T(args...), or T{args...} if it is an aggregate.  If that throws, the
  // item is free again.  Where there is no item, `args` are untouched.

  /// Returns an object.  Waits, without limit, for an item; never empty.
  template <class... Args>
  requires detail::makeable<T, Args...> && detail::waits<Pool>
  [[nodiscard]] pooled_ptr<T, Pool> make(Args&&... args) {
    return adopt(construct(items_.get(), std::forward<Args>(args)...));
  }
  /// Returns an object.  Never waits: empty if there is no item.
  template <class... Args>
  requires detail::makeable<T, Args...>
  [[nodiscard]] pooled_ptr<T, Pool> try_make(Args&&... args) {
    return make_if(items_.try_get(), std::forward<Args>(args)...);
  }
  /// Returns an object, or nothing if no item came in time.
  template <class Rep, class Period, class... Args>
  requires detail::makeable<T, Args...> && detail::waits<Pool>
  [[nodiscard]] pooled_ptr<T, Pool> try_make_for(const std::chrono::duration<Rep, Period>& d,
                                                 Args&&... args) {
    return make_if(items_.try_get_for(d), std::forward<Args>(args)...);
  }
  /// The same.  `end` is a time point, or a std::stop_token that was not stopped in time.
  template <class End, class... Args>
  requires detail::makeable<T, Args...> && requires(Pool& p, const End& e) { p.try_get_until(e); }
  [[nodiscard]] pooled_ptr<T, Pool> try_make_until(const End& end, Args&&... args) {
    return make_if(items_.try_get_until(end), std::forward<Args>(args)...);
  }
  /// Makes an object in an item that an asynchronous get delivered; empty if that is.  An item of
  /// another pool is misuse: it goes back to that pool, and the result is empty.
  template <class... Args>
  requires detail::makeable<T, Args...> && std::same_as<Pool, pool>
  [[nodiscard]] pooled_ptr<T, Pool> make_in(pooled_item item, Args&&... args) {
    if (item != nullptr && item.get_deleter().owner != std::addressof(items_)) {
      detail::say_other_pool(items_, item);
      return {};
    }
    return make_if(item.release(), std::forward<Args>(args)...);
  }

  /// Makes an object in `item`, which is out of items(); for those who keep raw pointers.  Never
  /// null.
  template <class... Args>
  requires detail::makeable<T, Args...>
  [[nodiscard]] T* construct(void* item, Args&&... args) {
    put_back guard{items_, item};
    T* object = nullptr;
    if constexpr (detail::braceable<T, Args...>) {
      object = ::new (item) T{std::forward<Args>(args)...};
    } else {
      object = ::new (item) T(std::forward<Args>(args)...);
    }
    guard.item = nullptr;
    return object;
  }
  /// Destroys an object of this pool and puts its item back.
  void destroy(T* object) noexcept {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      if (end_ == ending::destroys) [[unlikely]]
        return;  // an object that owned it ends: so will it, or did
      std::destroy_at(object);
    }
    items_.put(const_cast<std::remove_cv_t<T>*>(object));
  }
  /// Returns an owner of `object`, which is of this pool, or null.
  [[nodiscard]] pooled_ptr<T, Pool> adopt(T* object) noexcept {
    return pooled_ptr<T, Pool>(object, object_deleter<T, Pool>(*this));
  }

  /// Calls f(T&) for every living object, in no order.  Requires: nobody else uses the pool
  /// meanwhile, and every item that is out has an object in it.  f may destroy objects, but those
  /// that it makes may be visited or not.
  template <class F>
  void for_each_object(F f) {
    items_.for_each_item(
        [](void* context, void* item) {
          (*static_cast<F*>(context))(*std::launder(static_cast<T*>(item)));
        },
        std::addressof(f));
  }

  /// The items beneath: limits, reserve, statistics.
  [[nodiscard]] Pool& items() noexcept { return items_; }
  [[nodiscard]] const Pool& items() const noexcept { return items_; }

 private:
  enum class ending : unsigned char { leaves_objects, will_destroy, destroys };
  struct put_back {
    Pool& items;
    void* item;
    ~put_back() {
      if (item != nullptr) items.put(item);
    }
  };

  template <class... Args>
  pooled_ptr<T, Pool> make_if(void* item, Args&&... args) {
    if (item == nullptr) return {};
    return adopt(construct(item, std::forward<Args>(args)...));
  }
  static constexpr pool_options for_type(pool_options o) {
    static_assert(std::is_object_v<T> && !std::is_array_v<T>, "an object_pool's T is an object");
    static_assert(std::is_destructible_v<T>, "an object_pool's T needs a public destructor");
    if (o.item_size != 0 && o.item_size != sizeof(T))
      detail::bad_option("item_size", o.item_size, o.name);
    if (o.align_offset % alignof(T) != 0)
      detail::bad_option("align_offset", o.align_offset, o.name);
    o.item_size = sizeof(T);
    if (o.align < alignof(T)) o.align = alignof(T);
    return o;
  }

  ending end_ = ending::leaves_objects;
  Pool items_;
};

/// Owns an object of a pool that is a variable with static storage duration: one word.
template <auto& StaticPool>
struct static_deleter {
  using value_type = typename std::remove_cvref_t<decltype(StaticPool)>::value_type;
  void operator()(value_type* object) const noexcept { StaticPool.destroy(object); }
};
template <auto& StaticPool>
using pooled_ptr_of =
    std::unique_ptr<typename static_deleter<StaticPool>::value_type, static_deleter<StaticPool>>;

/// As the members of the same name.
template <auto& StaticPool, class... Args>
[[nodiscard]] pooled_ptr_of<StaticPool> make(Args&&... args) requires requires {
  StaticPool.make(std::forward<Args>(args)...);
}
{ return pooled_ptr_of<StaticPool>(StaticPool.make(std::forward<Args>(args)...).release()); }
template <auto& StaticPool, class... Args>
[[nodiscard]] pooled_ptr_of<StaticPool> try_make(Args&&... args) requires requires {
  StaticPool.try_make(std::forward<Args>(args)...);
}
{ return pooled_ptr_of<StaticPool>(StaticPool.try_make(std::forward<Args>(args)...).release()); }

}  // namespace v1
}  // namespace pool9
