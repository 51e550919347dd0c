// SPDX-License-Identifier: BSD-2-Clause
// Delivery of reports, and errors that have no pool yet.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iterator>
#include <pool9/detail/no_memory.hpp>
#include <pool9/pool.hpp>
#include <stdexcept>

#include "base/os.hpp"
#include "base/text.hpp"
#include "pool/environment.hpp"
#include "pool/report.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1 {
namespace {

void print_and_abort(const report& r) noexcept {
  constexpr const char* words[] = {"warning", "misuse", "panic"};
  base::text<4096> text;
  text.add("pool9 %s: %.*s\n", words[static_cast<int>(r.kind)], static_cast<int>(r.text.size()),
           r.text.data());
  base::os::print_error(text.view());
  const bool may_go_on =
      r.kind == report_kind::warning ||
      (r.kind == report_kind::misuse && !detail::from_environment(r.pool).may_abort);
  if (!may_go_on) std::abort();
}

constinit std::atomic<report_handler> handler{print_and_abort};

}

report_handler set_report_handler(report_handler h) noexcept {
  // acq_rel: whoever calls the handler sees what was set up before it was installed
  return handler.exchange(h != nullptr ? h : print_and_abort, std::memory_order_acq_rel);
}

void deliver(const report& r) noexcept {
  handler.load(std::memory_order_acquire)(r);  // pairs with set_report_handler()
  if (r.kind == report_kind::panic) std::abort();
}

namespace detail {
namespace {

constexpr std::size_t longest_name = 100;  // of a pool that was given too long a one, in messages

struct demand {
  std::string_view field;
  const char* format;  // of the value
};
constexpr demand demands[] = {
    {"item_size", "%llu is no size: at least 1, at most what a machine holds, a type's own"},
    {"align", "%llu is no alignment: a power of two, at most the page size if that is given"},
    {"align_offset", "%llu is no offset: a multiple of the type's alignment"},
    {"page_size",
     "%llu is no page size: a power of two that holds an item and, with diagnostics, its red "
     "zones"},
    {"reserve", "%llu is more than the hard limit"},
    {"idle_time", "%lld ms is less than no time"},
    {"on_shortage", "a pool for one thread has no hook, since nothing waits there"},
};

/// An exception of these words; without exceptions a panic, which says what to look at, too.
template <class Error, std::size_t Size>
[[noreturn]] void raise(std::string_view pool, base::text<Size>& words, const char* look_at) {
#if defined(__cpp_exceptions)
  static_cast<void>(pool);
  static_cast<void>(look_at);
  throw Error(words.view().data());
#else
  words.add("\n  look at %s", look_at);
  deliver({report_kind::panic, {}, pool, words.view(), nullptr});
  std::abort();
#endif
}

const char* format_of(std::string_view field) noexcept {
  return std::find_if(std::begin(demands), std::end(demands),
                      [field](const demand& d) { return d.field == field; })
      ->format;
}

using event_line = base::text<256>;

/// Empty if it is not known.
event_line line_of(const char* what, const ledger::event& e, std::uint64_t now) noexcept {
  event_line t;
  if (!e.is_known()) return t;
  t.add("\n  %s", what);
  add_site(t, e.where);
  return t.add(", %.3f s ago, in thread %u", in_seconds(now - e.time_ns), e.thread);
}

}

message::message(const telling& t, const char* pool, std::uint64_t pool_id) noexcept
    : told_(t), pool_(pool), pool_id_(pool_id) {
  text_.add("%.40s: pool '%s': %s", t.where.function != nullptr ? t.where.function : t.function,
            pool, t.text);
  if (t.where.file != nullptr) {
    add_place(text_.add(" ("), t.where.file, t.where.line);
    text_.add(")");
  }
  if (t.list != nullptr) text_.add("%s", t.list);
}

void message::add_known(const diagnosis* watch, const usage_log& log) noexcept {
  if (watch != nullptr)
    if (const auto* const r = watch->records.find(told_.item)) known_ = *r;
  if (told_.list == nullptr && known_.item == nullptr) log.tell_of(told_.address, text_);
}

void message::send() noexcept {
  const std::uint64_t now = base::os::steady_ns();
  const event_line of_get = line_of("got", known_.got, now),
                   of_put = line_of("put", known_.put, now);
  event_line last;
  if (told_.look_at != nullptr) last.add("\n  look at %s", told_.look_at);
  // The stacks have what is left of the screen.  The last three begin with the end of a line, or
  // are empty: a row too many each.
  const std::size_t rows = rows_of(text_.view()) + rows_of(of_get.view()) + rows_of(of_put.view()) +
                           rows_of(last.view()) - 3;
  const std::size_t n_frames =
      std::min<std::size_t>(stack_depth, (most_rows - std::min(most_rows, rows)) / 2);
  add_stack(text_.add("%s", of_get.view().data()), known_.got, "\n", n_frames);
  add_stack(text_.add("%s", of_put.view().data()), known_.put, "\n", n_frames);
  text_.add("%s", last.view().data());
  const item_event got = known_.got.view(), put = known_.put.view();
  deliver({.kind = told_.kind,
           .where = told_.where,
           .pool = pool_,
           .text = text_.view(),
           .address = told_.address,
           .misuse = told_.what,
           .pool_id = pool_id_,
           .item = told_.item,
           .last_get = known_.got.is_known() ? &got : nullptr,
           .last_put = known_.put.is_known() ? &put : nullptr});
}

void say_unborn(report_kind kind, const call_site& where, const char* function, const char* name,
                const char* what, const char* look_at) noexcept {
  base::text<256> text;
  text.add("%.80s: pool '%s': %s\n  look at %s",
           where.function != nullptr ? where.function : function, name, what, look_at);
  deliver({kind, where, name, text.view(), nullptr});
}

void bad_option(const char* field, std::uint64_t value, std::string_view pool) {
  base::text<320> text;
  text.add("pool '%.*s': %s: ", static_cast<int>(std::min(pool.size(), longest_name)), pool.data(),
           field)
      .add(format_of(field), static_cast<unsigned long long>(value));
  raise<std::invalid_argument>(pool, text, "the options of that pool, and at pool9(3)");
}

void no_memory_at_birth(const char* name, std::size_t reserve, std::size_t item_size) {
  base::text<256> text;
  text.add("pool '%s': reserve: no memory for %zu items of %zu bytes", name, reserve, item_size);
  raise<no_memory>(name, text, "the process's memory limits, and what the page source has");
}

void beyond_limit(const char* name, std::size_t n, std::size_t limit) {
  base::text<256> text;
  text.add("pool '%s': %zu items at once, and the hard limit is %zu", name, n, limit);
  raise<std::invalid_argument>(name, text, "who asks for so many: more than that can never come");
}

}
}
