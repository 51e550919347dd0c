// SPDX-License-Identifier: BSD-2-Clause
// Names of functions in the target, as far as its files tell.
#pragma once
#include "target.hpp"

namespace poolstat {

/// "serve(waiter&)+0x1c (httpd)", "httpd+0x4f1c", or the address alone.
std::string name_of(const std::vector<mapping>& all, std::uint64_t address);

}
