// SPDX-License-Identifier: BSD-2-Clause
#include "pool/holders.hpp"

#include <algorithm>

#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

void holders::add(const ledger::record& r) noexcept {
  ++n_items_;
  const auto end = groups_.begin() + static_cast<std::ptrdiff_t>(n_);
  auto* const g = std::find_if(groups_.begin(), end,
                               [&](const group& of) { return of.got.is_from_where(r.got); });
  if (g == groups_.end()) return;  // one place too many
  if (g == end) ++n_;
  if (g->n == 0 || r.got.time_ns < g->got.time_ns) {
    g->got = r.got;
    g->item = r.item;
  }
  ++g->n;
}

void holders::add_all(const diagnosis* watch, std::uint64_t until) noexcept {
  if (watch == nullptr) return;
  watch->records.for_each([&](const ledger::record& r) {
    if (r.now == ledger::state::out && r.got.time_ns <= until) add(r);
  });
}

void holders::sort() noexcept {
  const auto end = groups_.begin() + static_cast<std::ptrdiff_t>(n_);
  const auto fewer = [](const group& a, const group& b) { return a.n < b.n; };
  for (auto* g = groups_.begin(); g != end; ++g) std::iter_swap(g, std::max_element(g, end, fewer));
}

template <class F>
void holders::for_each_line(std::uint64_t now, std::size_t most, F f) const noexcept {
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
      base::os::name_address(g.got.stack[k], name, sizeof name);
      f(base::text<256>().add("    %s", name).view());
    }
  }
  if (n_told != n_items_) f(base::text<64>().add("  %zu got elsewhere", n_items_ - n_told).view());
}

holders::list_text holders::list(std::uint64_t now) const noexcept {
  list_text text;
  for_each_line(now, 2, [&](std::string_view l) {
    text.add("\n%.*s", static_cast<int>(l.size()), l.data());
  });
  return text;
}

std::size_t holders::describe(const char* pool, bool is_known, std::size_t out, std::uint64_t now,
                              line_function line, void* context) const noexcept {
  const std::size_t n = is_known ? n_items_ : out;
  line(context, base::text<128>().add("pool '%s': %zu of %zu items are out", pool, n, out).view());
  for_each_line(now, stack_depth, [&](std::string_view l) { line(context, l); });
  if (!is_known && out != 0)
    line(context, base::text<192>()
                      .add("  who got them, diagnostics know: POOL9_OPTIONS=diagnostic:%s", pool)
                      .view());
  return n;
}

busy_charge::busy_charge(const char* pool, const holders* held, std::size_t out,
                         std::size_t n_waiters) noexcept
    : is_known_(held != nullptr) {
  text_.add("busy: %zu items are out", out);
  if (n_waiters != 0) text_.add(", %zu gets wait", n_waiters);
  if (is_known_) {
    list_ = held->list(base::os::steady_ns());
  } else {
    ask_.add("who holds them: POOL9_OPTIONS=diagnostic:%s would tell", pool);
  }
}

telling busy_charge::told(const call_site& where) const noexcept {
  return {.kind = report_kind::misuse,
          .where = where,
          .function = "close",
          .address = nullptr,
          .text = text_.view().data(),
          .list = is_known_ ? list_.view().data() : nullptr,
          .what = misuse_kind::still_out,
          .look_at = is_known_ ? holders::whose_get : ask_.view().data()};
}

}
