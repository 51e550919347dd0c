// SPDX-License-Identifier: BSD-2-Clause
// Mutations of whole operations, which libFuzzer's own, of bytes, would cut through.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>

#include "fuzz/input.hpp"

using namespace pool9::test;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t n, std::size_t most);

namespace {

/// The operations of an input, by number.
class sequence {
 public:
  sequence(std::uint8_t* bytes, std::size_t n, std::size_t most)
      : first_(bytes + head_bytes),
        n_((n - head_bytes) / operation_bytes),
        most_((most - head_bytes) / operation_bytes) {}

  std::size_t size() const { return n_; }
  std::size_t room() const { return most_ - n_; }
  std::uint8_t* operator[](std::size_t i) const { return first_ + i * operation_bytes; }
  std::size_t bytes() const { return head_bytes + n_ * operation_bytes; }

  /// Copies `n` operations from `from` to before `to`.
  void insert(std::size_t to, std::size_t from, std::size_t n) {
    std::uint8_t few[16 * operation_bytes];
    n = std::min({n, room(), std::size_t{16}, n_ - from});
    std::memcpy(few, (*this)[from], n * operation_bytes);
    std::memmove((*this)[to + n], (*this)[to], (n_ - to) * operation_bytes);
    std::memcpy((*this)[to], few, n * operation_bytes);
    n_ += n;
  }
  void erase(std::size_t at, std::size_t n) {
    n = std::min(n, n_ - at);
    std::memmove((*this)[at], (*this)[at + n], (n_ - at - n) * operation_bytes);
    n_ -= n;
  }

 private:
  std::uint8_t* const first_;
  std::size_t n_;
  const std::size_t most_;
};

}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t n, std::size_t most,
                                               unsigned seed);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t n, std::size_t most,
                                               unsigned seed) {
  if (most < head_bytes + operation_bytes) return LLVMFuzzerMutate(bytes, n, most);
  std::minstd_rand random(seed);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  if (n < head_bytes + operation_bytes) {
    std::generate(bytes + n, bytes + head_bytes + operation_bytes,
                  [&] { return static_cast<std::uint8_t>(random() >> 8); });
    return head_bytes + operation_bytes;
  }
  sequence all(bytes, n, most);
  const std::size_t at = below(all.size());
  switch (below(8)) {
    case 0:
      LLVMFuzzerMutate(bytes, head_bytes, head_bytes);
      break;
    case 1:  // a new one, in the place of a copy
    case 2:
      if (all.room() == 0) break;
      all.insert(at, at, 1);
      for (std::size_t i = 0; i < operation_bytes; ++i)
        all[at][i] = static_cast<std::uint8_t>(random() >> 8);
      break;
    case 3:  // what happened once happens again
      all.insert(at, below(all.size()), 1 + below(16));
      break;
    case 4:
      if (all.size() > 1) all.erase(at, 1 + below(std::min<std::size_t>(all.size() - 1, 8)));
      break;
    case 5:
      std::swap_ranges(all[at], all[at] + operation_bytes, all[below(all.size())]);
      break;
    case 6:
      all[at][0] = static_cast<std::uint8_t>(random() >> 8);
      break;
    default:
      LLVMFuzzerMutate(all[at], operation_bytes, operation_bytes);
  }
  return all.bytes();
}
