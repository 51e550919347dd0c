// SPDX-License-Identifier: BSD-2-Clause
// Items cut from large pieces of memory that are kept to the end: what the references stand on.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace peers {

class carver {
 public:
  explicit carver(std::size_t item_size) : stride_((item_size + 15) / 16 * 16) {}

  /// Returns a new item.
  void* carve() {
    if (n_left_ == 0) {
      n_left_ = std::max<std::size_t>(piece_bytes / stride_, 1);
      pieces_.emplace_back(new std::byte[n_left_ * stride_]);
    }
    return pieces_.back().get() + --n_left_ * stride_;
  }

 private:
  static constexpr std::size_t piece_bytes = 1 << 20;

  const std::size_t stride_;
  std::size_t n_left_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> pieces_;
};

}
