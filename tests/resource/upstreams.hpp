// SPDX-License-Identifier: BSD-2-Clause
// Upstream resources that see what they are asked for.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory_resource>
#include <new>
#include <vector>

namespace pool9::test {

/// Gives what new gives, and checks that it comes back as it was given.  For one thread at a time.
class seeing_upstream : public std::pmr::memory_resource {
 public:
  struct request {
    std::size_t bytes, align;
  };
  struct refusal : std::bad_alloc {};

  ~seeing_upstream() override { EXPECT_EQ(n_out(), 0u); }

  std::size_t n_out() const { return out_.size(); }
  std::size_t bytes_out() const {
    std::size_t n = 0;
    for (const auto& [p, r] : out_) n += r.bytes;
    return n;
  }
  const std::vector<request>& requests() const { return requests_; }
  std::size_t largest_request() const {
    std::size_t most = 0;
    for (const request& r : requests_) most = std::max(most, r.bytes);
    return most;
  }
  void forget_requests() { requests_.clear(); }

  /// From now on it throws a refusal.
  bool refuses = false;

 protected:
  void* do_allocate(std::size_t bytes, std::size_t align) override {
    requests_.push_back({bytes, align});
    if (refuses) throw refusal();
    void* const p = std::pmr::new_delete_resource()->allocate(bytes, align);
    out_.emplace(p, request{bytes, align});
    return p;
  }
  void do_deallocate(void* p, std::size_t bytes, std::size_t align) override {
    const auto r = out_.find(p);
    ASSERT_NE(r, out_.end());
    EXPECT_EQ(r->second.bytes, bytes);
    EXPECT_EQ(r->second.align, align);
    out_.erase(r);
    std::pmr::new_delete_resource()->deallocate(p, bytes, align);
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

 private:
  std::vector<request> requests_;
  std::map<void*, request> out_;
};

/// The default resource, as long as it lives.
class as_default {
 public:
  explicit as_default(std::pmr::memory_resource& r) : before_(std::pmr::set_default_resource(&r)) {}
  ~as_default() { std::pmr::set_default_resource(before_); }
  as_default(const as_default&) = delete;
  as_default& operator=(const as_default&) = delete;

 private:
  std::pmr::memory_resource* const before_;
};

}
