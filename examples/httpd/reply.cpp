// SPDX-License-Identifier: BSD-2-Clause
#include "reply.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "media_type.hpp"

namespace httpd {
namespace {

std::string_view reason(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

/// The date of now, formatted once a second by each thread.
std::string_view date_of_now() noexcept {
  thread_local std::time_t when = -1;
  thread_local char text[http_date_length + 1];
  const std::time_t now = std::time(nullptr);
  if (now != when) format_http_date(now, text);
  when = now;
  return {text, http_date_length};
}

}  // namespace

reply reply::to(const request& r, const file_tree& files) noexcept {
  reply answer;
  answer.http_1_0_ = r.http_1_0;
  answer.head_only_ = r.verb == method::head;
  path_room room;
  answer.decide(r, files, room);
  return answer;
}

reply reply::refusal(int status) noexcept {
  reply answer;
  answer.status_ = status;
  return answer;
}

void reply::decide(const request& r, const file_tree& files, path_room& room) noexcept {
  const local_path path = resolve_target(r.target, room);
  status_ = path.status;
  if (status_ != 200) return;
  file_tree::opened found = files.open(room);
  status_ = found.status;
  if (status_ != 200) return;
  if (S_ISDIR(found.about.st_mode))
    serve_directory(r, files, path, room, std::move(found));
  else if (path.directory)
    status_ = 404;  // a slash after the name of a file
  else
    serve_file(r, path.text, std::move(found));
}

void reply::serve_directory(const request& r, const file_tree& files, local_path path,
                            path_room& room, file_tree::opened found) noexcept {
  if (!path.directory) {
    status_ = 301;
    location_ = last_segment(r.target);
    return;
  }
  constexpr std::string_view index = "/index.html";
  const std::size_t skip = path.text.empty() ? 1 : 0;  // no slash in front at the root
  text_writer out{std::span(room).subspan(path.text.size())};
  out << index.substr(skip) << '\0';
  if (out.complete()) {
    file_tree::opened page = files.open(room);
    if (page.status == 200 && S_ISREG(page.about.st_mode))
      return serve_file(r, index, std::move(page));
  }
  type_ = media_type(index);
  listing all(std::move(found.file), !http_1_0_);
  if (!all.opened())
    status_ = 503;
  else
    body_ = std::move(all);
}

void reply::serve_file(const request& r, std::string_view path, file_tree::opened found) noexcept {
  const struct stat& about = found.about;
  size_ = static_cast<std::uint64_t>(about.st_size);
  modified_ = about.st_mtime;
  type_ = media_type(path);
  const auto ns = static_cast<unsigned long long>(about.st_mtim.tv_sec) * 1'000'000'000u +
                  static_cast<unsigned long long>(about.st_mtim.tv_nsec);
  std::snprintf(tag_, sizeof tag_, "\"%llx-%llx\"", static_cast<unsigned long long>(size_), ns);

  range_ = {byte_range::kind::whole, 0, size_};
  if (client_has_it(r)) {
    status_ = 304;
    return;
  }
  range_ = wanted_range(r, size_);
  if (range_.what == byte_range::kind::unsatisfiable) {
    status_ = 416;
    return;
  }
  if (range_.what == byte_range::kind::part) status_ = 206;
  body_ = file_part{std::move(found.file), range_.offset, range_.length};
}

bool reply::client_has_it(const request& r) const noexcept {
  if (!r.if_none_match.empty()) return names_tag(r.if_none_match, tag_);
  if (r.if_modified_since.empty()) return false;
  const auto since = parse_http_date(r.if_modified_since);
  return since && modified_ <= *since;
}

byte_range reply::wanted_range(const request& r, std::uint64_t size) const noexcept {
  const byte_range all{byte_range::kind::whole, 0, size};
  if (r.range.empty() || r.verb != method::get) return all;
  if (!r.if_range.empty() && r.if_range != tag_) {
    const auto date = parse_http_date(r.if_range);
    if (!date || *date != modified_) return all;
  }
  return parse_range(r.range, size);
}

bool reply::needs_close() const noexcept {
  return http_1_0_ && std::holds_alternative<listing>(body_) && !head_only_;
}

void reply::write_head(text_writer& out, bool keep_alive) const noexcept {
  out << "HTTP/1.1 " << static_cast<unsigned>(status_) << ' ' << reason(status_)
      << "\r\nServer: pool9-httpd\r\nDate: " << date_of_now() << "\r\n";
  if (!keep_alive)
    out << "Connection: close\r\n";
  else if (http_1_0_)
    out << "Connection: keep-alive\r\n";
  if (modified_ != 0 && status_ < 400) {
    char date[http_date_length + 1];
    out << "Last-Modified: " << format_http_date(modified_, date) << "\r\nETag: " << tag_
        << "\r\nAccept-Ranges: bytes\r\n";
  }
  if (status_ == 301) out << "Location: ./" << location_ << "/\r\n";
  if (status_ == 405) out << "Allow: GET, HEAD\r\n";
  if (status_ == 416) out << "Content-Range: bytes */" << size_ << "\r\n";
  if (status_ == 200 || status_ == 206)
    write_about_body(out);
  else if (status_ != 304)
    out << "Content-Type: text/plain\r\nContent-Length: " << reason(status_).size() + 5 << "\r\n";
  out << "\r\n";
  // Whatever is refused says so in its body as well: "404 Not Found\n".
  if (status_ > 206 && status_ != 304 && !head_only_)
    out << static_cast<unsigned>(status_) << ' ' << reason(status_) << '\n';
}

void reply::write_about_body(text_writer& out) const noexcept {
  out << "Content-Type: " << type_ << "\r\n";
  if (std::holds_alternative<listing>(body_)) {
    if (!http_1_0_) out << "Transfer-Encoding: chunked\r\n";
    return;
  }
  if (status_ == 206)
    out << "Content-Range: bytes " << range_.offset << '-' << range_.offset + range_.length - 1
        << '/' << size_ << "\r\n";
  out << "Content-Length: " << range_.length << "\r\n";
}

std::size_t reply::fill(std::span<char> room) noexcept {
  if (finished()) return 0;
  if (auto* const all = std::get_if<listing>(&body_)) return all->fill(room);
  file_part& part = std::get<file_part>(body_);
  const std::size_t want = std::min<std::uint64_t>(part.left, room.size());
  const ssize_t n = ::pread(part.file.get(), room.data(), want, static_cast<off_t>(part.offset));
  if (n <= 0) {
    broken_ = true;
    return 0;
  }
  part.offset += static_cast<std::uint64_t>(n);
  part.left -= static_cast<std::uint64_t>(n);
  return static_cast<std::size_t>(n);
}

bool reply::finished() const noexcept {
  if (head_only_ || broken_) return true;
  if (const auto* const part = std::get_if<file_part>(&body_)) return part->left == 0;
  if (const auto* const all = std::get_if<listing>(&body_)) return all->finished();
  return true;
}

}  // namespace httpd
