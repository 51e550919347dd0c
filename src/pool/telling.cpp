// SPDX-License-Identifier: BSD-2-Clause
// Reports of one pool: a first line that says what is wrong with what, then what is known of the
// item, and at last what to look at.
#include <array>
#include <cstdarg>
#include <cstdio>

#include "pool/core.hpp"
#include "pool/report.hpp"
#include "pool/wording.hpp"

namespace pool9::inline v1::detail {

namespace {

void add_event(report_text& t, const char* what, const ledger::event& e, std::uint64_t now) {
  if (!e.is_known()) return;
  t.add("\n  %s", what);
  add_site(t, e.where);
  t.add(", %.3f s ago, in thread %u", in_seconds(now - e.time_ns), e.thread);
  add_stack(t, e, "\n", stack_depth);
}

}

void core::say(report_kind kind, const call_site& where, const char* function, const void* address,
               const char* format, ...) noexcept {
  char text[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(text, sizeof text, format, args);
  va_end(args);
  tell({.kind = kind,
        .where = where,
        .function = function,
        .address = address,
        .text = text,
        .item = address});
}

void core::tell(const telling& t) noexcept {
  report_text text = compose(t, name);
  ledger::record known;
  {
    const base::locked hold(mutex);
    if (watch != nullptr)
      if (const auto* const r = watch->records.find(t.item)) known = *r;
    if (t.list != nullptr) text.add("%s", t.list);
    if (t.list == nullptr && known.item == nullptr) log.tell_of(t.address, text);
  }
  const std::uint64_t now = base::os::steady_ns();
  add_event(text, "got", known.got, now);
  add_event(text, "put", known.put, now);
  if (t.look_at != nullptr) text.add("\n  look at %s", t.look_at);
  const item_event got = known.got.view(), put = known.put.view();
  deliver({.kind = t.kind,
           .where = t.where,
           .pool = name,
           .text = text.view(),
           .address = t.address,
           .misuse = t.what,
           .pool_id = id,
           .item = t.item,
           .last_get = known.got.is_known() ? &got : nullptr,
           .last_put = known.put.is_known() ? &put : nullptr});
}

void core::say_misput(page::give_result why, void* item, const call_site& where,
                      found when) noexcept {
  refusal r{.why = why, .item = item, .when = when};
  if (item != nullptr) {
    const base::locked hold(mutex);
    if (why == page::give_result::interior) r.around = pages.item_around(item);
    r.was_here = watch != nullptr && watch->records.find(item) != nullptr;
  }
  const charge c = charge_of(r);
  tell(c.told(where, "put"));
}

void core::say_spoiled(const call_site& where) noexcept {
  std::array<finding, 8> all;
  std::size_t n = 0;
  mutex.lock();
  watch->records.for_each([&](const ledger::record& r) POOL9_ANNOTATE(no_thread_safety_analysis) {
    if (n == all.size() || pages.ask(r.item) != page::give_result::already_free) return;
    void* const item = const_cast<void*>(r.item);
    if (sanitized) show_all(item);
    if ((all[n] = watch->in_items.look_at_free(item))) ++n;
    if (sanitized) hide_all(item);
  });
  mutex.unlock();
  for (std::size_t i = 0; i < n; ++i) say_found(all[i], where, "close");
}

void core::say_found(const finding& f, const call_site& where, const char* function) noexcept {
  const charge c = charge_of(f, item_size);
  tell(c.told(where, function));
}

}
