// SPDX-License-Identifier: BSD-2-Clause
// Pages from any std::pmr::memory_resource.
#pragma once
#include <memory_resource>
#include <pool9/page_source.hpp>

namespace pool9 {
inline namespace [[gnu::visibility("default")]] v1 {

/// A page source over `upstream`, which must outlive it.  As thread-safe as `upstream` is: pages of
/// a pool that several threads use come and go on any of them.  An upstream that throws is one that
/// has no memory.
class memory_resource_source final : public page_source {
 public:
  explicit memory_resource_source(std::pmr::memory_resource* upstream) noexcept
      : upstream_(upstream) {}

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags) noexcept override {
#if defined(__cpp_exceptions)
    try {
      return upstream_->allocate(bytes, bytes);
    } catch (...) {
      return nullptr;
    }
#else
    return upstream_->allocate(bytes, bytes);
#endif
  }
  void release(void* page, std::size_t bytes) noexcept override {
    upstream_->deallocate(page, bytes, bytes);
  }

 private:
  std::pmr::memory_resource* upstream_;
};

}  // namespace v1
}  // namespace pool9
