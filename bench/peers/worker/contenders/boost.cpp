// SPDX-License-Identifier: BSD-2-Clause
// Boost.Pool: boost::pool, which the caller must lock, and boost::fast_pool_allocator, which locks
// itself unless told not to.
#include <boost/pool/pool.hpp>
#include <boost/pool/pool_alloc.hpp>
#include <boost/version.hpp>
#include <mutex>

#include "serve.hpp"

namespace {

using namespace peers;

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000);
}

class unlocked_pool {
 public:
  static constexpr bool thread_safe = false;
  using in_thread = nothing_in_thread;
  static std::string version() { return boost_version(); }

  explicit unlocked_pool(const setting& s) : pool_(s.item_size) {}
  void* get() noexcept { return pool_.malloc(); }
  void put(void* item) noexcept { pool_.free(item); }

 private:
  boost::pool<> pool_;
};

class locked_pool {
 public:
  static constexpr bool thread_safe = true;
  using in_thread = nothing_in_thread;
  static std::string version() { return boost_version(); }

  explicit locked_pool(const setting& s) : pool_(s) {}
  void* get() noexcept {
    const std::lock_guard lock(mutex_);
    return pool_.get();
  }
  void put(void* item) noexcept {
    const std::lock_guard lock(mutex_);
    pool_.put(item);
  }

 private:
  std::mutex mutex_;
  unlocked_pool pool_;
};

const enrolled pools{{"boost.pool", serve<unlocked_pool>},
                     {"boost.pool + mutex", serve<locked_pool>}};

template <std::size_t Size>
struct item_of {
  std::byte bytes[Size];
};

/// One for each size: the allocator is made for a type.
template <std::size_t Size, class Mutex>
class fast {
 public:
  static constexpr bool thread_safe = !std::same_as<Mutex, boost::details::pool::null_mutex>;
  using in_thread = nothing_in_thread;
  static std::string version() { return boost_version(); }

  explicit fast(const setting&) {}
  void* get() noexcept { return allocator::allocate(); }
  void put(void* item) noexcept { allocator::deallocate(static_cast<item_of<Size>*>(item)); }

 private:
  using allocator =
      boost::fast_pool_allocator<item_of<Size>, boost::default_user_allocator_new_delete, Mutex>;
};

template <class Mutex>
void serve_fast(const options& o) {
  switch (o.size) {
    case 16:
      return serve<fast<16, Mutex>>(o);
    case 64:
      return serve<fast<64, Mutex>>(o);
    case 256:
      return serve<fast<256, Mutex>>(o);
    case 1024:
      return serve<fast<1024, Mutex>>(o);
    case 4096:
      return serve<fast<4096, Mutex>>(o);
    default:
      throw std::invalid_argument("this contender knows 16, 64, 256, 1024 and 4096 bytes");
  }
}

const enrolled fasts{{"boost.fast", serve_fast<boost::details::pool::default_mutex>},
                     {"boost.fast, no mutex", serve_fast<boost::details::pool::null_mutex>}};

}
