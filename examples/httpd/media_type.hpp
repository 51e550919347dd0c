// SPDX-License-Identifier: BSD-2-Clause
// What a file's name says about its content.
#pragma once
#include <string_view>

namespace httpd {

/// Returns the value of Content-Type for a file of this name or path.
[[nodiscard]] std::string_view media_type(std::string_view path) noexcept;

}  // namespace httpd
