// SPDX-License-Identifier: BSD-2-Clause
#include "pool/misput.hpp"

#include "pool/core.hpp"
#include "pool/guard.hpp"

namespace pool9::inline v1::detail {

namespace {

using page::give_result;

constexpr const char* who_else = "who else puts it: since that put it may be somebody else's";

struct known_pool {
  base::text<32> name;
  std::uint64_t id = 0;  // 0: none
};

/// The pool that `item` is of, if there is one.
known_pool owner_of(const void* item) noexcept {
  known_pool p;
  for (registry::visitor v; core* const c = v.next();) {
    if (!c->owns(item)) continue;
    p.name.add("%s", c->name);
    p.id = c->id;
    break;
  }
  return p;
}

/// What is in none of the pool's pages.
void charge_stranger(charge& c, const refusal& r) noexcept {
  if (const known_pool owner = owner_of(r.item); owner.id != 0) {
    c.text.add("not of this pool: it is of pool '%s'", owner.name.view().data());
    if (owner.name.view() == r.pool)
      c.text.add(", another of that name, with the id %llu",
                 static_cast<unsigned long long>(owner.id));
    c.what = misuse_kind::wrong_pool;
    c.look_at = "who mixes the two pools up: an item goes back to where it was got";
  } else if (r.was_here) {
    c.text.add("put twice: it is free already, and its memory went back");
    c.what = misuse_kind::put_twice;
    c.look_at = who_else;
  } else {
    c.text.add("not of this pool: foreign memory, or put twice and its page went back");
    c.what = misuse_kind::foreign;
    c.look_at =
        "where the pointer comes from: it is of malloc, a stack, static memory, or a pool that is "
        "gone";
  }
}

}

charge charge_of(const refusal& r) noexcept {
  charge c{{}, misuse_kind::none, nullptr, r.item, r.item};
  c.text.add("item %p: ", r.item);
  if (r.item == nullptr) {
    c.text.add("is null");
    c.what = misuse_kind::null;
    c.look_at = "gets that fail and are not asked whether they do";
  } else if (r.why == give_result::already_free) {
    c.text.add("put twice: it is free already");
    c.what = misuse_kind::put_twice;
    c.look_at = who_else;
  } else if (r.why == give_result::interior) {
    c.text.add("not the start of an item, but inside one of the pool's pages");
    if (r.around != nullptr)
      c.text.add(", %zu bytes into item %p", base::address_of(r.item) - base::address_of(r.around),
                 r.around);
    c.what = misuse_kind::interior;
    c.look_at = "where the pointer was moved: what is put is what the get returned";
    c.item = r.around;
  } else {
    charge_stranger(c, r);
  }
  if (r.when == found::in_magazine) c.text.add(" (found when it left a thread's cache)");
  if (r.when == found::in_own_magazine) c.text.add(" (found when it left the pool's cache)");
  return c;
}

charge charge_of(const finding& f, std::size_t item_size) noexcept {
  charge c{{}, f.what, nullptr, f.item, f.item};
  const auto distance = static_cast<const std::byte*>(f.byte) - static_cast<std::byte*>(f.item);
  c.text.add("item %p: ", f.item);
  switch (f.what) {
    case misuse_kind::written_after_put:
      c.text.add("was written after its put, at byte %td of %zu", distance, item_size);
      c.look_at = "who still has a pointer to it: it was free since the last put";
      c.address = f.byte;
      break;
    case misuse_kind::overrun:
      c.text.add("was written beyond its end, at byte %td of %zu", distance, item_size);
      c.look_at = "what is written to it: it is longer than the item";
      break;
    default:
      c.text.add("was written before its start, at byte %td", distance);
      c.look_at = "who counts below zero in it, or writes far beyond the end of the item before it";
  }
  return c;
}

}
