// SPDX-License-Identifier: BSD-2-Clause
// Where the pages of a pool come from.
#pragma once
#include <cstddef>
#include <span>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {

/// How a get behaves when there is no item, PR_ by PR_ as in C.  What the caller of get() passed
/// reaches the page source.
enum class get_flags : int {
  nowait = 0,      ///< fail
  waitok = 2,      ///< wait
  urgent = 32,     ///< panic
  limitfail = 256  ///< fail at the hard limit, even with waitok
};
constexpr get_flags operator|(get_flags a, get_flags b) noexcept {
  return get_flags(int(a) | int(b));
}
constexpr bool has(get_flags set, get_flags f) noexcept { return (int(set) & int(f)) != 0; }

/// Where pages come from.  Called with no lock held, from any thread, concurrently; a get on the
/// pool that is asking, made from inside, neither grows nor waits.
class page_source {
 public:
  /// Returns `bytes` bytes aligned to `bytes` (a power of two), or nullptr.
  [[nodiscard]] virtual void* allocate(std::size_t bytes, get_flags flags) noexcept = 0;

  /// Takes back what an allocate of so many bytes returned.
  virtual void release(void* page, std::size_t bytes) noexcept = 0;

  /// Fills `pages` from its front with as many pages as are cheap at once, and returns how many: 0
  /// when there is no memory.  A source that does not override it gives one at a time, so a pool
  /// never takes more than it needs.
  [[nodiscard]] virtual std::size_t allocate_some(std::span<void*> pages, std::size_t bytes,
                                                  get_flags flags) noexcept {
    pages[0] = allocate(bytes, flags);
    return pages[0] != nullptr ? 1 : 0;
  }

  /// The same for prime(): pages that may wait long for their first use.
  [[nodiscard]] virtual std::size_t allocate_reserve(std::span<void*> pages,
                                                     std::size_t bytes) noexcept {
    return allocate_some(pages, bytes, get_flags::nowait);
  }

  /// Takes back several pages, in any order.
  virtual void release_some(std::span<void* const> pages, std::size_t bytes) noexcept {
    for (void* page : pages) release(page, bytes);
  }

 protected:
  constexpr page_source() noexcept = default;
  ~page_source() = default;
};

/// The process-wide source over the system's memory: what a pool uses when given none.  It is a
/// system_memory with default options.
[[nodiscard, gnu::visibility("default")]] page_source& system_source() noexcept;

/// The manual's palloc and prelease, with the tag that both are given.
class callback_source final : public page_source {
 public:
  using palloc_function = void* (*)(unsigned long bytes, int flags, int tag);
  using prelease_function = void (*)(void* page, unsigned long bytes, int tag);

  constexpr callback_source(palloc_function palloc, prelease_function prelease, int tag) noexcept
      : palloc_(palloc), prelease_(prelease), tag_(tag) {}

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags flags) noexcept override {
    return palloc_(bytes, static_cast<int>(flags), tag_);
  }
  void release(void* page, std::size_t bytes) noexcept override { prelease_(page, bytes, tag_); }

 private:
  palloc_function palloc_;
  prelease_function prelease_;
  int tag_;
};

/// Gives nothing: the source of a pool that lives on the storage it was primed with.
class no_source final : public page_source {
 public:
  [[nodiscard]] void* allocate(std::size_t, get_flags) noexcept override { return nullptr; }
  void release(void*, std::size_t) noexcept override {}
};

}  // namespace v1
}  // namespace pool9
