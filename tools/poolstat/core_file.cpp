// SPDX-License-Identifier: BSD-2-Clause
// A process that has ended, as its core file has it.
//
// What is mapped from files and never written, the kernel leaves out; it is read from the files.
#include <gelf.h>
#include <sys/procfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "target.hpp"

namespace poolstat {
namespace {

/// An open file, and libelf's view of it.
class elf_file {
 public:
  explicit elf_file(const std::string& path) : fd_(open_file(path)) {
    if (fd_ >= 0) elf_ = elf_begin(fd_, ELF_C_READ_MMAP, nullptr);
  }
  ~elf_file() {
    elf_end(elf_);
    if (fd_ >= 0) ::close(fd_);
  }
  elf_file(const elf_file&) = delete;
  elf_file& operator=(const elf_file&) = delete;

  Elf* elf() const { return elf_; }
  bool read(std::uint64_t offset, void* to, std::size_t n) const {
    return fd_ >= 0 && ::pread(fd_, to, n, static_cast<off_t>(offset)) == static_cast<ssize_t>(n);
  }

 private:
  int fd_;
  Elf* elf_ = nullptr;
};

class core_file final : public target {
 public:
  core_file(const std::string& core, const std::string& executable) : path_(core), file_(core) {
    GElf_Ehdr head{};
    if (gelf_getehdr(file_.elf(), &head) == nullptr || head.e_type != ET_CORE)
      throw trouble(exit_code::no_access, core + ": not a core file");
    std::size_t n = 0;
    elf_getphdrnum(file_.elf(), &n);
    for (std::size_t i = 0; i < n; ++i) {
      GElf_Phdr p{};
      if (gelf_getphdr(file_.elf(), static_cast<int>(i), &p) == nullptr) continue;
      if (p.p_type == PT_LOAD) segments_[p.p_vaddr] = p;
      if (p.p_type == PT_NOTE) read_notes(p);
    }
    if (mappings_.empty())
      throw trouble(exit_code::no_access, core + ": does not say what files were mapped");
    if (elf_file e(executable); gelf_getehdr(e.elf(), &head) == nullptr)
      throw trouble(exit_code::no_access, executable + ": not a program");
    const auto program = std::find_if(mappings_.begin(), mappings_.end(), [&](const mapping& m) {
      return program_headers_ >= m.start && program_headers_ < m.end;
    });
    const mapping& of_it = program != mappings_.end() ? *program : mappings_.front();
    const std::string then = of_it.path;  // it may lie elsewhere now
    for (mapping& m : mappings_) m.file = m.path == then ? executable : m.path;
    if (!is_what_was_mapped(of_it, elf_file(executable)))
      throw trouble(exit_code::no_access, core + ": is not of " + executable);
  }

  bool read(std::uint64_t address, void* to, std::size_t n) override {
    const auto behind = segments_.upper_bound(address);
    if (behind != segments_.begin()) {
      const GElf_Phdr& s = std::prev(behind)->second;
      const std::uint64_t at = address - s.p_vaddr;
      if (at < s.p_filesz && n <= s.p_filesz - at) return file_.read(s.p_offset + at, to, n);
    }
    for (const mapping& m : mappings_)
      if (address >= m.start && address < m.end && n <= m.end - address)
        return read_file(m, address - m.start, to, n);
    return false;
  }

  std::vector<mapping> mappings() override { return mappings_; }
  std::vector<thread> threads() override { return threads_; }
  std::optional<std::uint64_t> steady_ns() override { return std::nullopt; }
  std::string name() const override { return path_; }
  std::string missing() const override { return missing_; }

 private:
  bool read_file(const mapping& m, std::uint64_t at, void* to, std::size_t n) {
    const auto [known, is_new] = files_.try_emplace(m.file, m.file);
    if (is_new && !is_what_was_mapped(m, known->second)) others_.insert(m.file);
    if (!others_.contains(m.file) && known->second.read(m.offset + at, to, n)) return true;
    missing_ = m.file;
    return false;
  }

