// SPDX-License-Identifier: BSD-2-Clause
// Random pools and operations for RapidCheck, which shrinks them.
#pragma once
#include <rapidcheck.h>

#include "model/cached_operations.hpp"
#include "model/operations.hpp"

namespace pool9::test {

inline rc::Gen<operation> any_operation() {
  return rc::gen::build<operation>(
      rc::gen::set(&operation::kind,
                   rc::gen::weightedElement<op_kind>({{12, op_kind::get},
                                                      {2, op_kind::timed_get},
                                                      {4, op_kind::get_bulk},
                                                      {9, op_kind::put},
                                                      {4, op_kind::put_bulk},
                                                      {5, op_kind::enqueue},
                                                      {2, op_kind::cancel},
                                                      {2, op_kind::prime},
                                                      {1, op_kind::prime_storage},
                                                      {2, op_kind::low_watermark},
                                                      {2, op_kind::high_watermark},
                                                      {3, op_kind::hard_limit},
                                                      {2, op_kind::reclaim},
                                                      {3, op_kind::source_mood},
                                                      {1, op_kind::hook_mood},
                                                      {2, op_kind::misput},
                                                      {1, op_kind::close},
                                                      {3, op_kind::housekeep}})),
      rc::gen::set(&operation::dice, rc::gen::arbitrary<std::uint32_t>()));
}

inline rc::Gen<cached_operation> any_cached_operation() {
  using enum cached_kind;
  return rc::gen::build<cached_operation>(
      rc::gen::set(&cached_operation::kind,
                   rc::gen::weightedElement<cached_kind>({{4, get},
                                                          {2, timed_get},
                                                          {8, get_many},
                                                          {2, get_all},
                                                          {2, get_bulk},
                                                          {4, put},
                                                          {9, put_many},
                                                          {2, put_bulk},
                                                          {4, enqueue},
                                                          {2, cancel},
                                                          {3, end_thread},
                                                          {1, prime},
                                                          {1, high_watermark},
                                                          {3, hard_limit},
                                                          {2, reclaim},
                                                          {2, source_mood},
                                                          {1, close},
                                                          {1, low_watermark},
                                                          {1, misput},
                                                          {3, housekeep}})),
      rc::gen::set(&cached_operation::dice, rc::gen::arbitrary<std::uint32_t>()));
}

/// What RapidCheck draws for draw_options().
inline std::size_t any_below(std::size_t n) { return *rc::gen::inRange<std::size_t>(0, n); }

}  // namespace pool9::test

namespace rc {
template <>
struct Arbitrary<pool9::test::operation> {
  static Gen<pool9::test::operation> arbitrary() { return pool9::test::any_operation(); }
};
template <>
struct Arbitrary<pool9::test::cached_operation> {
  static Gen<pool9::test::cached_operation> arbitrary() {
    return pool9::test::any_cached_operation();
  }
};
template <>
struct Arbitrary<pool9::test::beginning> {
  static Gen<pool9::test::beginning> arbitrary() {
    return gen::exec(
        [] { return pool9::test::beginning{pool9::test::draw_options(pool9::test::any_below)}; });
  }
};
template <>
struct Arbitrary<pool9::test::cached_beginning> {
  static Gen<pool9::test::cached_beginning> arbitrary() {
    return gen::exec([] {
      return pool9::test::cached_beginning{
          pool9::test::draw_cached_options(pool9::test::any_below)};
    });
  }
};
}  // namespace rc
