// SPDX-License-Identifier: BSD-2-Clause
#include "pool/pin.hpp"

#include <utility>

#include "pool/core.hpp"

namespace pool9::inline v1::detail {
namespace {

constinit thread_local pin* innermost = nullptr;

}

void pin::raise(core& c) noexcept {
  c.pins.fetch_add(1, std::memory_order_relaxed);  // relaxed: close() comes after us through a lock
}

void pin::adopt(core& c) noexcept {
  core_ = &c;
  outer_ = std::exchange(innermost, this);
}

void pin::release() noexcept {
  if (core_ == nullptr) return;
  std::atomic<std::uint32_t>& pins = std::exchange(core_, nullptr)->pins;
  innermost = outer_;
  const void* const address = &pins;
  // release: pairs with orphan(), which waits for it; the last touch of the pool
  if (pins.fetch_sub(1, std::memory_order_release) == 1) base::os::wake(address);
  handoff::make_calls();
}

bool pin::holds(const core& c) noexcept {
  for (const pin* p = innermost; p != nullptr; p = p->outer_)
    if (p->core_ == &c) return true;
  return false;
}

bool pin::any_held() noexcept { return innermost != nullptr; }

void pin::recount() noexcept {
  for (pin* p = innermost; p != nullptr; p = p->outer_) raise(*p->core_);
}

}
