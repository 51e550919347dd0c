// SPDX-License-Identifier: BSD-2-Clause
// What poolstat makes of a pool that changes between one read of its memory and the next.
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <pool9/pool.hpp>

#include "cache/magazine.hpp"
#include "pools.hpp"

namespace pool9::test {
namespace {

/// This process, which does something just before one of its thread caches is read for the first
/// time.
class meddler final : public poolstat::target {
 public:
  explicit meddler(std::function<void()> f) : meddle_(std::move(f)) {}
  bool read(std::uint64_t address, void* to, std::size_t n) override {
    if (n == sizeof(cache::magazine) && meddle_) std::exchange(meddle_, nullptr)();
    return self_->read(address, to, n);
  }
  std::vector<poolstat::mapping> mappings() override { return self_->mappings(); }
  std::vector<poolstat::thread> threads() override { return self_->threads(); }
  std::optional<std::uint64_t> steady_ns() override { return self_->steady_ns(); }
  std::string name() const override { return self_->name(); }
  bool is_done() const { return !meddle_; }

 private:
  const std::unique_ptr<target> self_ = poolstat::open_process(::getpid());
  std::function<void()> meddle_;
};

// Else a figure that only grows may be lower than at the look before.
TEST(Reading, CountsOnceWhatComesIntoACacheMeanwhile) {
  pool p({.name = "moving", .item_size = 64, .hard_limit = 1000, .sanitize = false});
  std::vector<void*> items(600);
  const auto get_all = [&] {
    for (void*& item : items) item = p.get();
  };
  const auto put_all = [&] {
    for (void* const item : items) p.put(item);
  };
  get_all();
  put_all();  // the cache is as deep as it will be
  const pool_stats before = p.stats();
  meddler in(get_all);
  std::size_t n_seen = 0;
  for (const auto& seen : poolstat::reader(in).pools()) {
    if (seen.stats.id != before.id) continue;
    ++n_seen;
    EXPECT_EQ(seen.stats.gets, before.gets + items.size());
    EXPECT_EQ(seen.stats.out, items.size());
    EXPECT_GT(seen.stats.refills, before.refills);
  }
  EXPECT_EQ(n_seen, 1u);
  EXPECT_TRUE(in.is_done());
  put_all();
}

}  // namespace
}  // namespace pool9::test
