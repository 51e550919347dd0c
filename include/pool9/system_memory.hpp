// SPDX-License-Identifier: BSD-2-Clause
// Pages from the system, with a say in what memory they are.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <pool9/page_source.hpp>
#include <string_view>

namespace pool9 {
namespace page {
class chunk_set;
}
inline namespace [[gnu::visibility("default")]] v1 {

enum class when { automatic, never, always };

inline constexpr int any_node = -1;

/// The order of the fields is interface (designated initialisers); new ones go to the end.
struct memory_options {
  /// Huge pages (2 MiB).  automatic: for what is mapped once 16 MiB of pages of one size are out,
  /// which small pools never come to.  To fill them takes a fraction of the time, and to give a
  /// part of one back, which breaks it up, twice the time; whoever touches one first waits for all
  /// of it.
  when huge_pages = when::never;

  /// Memory that is resident when it is given.  automatic: where a growing pool takes several pages
  /// at once, which is cheaper than to fault them in one by one; never: where it is first touched;
  /// always: also what prime() sets aside, and a single page.  With always, no page is given for
  /// which there is no memory.
  when populate = when::automatic;

  /// Pages are resident when they are given and stay in RAM until they are released; those that
  /// are not out take none.  Counts against RLIMIT_MEMLOCK in steps of 2 MiB; a page is not given
  /// when the system will not lock it.  Not kept by the child of a fork.
  bool lock = false;

  /// The NUMA node that memory is taken from as long as it has any; others serve then.
  int numa_node = any_node;

  /// Whoever runs over the end of a page faults there and then.  Doubles the address space, and
  /// huge pages are never used.
  bool guard_pages = false;
};

/// What the system refused last, and how.
struct memory_refusal {
  std::string_view option;  ///< the field of memory_options; empty: nothing was refused
  std::string_view call;    ///< the system call
  int error = 0;            ///< its errno
};

namespace detail {
class page_store;

/// What a get of pages is for: which of them are touched soon, and which may not be.
enum class page_use { one, growth, reserve };

/// What the system refused, told once for each option.
class refusals {
 public:
  enum option : std::uint32_t { huge_pages, populate, lock, numa_node, guard_pages };
  void add(option o, int error) noexcept;
  memory_refusal last() const noexcept;

 private:
  std::atomic<std::uint32_t> last_{0};  // 1 + option in the upper half, the error in the lower
  std::atomic<std::uint32_t> told_{0};  // a bit for each option
};

/// All of system_memory but its end.
class system_pages {
 public:
  constexpr explicit system_pages(const memory_options& o, page_store* store = nullptr) noexcept
      : options_(o), store_(store) {}

  std::size_t allocate(std::span<void*> pages, std::size_t bytes, page_use use) noexcept;
  void release(std::span<void* const> pages, std::size_t bytes) noexcept;
  void end() noexcept;

  const memory_options& options() const noexcept { return options_; }
  memory_refusal refusal() const noexcept { return refused_.last(); }

 private:
  page_store* store() noexcept;
  std::size_t guard_bytes() const noexcept;
  bool wants_huge(std::size_t bytes_out) const noexcept;
  bool equip(void* memory, std::size_t bytes, bool& huge) noexcept;
  bool add_chunk(page::chunk_set& set, std::size_t bytes) noexcept;
  void* map_alone(page_store& s, std::size_t bytes) noexcept;
  void unmap_alone(page_store& s, void* page, std::size_t bytes) noexcept;
  bool make_resident(std::span<void* const> pages, std::size_t bytes, page_use use) noexcept;
  void discard(page::chunk_set& set, std::span<void*> pages, std::size_t bytes) noexcept;
  void take_back(page::chunk_set& set, std::span<void* const> pages, std::size_t bytes) noexcept;

  const memory_options options_;
  std::atomic<page_store*> store_;  // born by the first page
  refusals refused_;
};
}  // namespace detail

/// A page source over the system's memory, which goes back a page at a time.
///
/// What an option asks for and the system refuses is reported as a warning, once for each option,
/// and told by refusal().  Where that only costs speed (huge_pages, numa_node) pages are given all
/// the same; where it would break a promise (populate, lock, guard_pages) none is, and the pool has
/// run out of memory.  What `automatic` asks for and does not get is not worth a word.
///
/// Members are thread-safe.  It must outlive its pools: to end it while pages are out is misuse,
/// and they stay as they are.  The constructor takes nothing from the system.
class system_memory final : public page_source {
 public:
  constexpr explicit system_memory(const memory_options& o = {}) noexcept : pages_(o) {}
  ~system_memory();
  system_memory(const system_memory&) = delete;
  system_memory& operator=(const system_memory&) = delete;

  [[nodiscard]] const memory_options& options() const noexcept { return pages_.options(); }
  /// Returns what the system refused last; of the defaults, nothing.
  [[nodiscard]] memory_refusal refusal() const noexcept;

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags flags) noexcept override;
  void release(void* page, std::size_t bytes) noexcept override;
  [[nodiscard]] std::size_t allocate_some(std::span<void*> pages, std::size_t bytes,
                                          get_flags flags) noexcept override;
  [[nodiscard]] std::size_t allocate_reserve(std::span<void*> pages,
                                             std::size_t bytes) noexcept override;
  void release_some(std::span<void* const> pages, std::size_t bytes) noexcept override;

 private:
  detail::system_pages pages_;
};

}  // namespace v1
}  // namespace pool9
