// SPDX-License-Identifier: BSD-2-Clause
#include "pool/holders.hpp"

#include <algorithm>
#include <span>

#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

/// Places that are worth counting.  They are found after Misra and Gries: of an item of none of
/// them, one of each is struck off; so whatever place has more than one item in `most` is among
/// them in the end, however many places there are.
class holders::candidates {
 public:
  struct place {
    const ledger::record* first = nullptr;  // nullptr: free
    std::size_t n = 0;
  };

  void nominate(const ledger::record& r) noexcept {
    place* const p = find(r);
    if (p == nullptr) return strike();
    if (p->n++ == 0) p->first = &r;
  }
  void count_anew() noexcept {
    for (place& p : all_) p.n = 0;
  }
  void count(const ledger::record& r) noexcept {
    place* const p = find(r);
    if (p == nullptr || p->first == nullptr) return;
    ++p->n;
    if (r.got.time_ns < p->first->got.time_ns) p->first = &r;
  }
  std::span<const place> most_first() noexcept {
    std::sort(all_.begin(), all_.end(), [](const place& a, const place& b) {
      return a.n != b.n ? a.n > b.n : a.n != 0 && a.first->got.time_ns < b.first->got.time_ns;
    });
    return all_;
  }

 private:
  static constexpr std::size_t most = 32;

  /// That of `r`, or a free one; nullptr: neither.
  place* find(const ledger::record& r) noexcept {
    place* unused = nullptr;
    for (place& p : all_) {
      if (p.first == nullptr) {
        unused = &p;
      } else if (p.first->got.is_from_where(r.got)) {
        return &p;
      }
    }
    return unused;
  }
  void strike() noexcept {
    for (place& p : all_)
      if (--p.n == 0) p.first = nullptr;
  }

  std::array<place, most> all_ = {};
};

void holders::find(const diagnosis* watch, std::uint64_t until, which w) noexcept {
  if (watch == nullptr) return;
  const auto for_each = [&](auto f) {
    watch->records.for_each([&](const ledger::record& r) {
      const bool is_meant = r.now == ledger::state::out && r.got.time_ns <= until;
      if (is_meant && !(w == which::untold && r.is_told)) f(r);
    });
  };
  candidates of;
  for_each([&](const ledger::record& r) { of.nominate(r); });
  of.count_anew();
  for_each([&](const ledger::record& r) {
    of.count(r);
    ++n_items_;
  });
  for (const candidates::place& p : of.most_first().first(groups_.size()))
    if (p.n != 0) groups_[n_++] = {p.first->got, p.first->item, p.n};
}

template <class F>
void holders::for_each_line(std::uint64_t now, std::size_t most, std::size_t rows,
                            F f) const noexcept {
  std::size_t n_told = 0;
  for (std::size_t i = 0; i < n_; n_told += groups_[i++].n) {
    const group& g = groups_[i];
    base::text<512> line;
    line.add("  %zu got", g.n);
    add_site(line, g.got.where);
    line.add(", the first %.3f s ago: item %p", in_seconds(now - g.got.time_ns), g.item);
    const std::size_t n_frames = std::min<std::size_t>(g.got.n_stack, most);
    const std::size_t takes = rows_of(line.view()) + n_frames;
    if (takes > rows) break;
    rows -= takes;
    f(line.view());
    for (std::size_t k = 0; k < n_frames; ++k)
      f(base::text<columns>().add("    %s", frame_name(g.got.stack[k]).text).view());
  }
  if (n_told != n_items_) f(base::text<64>().add("  %zu got elsewhere", n_items_ - n_told).view());
}

holders::list_text holders::list(std::uint64_t now) const noexcept {
  list_text text;
  for_each_line(now, 2, most_rows - 4, [&](std::string_view l) {
    text.add("\n%.*s", static_cast<int>(l.size()), l.data());
  });
  return text;
}

std::size_t holders::describe(const char* pool, bool is_known, std::size_t out, std::uint64_t now,
                              line_function line, void* context) const noexcept {
  const std::size_t n = is_known ? n_items_ : out;
  line(context, base::text<128>().add("pool '%s': %zu of %zu items are out", pool, n, out).view());
  for_each_line(now, stack_depth, SIZE_MAX, [&](std::string_view l) { line(context, l); });
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
