// SPDX-License-Identifier: BSD-2-Clause
#include "listing.hpp"

#include <cstring>

#include "ascii.hpp"

namespace httpd {
namespace {

void write_as_link(std::string_view name, text_writer& out) noexcept {
  constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : name) {
    if (is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.') {
      out << c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out << '%' << digits[byte >> 4] << digits[byte & 15];
    }
  }
}

void write_as_html(std::string_view name, text_writer& out) noexcept {
  for (const char c : name) {
    switch (c) {
      case '&':
        out << "&amp;";
        break;
      case '<':
        out << "&lt;";
        break;
      default:
        out << (is_control(c) ? '?' : c);
    }
  }
}

}  // namespace

listing::listing(descriptor directory, bool chunked) noexcept
    : directory_(::fdopendir(directory.get())), chunked_(chunked) {
  if (directory_ == nullptr) return;
  (void)directory.release();  // the stream owns it now
  next_entry();
}

std::size_t listing::fill(std::span<char> room) noexcept {
  if (finished_) return 0;
  if (!chunked_) return fill_plain(room);
  // "hhhh\r\n", the piece, "\r\n", and the empty chunk that ends the page.
  constexpr std::size_t before = 6;
  constexpr std::size_t after = 7;
  const std::size_t n = fill_plain(room.subspan(before, room.size() - before - after));
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < 4; ++i) room[i] = digits[n >> (12 - 4 * i) & 15];
  std::memcpy(room.data() + 4, "\r\n", 2);
  text_writer tail(room.subspan(before + n));
  tail << "\r\n";
  if (finished_) tail << "0\r\n\r\n";
  return before + n + tail.size();
}

std::size_t listing::fill_plain(std::span<char> room) noexcept {
  text_writer out(room);
  if (!begun_) out << "<!doctype html><meta charset=utf-8><title>Directory</title><ul>\n";
  begun_ = true;
  for (; entry_ != nullptr; next_entry()) {
    const std::size_t start = out.size();
    const std::string_view name = entry_->d_name;
    const std::string_view slash = entry_->d_type == DT_DIR ? "/" : "";
    out << "<li><a href=\"./";
    write_as_link(name, out);
    out << slash << "\">";
    write_as_html(name, out);
    out << slash << "</a>\n";
    if (!out.complete()) {
      out.cut_back(start);
      return out.size();
    }
  }
  const std::size_t start = out.size();
  out << "</ul>\n";
  finished_ = out.complete();
  if (!finished_) out.cut_back(start);
  return out.size();
}

void listing::next_entry() noexcept {
  do {
    entry_ = ::readdir(directory_.get());
  } while (entry_ != nullptr && std::string_view(entry_->d_name) == ".");
}

}  // namespace httpd
