// SPDX-License-Identifier: BSD-2-Clause
// Where a rig writes down what broke first: what is called from inside pools must not throw.
#pragma once
#include <stdexcept>
#include <string>

namespace pool9::test {

class failure_note {
 public:
  std::string now = "at the beginning";  // what is being done

  void fail(const std::string& what) noexcept {
    if (text_.empty()) text_ = now + ": " + what;
  }
  void throw_if_failed() const {
    if (!text_.empty()) throw std::runtime_error(text_);
  }

 private:
  std::string text_;
};

}  // namespace pool9::test
