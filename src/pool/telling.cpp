// SPDX-License-Identifier: BSD-2-Clause
// Reports of one pool: a first line that says what is wrong with what, then what is known of the
// item, and at last what to look at.
#include <cstdarg>
#include <cstdio>

#include "pool/core.hpp"
#include "pool/report.hpp"

namespace pool9::inline v1::detail {

void core::say(report_kind kind, const call_site& where, const char* function, const void* address,
               const char* look_at, const char* format, ...) noexcept {
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
        .item = address,
        .look_at = look_at});
}

void core::tell(const telling& t) noexcept {
  message m(t, name, id);
  {
    const base::locked hold(mutex);
    m.add_known(watch, log);
  }
  m.send();
}

void core::say_misput(page::give_result why, void* item, const call_site& where,
                      found when) noexcept {
  refusal r{.why = why, .item = item, .pool = name, .when = when};
  if (item != nullptr) {
    const base::locked hold(mutex);
    if (why == page::give_result::interior) r.around = pages.item_around(item);
    r.was_here = watch != nullptr && watch->records.find(item) != nullptr;
  }
  const charge c = charge_of(r);
  tell(c.told(where, "put"));
}

void core::say_spoiled(const call_site& where) noexcept {
  mutex.lock();
  const auto spoiled = watch->look_at_all_free(pages, sanitized ? &tools : nullptr);
  mutex.unlock();
  for (std::size_t i = 0; i < spoiled.n; ++i) say_found(spoiled.all[i], where, "close");
}

void core::say_found(const finding& f, const call_site& where, const char* function) noexcept {
  const charge c = charge_of(f, item_size);
  tell(c.told(where, function));
}

}
