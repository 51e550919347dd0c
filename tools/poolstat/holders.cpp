// SPDX-License-Identifier: BSD-2-Clause
// Which items are out, and who got them.
#include <algorithm>
#include <unordered_set>

#include "pools.hpp"

namespace poolstat {
namespace {

constexpr std::uint64_t most_records = 1 << 24;

}

held_items reader::items_out(const pool& p) {
  const object core(in_, p.of->members, "core", p.core);
  held_items found = recorded(p, core);
  if (found.from == held_items::source::none) found = logged(p, core);
  return found.from != held_items::source::none ? found : sampled(p);
}

/// What a call_site says whose members are called prefix + "file" and so on.
std::string reader::site_of(const object& o, const std::string& prefix) {
  const auto word = [&](const char* name) { return o[(prefix + name).c_str()]; };
  if (word("file") != 0) return in_.read_string(word("file")) + ":" + std::to_string(word("line"));
  return word("function") != 0 ? in_.read_string(word("function")) + "()" : "";
}

/// Of an item whose last get is the object's member "got".
held reader::got(const object& o, std::optional<std::uint64_t> now) {
  held h{o["item"], site_of(o, "got."), {}, std::nullopt};
  if (now && o["got.time_ns"] != 0) h.age = *now - std::min(*now, o["got.time_ns"]);
  h.stack.resize(o.size_of("got.stack") / 8);
  o.copy("got.stack", h.stack.data(), h.stack.size() * 8);
  h.stack.resize(std::min<std::size_t>(h.stack.size(), o["got.n_stack"]));
  return h;
}

held_items reader::recorded(const pool& p, const object& core) {
  const layout& l = p.of->members;
  const std::uint64_t size = l.size_of("record");
  const object table(in_, l, "watch", core["watch"]);
  held_items found;
  const std::uint64_t n = table ? table["n_records"] : 0;
  if (n == 0 || n > most_records || size == 0) return found;
  found.from = held_items::source::records;
  const auto now = in_.steady_ns();
  for (std::uint64_t i = 0; i < n; ++i) {
    const object r(in_, l, "record", table["records"] + i * size);
    if (!r || r["item"] == 0 || r["now"] != l.constant("record", "out")) continue;
    found.known.push_back(got(r, now));
  }
  // It grew meanwhile, and what was read may be of others.
  const object after(in_, l, "watch", core["watch"]);
  if (!after || after["records"] != table["records"]) incomplete_ = true;
  return found;
}

held_items reader::sampled(const pool& p) {
  const layout& l = p.of->members;
  const object root(in_, l, "root", p.of->root);
  const std::uint64_t size = l.size_of("guard"), n = l.constant("guard", "n_places");
  const auto now = in_.steady_ns();
  held_items found;
  for (std::uint64_t i = 0; root["guards"] != 0 && size != 0 && i < n; ++i) {
    const object g(in_, l, "guard", root["guards"] + i * size);
    if (!g || g["pool_id"] != p.stats.id || g["now"] != l.constant("guard", "out")) continue;
    found.from = held_items::source::samples;
    found.known.push_back(got(g, now));
  }
  return found;
}

held_items reader::logged(const pool& p, const object& core) {
  const layout& l = p.of->members;
  const std::uint64_t size = l.size_of("log_entry"), at_most = l.constant("log_entry", "at_most");
  held_items found;
  if (core["log.ring"] == 0 || size == 0 || at_most == 0) return found;
  found.from = held_items::source::log;
  const std::uint64_t n = core["log.n"];
  std::unordered_set<std::uint64_t> seen;
  for (std::uint64_t ago = 1; ago <= std::min(n, at_most); ++ago) {
    const object e(in_, l, "log_entry", core["log.ring"] + (n - ago) % at_most * size);
    if (!e) break;
    if (!seen.insert(e["item"]).second || in_.read_string(e["action"]) != "get") continue;
    found.known.push_back({e["item"], site_of(e, ""), {}, ago - 1});
  }
  // The log went on meanwhile: some entries may be of later calls.
  if (object(in_, l, "core", p.core)["log.n"] > n) incomplete_ = true;
  return found;
}

}