  /// Whether the file's segments are those that the core file says, if it does.
  bool is_what_was_mapped(const mapping& m, const elf_file& file) {
    const auto start = std::find_if(mappings_.begin(), mappings_.end(), [&](const mapping& of) {
      return of.file == m.file && of.offset == 0;
    });
    Elf64_Ehdr then{}, now{};
    if (start == mappings_.end() || !is_kept(start->start) || !target::read(start->start, then) ||
        std::memcmp(then.e_ident, ELFMAG, SELFMAG) != 0)
      return true;
    if (!file.read(0, &now, sizeof now) || then.e_phoff != now.e_phoff ||
        then.e_phnum != now.e_phnum || then.e_entry != now.e_entry)
      return false;
    for (std::uint64_t i = 0; i < then.e_phnum; ++i) {
      Elf64_Phdr p{}, q{};
      const std::uint64_t at = then.e_phoff + i * sizeof p;
      if (!is_kept(start->start + at) || !target::read(start->start + at, p)) return true;
      if (!file.read(at, &q, sizeof q)) return false;
      // Stripping changes what is said of the rest.
      if (p.p_type == PT_LOAD && std::memcmp(&p, &q, sizeof p) != 0) return false;
    }
    return true;
  }
  /// Whether the core file has that address.
  bool is_kept(std::uint64_t address) const {
    const auto behind = segments_.upper_bound(address);
    return behind != segments_.begin() &&
           address - std::prev(behind)->first < std::prev(behind)->second.p_filesz;
  }

  void read_notes(const GElf_Phdr& p) {
    Elf_Data* const data = elf_getdata_rawchunk(file_.elf(), static_cast<std::int64_t>(p.p_offset),
                                                p.p_filesz, ELF_T_NHDR);
    std::size_t name = 0, at = 0;
    GElf_Nhdr note{};
    for (std::size_t next = 0;
         data != nullptr && (next = gelf_getnote(data, next, &note, &name, &at)) != 0;) {
      const char* const what = static_cast<const char*>(data->d_buf) + at;
      if (note.n_type == NT_PRSTATUS) add_thread(what, note.n_descsz);
      if (note.n_type == NT_FILE) add_mappings(what, note.n_descsz);
      if (note.n_type == NT_AUXV) find_program(what, note.n_descsz);
    }
  }

  void add_thread(const char* what, std::size_t size) {
    elf_prstatus status{};
    if (size < sizeof status) return;
    std::memcpy(&status, what, sizeof status);
#if defined(__x86_64__)
    constexpr std::size_t stack_pointer = 19;
#else
    constexpr std::size_t stack_pointer = 31;
#endif
    threads_.push_back({status.pr_pid, {}, status.pr_reg[stack_pointer]});
  }

  /// Pairs of what it is, and a number.
  void find_program(const char* what, std::size_t size) {
    for (std::uint64_t pair[2]; size >= sizeof pair; what += sizeof pair, size -= sizeof pair) {
      std::memcpy(pair, what, sizeof pair);
      if (pair[0] == AT_PHDR) program_headers_ = pair[1];
    }
  }

  /// How many, the unit of offsets, so many times start, end and offset, and then the names.
  void add_mappings(const char* what, std::size_t size) {
    const auto word = [&](std::size_t i) {
      std::uint64_t w = 0;
      if ((i + 1) * sizeof w <= size) std::memcpy(&w, what + i * sizeof w, sizeof w);
      return w;
    };
    const std::uint64_t n = std::min<std::uint64_t>(word(0), size / 24);
    const char* name = what + (2 + 3 * n) * 8;
    for (std::size_t i = 0; i < n && name < what + size; ++i) {
      const std::string path(name, ::strnlen(name, static_cast<std::size_t>(what + size - name)));
      mappings_.push_back(
          {word(2 + 3 * i), word(3 + 3 * i), word(4 + 3 * i) * word(1), path, path});
      name += path.size() + 1;
    }
  }

  const std::string path_;
  const elf_file file_;
  std::map<std::uint64_t, GElf_Phdr> segments_;
  std::vector<mapping> mappings_;
  std::vector<thread> threads_;
  std::uint64_t program_headers_ = 0;
  std::map<std::string, elf_file> files_;
  std::set<std::string> others_;  // of them that are not what was mapped
  std::string missing_;
};

}

std::unique_ptr<target> open_core(const std::string& core, const std::string& executable) {
  elf_version(EV_CURRENT);
  return std::make_unique<core_file>(core, executable);
}

}
