// SPDX-License-Identifier: BSD-2-Clause
// A page source whose every answer the model can foretell: it gives one page at a time, as long as
// it is in the mood, and writes down what it was asked.
//
// Not thread-safe: one operation is in progress at a time, whichever thread it is of.
#pragma once
#include <cstddef>
#include <pool9/page_source.hpp>
#include <vector>

#include "model/page_field.hpp"
#include "model/reference_pool.hpp"

namespace pool9::test {

class model_source final : public page_source {
 public:
  source_mood mood;
  std::vector<get_flags> asked;  // since the step began

  std::size_t n_live() const { return field_.n_live(); }
  /// Pages that it would give now.
  std::size_t n_left() const {
    if (!mood.gives || n_live() >= mood.most_live) return 0;
    return mood.most_live == SIZE_MAX ? SIZE_MAX / (1u << 20) : mood.most_live - n_live();
  }
  bool was_cheated() const { return was_cheated_; }
  /// Whether the bytes lie in one live page.
  bool holds(const void* item, std::size_t bytes) const { return field_.holds(item, bytes); }

  [[nodiscard]] void* allocate(std::size_t bytes, get_flags flags) noexcept override {
    asked.push_back(flags);
    return n_left() != 0 ? field_.allocate(bytes) : nullptr;
  }
  void release(void* page, std::size_t bytes) noexcept override {
    if (!field_.release(page, bytes)) was_cheated_ = true;
  }

 private:
  page_field field_;
  bool was_cheated_ = false;
};

}  // namespace pool9::test
