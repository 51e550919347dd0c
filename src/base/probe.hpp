// SPDX-License-Identifier: BSD-2-Clause
// Places where tracers may look in: "user-level statically defined tracing", as systemtap's
// <sys/sdt.h> made it, GDB, perf and bpftrace know it.  docs/TRACING.md lists them all.
//
// A probe is one nop; a note, which is not loaded, says where it is, what it is called, and where
// its arguments lie at that moment.  A tracer puts a breakpoint in place of the nop.  Arguments are
// computed whether anybody looks or not, so they are figures that are at hand.
//
//   distances 1, 2, 3                    of the note's name and of its description; type
//   "stapsdt"                            its name
//   address of the nop, of the base, 0   the base tells how far a prelinked file was moved
//   "pool9", name, arguments             for each: bytes @ register or constant
#pragma once
#include <cstdint>
#include <type_traits>

namespace pool9::base {

/// An argument of a probe: a whole number, a pointer, or an enumerator.
template <class T>
constexpr std::uint64_t probe_word(T x) noexcept {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<std::uintptr_t>(x);
  } else {
    return static_cast<std::uint64_t>(x);
  }
}

}

#if defined(__x86_64__) || defined(__aarch64__)
/// Has four arguments, always.
#define POOL9_PROBE(name, a, b, c, d)                                           \
  __asm__ volatile(                                                             \
      "990: nop\n"                                                              \
      ".pushsection .note.stapsdt, \"?\", %%note\n"                             \
      ".balign 4\n"                                                             \
      ".4byte 992f-991f, 994f-993f, 3\n"                                        \
      "991: .asciz \"stapsdt\"\n"                                               \
      "992: .balign 4\n"                                                        \
      "993: .8byte 990b, _.stapsdt.base, 0\n"                                   \
      ".asciz \"pool9\"\n"                                                      \
      ".asciz \"" #name                                                         \
      "\"\n"                                                                    \
      ".asciz \"8@%0 8@%1 8@%2 8@%3\"\n"                                        \
      "994: .balign 4\n"                                                        \
      ".popsection\n"                                                           \
      ".ifndef _.stapsdt.base\n"                                                \
      ".pushsection .stapsdt.base, \"aG\", %%progbits, .stapsdt.base, comdat\n" \
      ".weak _.stapsdt.base\n"                                                  \
      ".hidden _.stapsdt.base\n"                                                \
      "_.stapsdt.base: .space 1\n"                                              \
      ".size _.stapsdt.base, 1\n"                                               \
      ".popsection\n"                                                           \
      ".endif\n" ::"nr"(pool9::base::probe_word(a)),                            \
      "nr"(pool9::base::probe_word(b)), "nr"(pool9::base::probe_word(c)),       \
      "nr"(pool9::base::probe_word(d)))
#else
#define POOL9_PROBE(name, a, b, c, d) static_cast<void>(0)
#endif
