// SPDX-License-Identifier: BSD-2-Clause
// A pool whose number of items out goes up and down across a page's edge.
#include "scenarios.hpp"

namespace pool9::bench {
namespace {

/// The system's memory, with every call counted.
class counting_source final : public page_source {
 public:
  void* allocate(std::size_t bytes, get_flags flags) noexcept override {
    ++n_calls;
    return system_source().allocate(bytes, flags);
  }
  void release(void* page, std::size_t bytes) noexcept override {
    ++n_calls;
    system_source().release(page, bytes);
  }
  std::size_t allocate_some(std::span<void*> pages, std::size_t bytes,
                            get_flags flags) noexcept override {
    ++n_calls;
    return system_source().allocate_some(pages, bytes, flags);
  }
  void release_some(std::span<void* const> pages, std::size_t bytes) noexcept override {
    ++n_calls;
    system_source().release_some(pages, bytes);
  }
  std::atomic<std::size_t> n_calls{0};
};

}

double calls_of_a_breathing_pool(bool cached) {
  counting_source source;
  pool p({.name = "breath",
          .item_size = 64,
          .idle_time = std::chrono::milliseconds(1000),
          .source = &source,
          .thread_cache = cached});
  std::vector<void*> full(100 * 4096 / 64);
  for (void*& item : full) item = p.get();
  const std::size_t before = source.n_calls;
  for (int i = 0; i < 5'000'000; ++i) p.put(p.get());  // a page more, and back
  const auto calls = static_cast<double>(source.n_calls - before);
  for (void* item : full) p.put(item);
  return calls;
}

}
