// SPDX-License-Identifier: BSD-2-Clause
// How the library in the target lays its data out, as its own note says.
//
// The note is found in memory: every ELF image has its program headers mapped at its start, and
// they say where its notes are.  So it does not matter whether the file is stripped, deleted, or in
// another container.
#pragma once
#include <cstring>
#include <map>

#include "target.hpp"

namespace poolstat {

class layout {
 public:
  struct member {
    std::uint32_t offset, size;
  };
  /// Throws trouble if it cannot be read, or is of a version to come.
  layout(target& from, std::uint64_t address);

  /// size 0: that library has no such member.
  member at(const char* type, const char* name) const {
    const auto found = members_.find(std::string(type) + "." + name);
    return found == members_.end() ? member{0, 0} : found->second;
  }
  std::size_t size_of(const char* type) const { return at(type, "").size; }
  std::uint64_t constant(const char* type, const char* name) const { return at(type, name).offset; }

 private:
  std::map<std::string, member> members_;
};

/// A copy of an object of the target's.
class object {
 public:
  /// Not valid if the address cannot be read.
  object(target& from, const layout& l, const char* type, std::uint64_t address)
      : layout_(&l), type_(type), address_(address), bytes_(l.size_of(type)) {
    valid_ = !bytes_.empty() && from.read(address, bytes_.data(), bytes_.size());
  }
  explicit operator bool() const { return valid_; }
  /// Not a byte differs.
  bool operator==(const object& other) const { return bytes_ == other.bytes_; }
  std::uint64_t address() const { return address_; }
  std::uint64_t address_of(const char* name) const {
    return address_ + layout_->at(type_, name).offset;
  }
  /// A number of up to eight bytes; 0 if there is no such member.
  std::uint64_t operator[](const char* name) const {
    std::uint64_t n = 0;
    copy(name, &n, sizeof n);
    return n;
  }
  std::size_t size_of(const char* name) const { return layout_->at(type_, name).size; }
  /// The first bytes of a member, `most` at most.
  void copy(const char* name, void* to, std::size_t most) const {
    const layout::member m = layout_->at(type_, name);
    if (m.offset + std::size_t{m.size} <= bytes_.size())
      std::memcpy(to, bytes_.data() + m.offset, std::min<std::size_t>(m.size, most));
  }

 private:
  const layout* layout_;
  const char* type_;
  std::uint64_t address_;
  std::vector<unsigned char> bytes_;
  bool valid_;
};

/// A copy of the library in the target: most programs have one.
struct library {
  layout members;
  std::uint64_t root;  // the address of what the note calls the registry's root
};
std::vector<library> find_libraries(target& in);

}
