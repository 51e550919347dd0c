// SPDX-License-Identifier: BSD-2-Clause
#include "face/errors.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <pool9/detail/no_memory.hpp>
#include <pool9/fault.hpp>
#include <pool9/memory_resource.hpp>
#include <stdexcept>

namespace pool9 {
inline namespace v1 {

pool_exhausted::pool_exhausted(std::string_view pool, std::uint64_t hard_limit,
                               std::uint64_t out) noexcept {
  std::snprintf(text_, sizeof text_, "pool '%.*s': hard limit %llu reached, %llu out",
                static_cast<int>(pool.size()), pool.data(),
                static_cast<unsigned long long>(hard_limit), static_cast<unsigned long long>(out));
}
const char* pool_exhausted::what() const noexcept { return text_; }

}

namespace face {
namespace {

/// Throws it; without exceptions it is a panic, which says what to look at, too.
template <class Error>
[[noreturn]] void raise(std::string_view resource, const Error& error, const char* look_at) {
#if defined(__cpp_exceptions)
  static_cast<void>(resource);
  static_cast<void>(look_at);
  throw error;
#else
  char text[384];
  std::snprintf(text, sizeof text, "%s\n  look at %s", error.what(), look_at);
  deliver({report_kind::panic, {}, resource, text, nullptr});
  std::abort();
#endif
}

void say(std::string_view resource, const void* p, const char* text) noexcept {
  deliver({report_kind::misuse, {.function = "deallocate"}, resource, text, p});
}

}

void no_memory(std::string_view resource, std::size_t bytes) {
  char text[128];
  std::snprintf(text, sizeof text, "allocate: pool '%.*s': no memory for %zu bytes",
                static_cast<int>(resource.size()), resource.data(), bytes);
  raise(resource, detail::no_memory(text), "the process's memory limits");
}

void at_limit(std::string_view resource, std::uint64_t hard_limit, std::uint64_t out) {
  raise(resource, pool_exhausted(resource, hard_limit, out),
        "who holds the blocks: poolstat who, report_held()");
}

void no_pool_for(std::string_view resource, std::size_t bytes, std::size_t align) {
  char text[192];
  std::snprintf(
      text, sizeof text,
      "pool_for: pool '%.*s': %zu bytes aligned to %zu come from the upstream, not a pool",
      static_cast<int>(resource.size()), resource.data(), bytes, align);
  raise(resource, std::invalid_argument(text),
        "the options of the resource: they say how large a block may be that has a pool");
}

void rethrow(const std::exception_ptr& thrown) {
#if defined(__cpp_exceptions)
  if (thrown != nullptr) std::rethrow_exception(thrown);
#else
  static_cast<void>(thrown);
#endif
}

void say_no_block(std::string_view resource, const void* p, std::size_t bytes) noexcept {
  char text[256];
  std::snprintf(
      text, sizeof text,
      "deallocate: pool '%.*s': %p is no block of %zu bytes of it\n  look at where it was "
      "allocated: there it goes back, once",
      static_cast<int>(resource.size()), resource.data(), p, bytes);
  say(resource, p, text);
}

void say_other_size(std::string_view resource, const void* p, std::size_t bytes,
                    std::size_t given_back) noexcept {
  char text[256];
  std::snprintf(
      text, sizeof text,
      "deallocate: pool '%.*s': %p has %zu bytes, not %zu, or another alignment\n  look at "
      "where size and alignment come from: they are the allocation's",
      static_cast<int>(resource.size()), resource.data(), p, bytes, given_back);
  say(resource, p, text);
}

}

void detail::too_many_objects() {
  face::raise("allocator", std::bad_array_new_length(),
              "how many objects are asked for: no memory holds so many");
}

}
