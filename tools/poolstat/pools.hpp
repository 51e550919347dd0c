// SPDX-License-Identifier: BSD-2-Clause
// The pools of a target, read as the library itself reads them, but without its locks.
//
// Lists may change while they are walked.  So every step checks that what it came to points back,
// the number of steps is bounded, and a generation - or, within a pool, the ends of its lists -
// must be the same afterwards as before; otherwise it is read again, some times.  A process that
// stands still in the middle of a change is read as far as that goes.
#pragma once
#include <pool9/stats.h>

#include <functional>

#include "layout.hpp"

namespace poolstat {

struct waiting {
  std::uint64_t address;   // of the waiter: in its thread's stack, or a callback's
  std::uint64_t callback;  // 0: a thread
  std::uint64_t since_ns;  // steady
  std::uint64_t n_items;
};

/// What is known of the last get of an item that is out.
struct held {
  std::uint64_t item;
  std::string site;                  // where it was got; empty: not known
  std::vector<std::uint64_t> stack;  // who called that, innermost first; as far as is known
  std::optional<std::uint64_t> age;  // nanoseconds, or calls that the log saw since
};

struct held_items {
  enum class source { none, samples, log, records } from = source::none;
  std::vector<held> known;  // of a log: it forgets the oldest; of samples: some
};

class reader {
 public:
  /// Throws trouble if the target has no pool9 in it.
  explicit reader(target& in);

  struct pool {
    pool_stats stats{};
    std::uint64_t core;  // its address
    const library* of;
  };
  /// All pools that are used.
  std::vector<pool> pools();
  /// Those waiting, first come first.
  std::vector<waiting> waiters(const pool& p);
  /// From the records that diagnostics keep of every item, or else from the usage log, or else from
  /// what the sampled guard wrote down.
  held_items items_out(const pool& p);

  /// Something changed all the while, or made no sense, and was left out.
  bool is_incomplete() const { return incomplete_; }

 private:
  using visit = std::function<bool(std::uint64_t link)>;
  bool walk(const library& l, std::uint64_t head, bool strict, const visit& f);
  bool read_pools(const library& l, bool strict, std::vector<pool>& into);
  bool read_pool(const library& l, std::uint64_t address, pool& into);
  struct tally {
    std::uint64_t n_puts = 0, n_held = 0;
    bool is_of_one_moment = false;  // the pool itself did not change meanwhile
  };
  bool count(const library& l, const object& core, bool strict, tally& t);
  held got(const object& o, std::optional<std::uint64_t> now);
  std::string site_of(const object& o, const std::string& prefix);
  held_items recorded(const pool& p, const object& core);
  held_items sampled(const pool& p);
  held_items logged(const pool& p, const object& core);
  void derive(const library& l, const object& core, const tally& t, pool_stats& s);

  target& in_;
  const std::vector<library> libraries_;
  bool incomplete_ = false;
};

}
