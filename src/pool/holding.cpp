// SPDX-License-Identifier: BSD-2-Clause
// Who holds items: on demand, when one is held for too long, and when a pool is to end.
#include <algorithm>
#include <array>

#include "pool/core.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

namespace os = base::os;

namespace {

using list_text = base::text<3000>;

/// Items that were got at one place.
struct group {
  ledger::event got;  // of the one that was got first
  const void* item = nullptr;
  std::size_t n = 0;
};

class groups {
 public:
  void add(const ledger::record& r) noexcept {
    ++n_items_;
    const auto end = groups_.begin() + static_cast<std::ptrdiff_t>(n_);
    auto* g = std::find_if(groups_.begin(), end,
                           [&](const group& of) { return of.got.is_from_where(r.got); });
    if (g == groups_.end()) return;  // one place too many
    if (g == end) ++n_;
    if (g->n == 0 || r.got.time_ns < g->got.time_ns) {
      g->got = r.got;
      g->item = r.item;
    }
    ++g->n;
  }
  std::size_t n_items() const noexcept { return n_items_; }
  const void* first_item() const noexcept { return groups_[0].item; }
  const ledger::event& first_get() const noexcept { return groups_[0].got; }

  /// Most first.  Requires: all are added.
  void sort() noexcept {
    const auto end = groups_.begin() + static_cast<std::ptrdiff_t>(n_);
    const auto fewer = [](const group& a, const group& b) { return a.n < b.n; };
    for (auto g = groups_.begin(); g != end; ++g)
      std::iter_swap(g, std::max_element(g, end, fewer));
  }
  /// Calls f(line) for each line, with `most` frames of each stack.
  template <class F>
  void describe(std::uint64_t now, std::size_t most, F f) const noexcept {
    std::size_t n_told = 0;
    for (std::size_t i = 0; i < n_; n_told += groups_[i++].n) {
      const group& g = groups_[i];
      base::text<512> line;
      line.add("  %zu got", g.n);
      add_site(line, g.got.where);
      line.add(", the first %.3f s ago: item %p", in_seconds(now - g.got.time_ns), g.item);
      f(line.view());
      for (std::size_t k = 0; k < std::min<std::size_t>(g.got.n_stack, most); ++k) {
        char name[160];
        os::name_address(g.got.stack[k], name, sizeof name);
        f(base::text<256>().add("    %s", name).view());
      }
    }
    if (n_told != n_items_)
      f(base::text<64>().add("  %zu got elsewhere", n_items_ - n_told).view());
  }

  /// The same as lines of a report.
  list_text list(std::uint64_t now) const noexcept {
    list_text text;
    describe(now, 2,
             [&](std::string_view l) { text.add("\n%.*s", static_cast<int>(l.size()), l.data()); });
    return text;
  }

 private:
  std::array<group, 6> groups_;
  std::size_t n_ = 0;
  std::size_t n_items_ = 0;
};

constexpr const char* whose_get = "the first place: what is got there is not put, or is put late";

}

std::size_t core::report_held(void (*line)(void*, std::string_view), void* context,
                              std::uint64_t age_ns) noexcept {
  groups held;
  std::size_t out = 0;
  const std::uint64_t now = os::steady_ns();
  mutex.lock();
  out = n_out();
  if (watch != nullptr)
    watch->records.for_each([&](const ledger::record& r) {
      if (r.now == ledger::state::out && r.got.time_ns + age_ns <= now) held.add(r);
    });
  mutex.unlock();
  held.sort();
  const std::size_t n = watch != nullptr ? held.n_items() : out;
  line(context, base::text<128>().add("pool '%s': %zu of %zu items are out", name, n, out).view());
  held.describe(now, stack_depth, [&](std::string_view l) { line(context, l); });
  if (watch == nullptr && out != 0)
    line(context, base::text<192>()
                      .add("  who got them, diagnostics know: POOL9_OPTIONS=diagnostic:%s", name)
                      .view());
  return n;
}

void core::say_busy(const call_site& where, std::size_t out, std::size_t n_waiters) noexcept {
  groups held;
  mutex.lock();
  if (watch != nullptr)
    watch->records.for_each([&](const ledger::record& r) {
      if (r.now == ledger::state::out) held.add(r);
    });
  mutex.unlock();
  held.sort();
  base::text<96> text;
  text.add("busy: %zu items are out, %zu gets wait", out, n_waiters);
  const list_text list = held.list(os::steady_ns());
  base::text<128> ask;
  ask.add("who holds them: POOL9_OPTIONS=diagnostic:%s would tell", name);
  tell({.kind = report_kind::misuse,
        .where = where,
        .function = "close",
        .address = nullptr,
        .text = text.view().data(),
        .list = watch != nullptr ? list.view().data() : nullptr,
        .what = misuse_kind::still_out,
        .look_at = watch != nullptr ? whose_get : ask.view().data()});
}

void core::watch_held(handoff& owed) noexcept {
  if (held_ns != os::never && held_due == os::never && n_issued() != 0)
    make_due(held_due, os::steady_ns() + held_ns, owed);
}

void core::say_held_too_long(std::uint64_t now) noexcept {
  groups held;
  held_due = os::never;
  watch->records.for_each([&](ledger::record& r) POOL9_ANNOTATE(no_thread_safety_analysis) {
    if (r.now != ledger::state::out || r.is_told) return;
    const std::uint64_t too_long_from = r.got.time_ns + held_ns;
    if (too_long_from > now) {
      held_due = std::min(held_due, too_long_from);
      return;
    }
    held.add(r);
    r.is_told = true;
  });
  if (held.n_items() == 0) return;
  mutex.unlock();
  held.sort();
  base::text<96> text;
  text.add("%zu items are out for longer than %.0f s", held.n_items(), in_seconds(held_ns));
  const list_text list = held.list(now);
  tell({.kind = report_kind::warning,
        .where = held.first_get().where,
        .function = "get",
        .address = held.first_item(),
        .text = text.view().data(),
        .list = list.view().data(),
        .what = misuse_kind::held_too_long,
        .look_at = whose_get});
  mutex.lock();
}

}
