// SPDX-License-Identifier: BSD-2-Clause
// What a contender is, and the list of those that this program has.
//
// A contender is built for a setting, gives items and takes them back.  get() and put() are inlined
// into the loops of the workloads as far as the contender is made for that: a header's code is, a
// shared library's function is called as any program calls it.
#pragma once
#include <concepts>
#include <cstddef>
#include <string>
#include <vector>

#include "options.hpp"

namespace peers {

/// What a contender is built for.
struct setting {
  std::size_t item_size;
  unsigned n_threads = 1;      // that use it at once
  std::size_t hard_limit = 0;  // items out at once; 0: no limit.  For contenders that know limits
};

template <class C>
concept contender = requires(C& c, void* item, const setting& s) {
  C(s);
  { c.get() }
  noexcept->std::same_as<void*>;
  { c.put(item) }
  noexcept;
  // An object of this lives on every thread but the main one while that thread uses contenders.
  typename C::in_thread;
  { C::thread_safe } -> std::convertible_to<bool>;
  { C::version() } -> std::convertible_to<std::string>;
};

/// What most contenders need on a thread.
struct nothing_in_thread {
  nothing_in_thread() noexcept {}  // so that an object of it is not an unused variable
};

/// A contender by name.
struct entry {
  const char* name;
  void (*serve)(const options&);
};

/// All contenders of this program; every file of contenders/ adds its own before main.
inline std::vector<entry>& entries() {
  static std::vector<entry> all;
  return all;
}

struct enrolled {
  enrolled(std::initializer_list<entry> some) {
    entries().insert(entries().end(), some.begin(), some.end());
  }
};

}
