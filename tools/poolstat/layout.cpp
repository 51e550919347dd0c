// SPDX-License-Identifier: BSD-2-Clause
#include "layout.hpp"

#include <elf.h>

#include <algorithm>

namespace poolstat {
namespace {

/// As src/pool/layout_note.hpp has it.
struct table_head {
  std::uint32_t version, member_size, n_members, reserved;
};
struct table_member {
  char type[16];
  char name[40];
  std::uint32_t offset, size;
};
constexpr std::uint32_t known_version = 1;
constexpr std::uint32_t most_members = 4096;  // or it is no table
constexpr std::uint32_t most_headers = 1024;
constexpr std::uint64_t largest_notes = 1 << 20;
constexpr std::uint32_t largest_object = 1 << 16;  // or whoever wrote the table means no good

std::string cut(const char* text, std::size_t most) { return {text, ::strnlen(text, most)}; }

std::uint64_t up(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

/// Calls f(description's address) for each of our notes in the memory there.
template <class F>
void for_each_note(target& in, std::uint64_t start, std::uint64_t size, std::uint64_t align, F f) {
  Elf64_Nhdr n{};
  for (std::uint64_t at = 0; at + sizeof n <= size;) {
    if (!in.read(start + at, n)) return;
    const std::uint64_t description = at + up(sizeof n + n.n_namesz, align);
    char name[6] = {};
    if (n.n_namesz == sizeof name && n.n_type == 1 && n.n_descsz >= 16 &&
        in.read(start + at + sizeof n, name) && std::memcmp(name, "pool9", sizeof name) == 0)
      f(start + description);
    at = description + up(n.n_descsz, align);
  }
}

/// The images whose first page is mapped there: their headers, and by how much they were moved.
template <class F>
void for_each_notes_segment(target& in, const mapping& m, F f) {
  Elf64_Ehdr head{};
  if (!in.read(m.start, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
      head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(Elf64_Phdr))
    return;
  std::vector<Elf64_Phdr> all(std::min<std::uint32_t>(head.e_phnum, most_headers));
  if (!in.read(m.start + head.e_phoff, all.data(), all.size() * sizeof all[0])) return;
  const auto first = std::find_if(all.begin(), all.end(), [](const Elf64_Phdr& p) {
    return p.p_type == PT_LOAD && p.p_offset < 4096;
  });
  if (first == all.end()) return;
  const std::uint64_t moved = m.start - (first->p_vaddr - first->p_offset);
  for (const Elf64_Phdr& p : all)
    if (p.p_type == PT_NOTE && p.p_filesz <= largest_notes)
      f(moved + p.p_vaddr, p.p_filesz, p.p_align == 8 ? 8u : 4u);
}

}

layout::layout(target& from, std::uint64_t address) {
  table_head head{};
  if (!from.read(address, head) || head.member_size < sizeof(table_member) ||
      head.n_members > most_members)
    throw from.missing().empty()
        ? trouble(exit_code::incomplete, from.name() + ": the note of pool9 leads nowhere")
        : trouble(exit_code::no_access, from.name() + ": needs " + printable(from.missing()) +
                                            ", which is not there, or not the one it was");
  if (head.version > known_version)
    throw trouble(exit_code::incomplete, from.name() +
                                             ": its library is newer than this poolstat (layout " +
                                             std::to_string(head.version) +
                                             ", known: " + std::to_string(known_version) + ")");
  for (std::uint32_t i = 0; i < head.n_members; ++i) {
    table_member m{};
    if (!from.read(address + sizeof head + std::uint64_t{i} * head.member_size, m)) break;
    if (m.size > largest_object) continue;
    members_[cut(m.type, sizeof m.type) + "." + cut(m.name, sizeof m.name)] = {m.offset, m.size};
  }
}

std::vector<library> find_libraries(target& in) {
  std::vector<library> found;
  for (const mapping& m : in.mappings()) {
    if (m.offset != 0) continue;
    for_each_notes_segment(in, m, [&](std::uint64_t start, std::uint64_t size, unsigned align) {
      for_each_note(in, start, size, align, [&](std::uint64_t at) {
        std::int64_t distances[2] = {};
        if (!in.read(at, distances)) return;
        const std::uint64_t root = at + 8 + static_cast<std::uint64_t>(distances[1]);
        std::uint64_t looked_at = 0;
        // A file that is mapped as data, by a debugger, say, has a note, but no pools.
        if (in.read(root, looked_at) && looked_at != 0)
          found.push_back({layout(in, at + static_cast<std::uint64_t>(distances[0])), root});
      });
    });
  }
  return found;
}

}
