// SPDX-License-Identifier: BSD-2-Clause
// The command line.
#pragma once
#include <optional>

#include "server.hpp"

namespace httpd {

/// Returns what the command line asks for; nothing if that was all to do, after printing the help
/// or what is wrong, and then `exit_status` says how it went.
[[nodiscard]] std::optional<server_options> parse_command_line(int argc, char** argv,
                                                               int& exit_status);

}  // namespace httpd
