// SPDX-License-Identifier: BSD-2-Clause
#include "symbols.hpp"

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace poolstat {
namespace {

std::string hexadecimal(std::uint64_t n) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(n));
  return text;
}

std::string readable(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return text != nullptr ? text.get() : name;
}

/// The symbol at `address` in the file at `path` that lies at `base`; empty: none is known.
std::string symbol(const std::string& path, std::uint64_t base, std::uint64_t address) {
  // Symbols lie in the file itself; nothing is searched for elsewhere, or on a network.
  static const Dwfl_Callbacks callbacks{
      [](Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) { return -1; },
      [](Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word,
         char**) { return -1; },
      nullptr, nullptr};
  const std::unique_ptr<Dwfl, void (*)(Dwfl*)> all(dwfl_begin(&callbacks), dwfl_end);
  const int fd = open_file(path);
  if (fd < 0) return {};
  Dwfl_Module* const m = dwfl_report_elf(all.get(), path.c_str(), path.c_str(), fd, base, false);
  dwfl_report_end(all.get(), nullptr, nullptr);
  if (m == nullptr) {
    ::close(fd);  // otherwise it is the module's
    return {};
  }
  GElf_Off into = 0;
  GElf_Sym found{};
  const char* const name =
      dwfl_module_addrinfo(m, address, &into, &found, nullptr, nullptr, nullptr);
  if (name == nullptr) return {};
  return into == 0 ? readable(name) : readable(name).append("+").append(hexadecimal(into));
}

}

std::string name_of(const std::vector<mapping>& all, std::uint64_t address) {
  const auto in = std::find_if(all.begin(), all.end(), [&](const mapping& m) {
    return address >= m.start && address < m.end;
  });
  if (in == all.end()) return hexadecimal(address);
  const auto first =
      std::find_if(all.begin(), all.end(), [&](const mapping& m) { return m.path == in->path; });
  const std::string file = in->path.substr(in->path.rfind('/') + 1);
  const std::string name = symbol(in->file, first->start - first->offset, address);
  if (!name.empty()) return name + " (" + file + ")";
  return file + "+" + hexadecimal(address - (first->start - first->offset));
}

}
