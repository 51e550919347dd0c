// SPDX-License-Identifier: BSD-2-Clause
// A pool of one item, and a context.
#pragma once
#include <asio/io_context.hpp>
#include <pool9/asio.hpp>

#include "async/coroutines.hpp"

namespace pool9::test {

using asio_ext::async_get;

class asio_test : public ::testing::Test {
 protected:
  ~asio_test() override {
    held.reset();
    EXPECT_EQ(p.stats().waiters, 0u);
    EXPECT_EQ(p.check(), "");
  }
  /// Takes the item, so that gets wait.
  void hold() { held = pooled_item(p.get(), {&p}); }

  pool p{few(1)};
  asio::io_context io;
  pooled_item held;
};

}  // namespace pool9::test
