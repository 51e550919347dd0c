// SPDX-License-Identifier: BSD-2-Clause
// The public faces of system_pages: the source that all pools share, and those that programs make.
#include <pool9/system_memory.hpp>

#include "page/page_store.hpp"

namespace pool9::inline v1 {

using detail::page_use;

namespace {

/// Like system_memory, but that it never ends: pools work after the last destructor.
class shared_source final : public page_source {
 public:
  void* allocate(std::size_t bytes, get_flags) noexcept override {
    void* page = nullptr;
    return pages_.allocate({&page, 1}, bytes, page_use::one) == 1 ? page : nullptr;
  }
  void release(void* page, std::size_t bytes) noexcept override {
    pages_.release({&page, 1}, bytes);
  }
  std::size_t allocate_some(std::span<void*> pages, std::size_t bytes,
                            get_flags) noexcept override {
    return pages_.allocate(pages, bytes, page_use::growth);
  }
  std::size_t allocate_reserve(std::span<void*> pages, std::size_t bytes) noexcept override {
    return pages_.allocate(pages, bytes, page_use::reserve);
  }
  void release_some(std::span<void* const> pages, std::size_t bytes) noexcept override {
    pages_.release(pages, bytes);
  }

 private:
  detail::system_pages pages_{{}, &detail::shared_store};
};

constinit shared_source the_source;

}

page_source& system_source() noexcept { return the_source; }

system_memory::~system_memory() { pages_.end(); }

memory_refusal system_memory::refusal() const noexcept { return pages_.refusal(); }

void* system_memory::allocate(std::size_t bytes, get_flags) noexcept {
  void* page = nullptr;
  return pages_.allocate({&page, 1}, bytes, page_use::one) == 1 ? page : nullptr;
}
void system_memory::release(void* page, std::size_t bytes) noexcept {
  pages_.release({&page, 1}, bytes);
}
std::size_t system_memory::allocate_some(std::span<void*> pages, std::size_t bytes,
                                         get_flags) noexcept {
  return pages_.allocate(pages, bytes, page_use::growth);
}
std::size_t system_memory::allocate_reserve(std::span<void*> pages, std::size_t bytes) noexcept {
  return pages_.allocate(pages, bytes, page_use::reserve);
}
void system_memory::release_some(std::span<void* const> pages, std::size_t bytes) noexcept {
  pages_.release(pages, bytes);
}

}
