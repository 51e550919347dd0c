// SPDX-License-Identifier: BSD-2-Clause
// Objects that live in the items of a pool.
#pragma once
#include <memory>
#include <new>
#include <pool9/pool.hpp>
#include <utility>

namespace httpd {

/// Ends the object's life and puts its item back.
template <class T>
struct housed_deleter {
  pool9::pool* home;
  void operator()(T* object) const noexcept {
    object->~T();
    home->put(object);
  }
};

/// Owns a T that lives in an item of a pool.
template <class T>
using housed = std::unique_ptr<T, housed_deleter<T>>;

/// Constructs a T in an item that is out of `home`, and owns both from then on.
/// Throws: what T's constructor throws, and then the item is back in the pool.
template <class T, class... Arguments>
housed<T> make_housed(pool9::pool& home, void* item, Arguments&&... arguments) {
  pool9::pooled_item keeper(item, {&home});
  T* const object = ::new (item) T(std::forward<Arguments>(arguments)...);
  (void)keeper.release();
  return {object, {&home}};
}

}  // namespace httpd
