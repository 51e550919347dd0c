// SPDX-License-Identifier: BSD-2-Clause
#include "roster.hpp"

#include <sys/socket.h>

namespace httpd {
namespace {

using std::chrono::milliseconds;

constexpr unsigned phase_bits = 3;

std::uint64_t now_ms() noexcept {
  const auto since = clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(since).count());
}
std::uint64_t pack(phase p, milliseconds allowed) noexcept {
  return (now_ms() + static_cast<std::uint64_t>(allowed.count())) << phase_bits |
         static_cast<std::uint64_t>(p);
}
phase phase_of(std::uint64_t state) noexcept {
  return static_cast<phase>(state & ((1u << phase_bits) - 1));
}

bool is_late(std::uint64_t state, std::uint64_t now) noexcept { return now >= state >> phase_bits; }

/// Whether the client has been doing nothing for as long as it may while others wait.
bool can_be_spared(std::uint64_t state, std::uint64_t now, const patience& limits) noexcept {
  const auto doing_it_for = [&](milliseconds allowed, milliseconds at_least) {
    const std::uint64_t since = (state >> phase_bits) - static_cast<std::uint64_t>(allowed.count());
    return now >= since + static_cast<std::uint64_t>(at_least.count());
  };
  if (phase_of(state) == phase::idle) return doing_it_for(limits.idle, limits.crowded_idle);
  if (phase_of(state) == phase::closing) return doing_it_for(limits.close, limits.crowded_close);
  return false;
}

}  // namespace

presence::presence(int socket, milliseconds allowed) noexcept
    : state_(pack(phase::reading, allowed)), socket_(socket) {}

bool presence::enter(phase p, milliseconds allowed) noexcept {
  const std::uint64_t next = pack(p, allowed);
  std::uint64_t seen = state_.load();
  while (phase_of(seen) != phase::cut)
    if (state_.compare_exchange_weak(seen, next)) return true;
  return false;
}

bool presence::was_cut() const noexcept { return phase_of(state_.load()) == phase::cut; }

void roster::enter(presence& p) noexcept {
  const std::lock_guard lock(mutex_);
  present_.append(p);
}

void roster::leave(presence& p) noexcept {
  const std::lock_guard lock(mutex_);
  present_.remove(p);
}

void roster::inspect(const patience& limits, std::int64_t wanted) noexcept {
  const std::uint64_t now = now_ms();
  const std::lock_guard lock(mutex_);
  present_.for_each([&](presence& p) {
    const std::uint64_t state = p.state_.load();
    if (phase_of(state) == phase::cut) {
      --wanted;  // on its way out, and its place with it
    } else if (is_late(state, now) || (wanted > 0 && can_be_spared(state, now, limits))) {
      if (cut(p, state)) --wanted;
    }
  });
}

void roster::cut_all() noexcept {
  const std::lock_guard lock(mutex_);
  present_.for_each([](presence& p) {
    while (!p.was_cut()) (void)cut(p, p.state_.load());
  });
}

bool roster::cut(presence& p, std::uint64_t seen) noexcept {
  const std::uint64_t gone = static_cast<std::uint64_t>(phase::cut);
  if (!p.state_.compare_exchange_strong(seen, gone)) return false;
  ::shutdown(p.socket_, SHUT_RDWR);
  return true;
}

}  // namespace httpd
