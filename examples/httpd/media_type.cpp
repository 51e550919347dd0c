// SPDX-License-Identifier: BSD-2-Clause
#include "media_type.hpp"

#include "ascii.hpp"

namespace httpd {
namespace {

struct known_type {
  std::string_view extension;
  std::string_view type;
};

constexpr std::string_view text = "text/plain; charset=utf-8";
constexpr std::string_view bytes = "application/octet-stream";

constexpr known_type known[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"xhtml", "application/xhtml+xml"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"txt", text},
    {"md", text},
    {"rst", text},
    {"log", text},
    {"conf", text},
    {"c", text},
    {"h", text},
    {"cpp", text},
    {"hpp", text},
    {"py", text},
    {"sh", text},
    {"csv", "text/csv; charset=utf-8"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"svg", "image/svg+xml"},
    {"webp", "image/webp"},
    {"ico", "image/x-icon"},
    {"pdf", "application/pdf"},
    {"ps", "application/postscript"},
    {"gz", "application/gzip"},
    {"xz", "application/x-xz"},
    {"zip", "application/zip"},
    {"wasm", "application/wasm"},
    {"woff2", "font/woff2"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
};

}  // namespace

std::string_view media_type(std::string_view path) noexcept {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos) return text;  // README, copyright, changelog
  for (const known_type& k : known)
    if (same_ignoring_case(k.extension, name.substr(dot + 1))) return k.type;
  return bytes;
}

}  // namespace httpd
