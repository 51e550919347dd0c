// SPDX-License-Identifier: BSD-2-Clause
// Tells housekeeping that memory runs short, as the system does: through a descriptor it polls.
#pragma once
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "base/pressure.hpp"
#include "pool/housekeeping.hpp"

namespace pool9::test {

class news {
 public:
  news() {
    base::pressure::listen_to(fd_);
    detail::housekeeping::ring();  // a thread that sleeps already polls other descriptors
  }
  ~news() {
    base::pressure::listen_to(-1);
    detail::housekeeping::ring();
    close(fd_);
  }
  news(const news&) = delete;
  news& operator=(const news&) = delete;

  void tell() const {
    const std::uint64_t one = 1;
    EXPECT_EQ(write(fd_, &one, sizeof one), 8);
  }
  /// Whether somebody has heard what was told.  Takes nothing from who is to hear it.
  bool is_heard() const {
    pollfd p{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&p, 1, 0) == 0;
  }
  int descriptor() const { return fd_; }

 private:
  const int fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
};

}  // namespace pool9::test
