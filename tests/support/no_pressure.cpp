// SPDX-License-Identifier: BSD-2-Clause
// In tests the machine's own shortages are not noticed: pages would go back that a test counts.
#include "base/pressure.hpp"

namespace pool9::test {
namespace {

[[maybe_unused]] const bool is_deaf = [] {
  base::pressure::look_at({"/nowhere/pressure", "/nowhere/cgroup", "/nowhere/mountinfo"});
  return true;
}();

}  // namespace
}  // namespace pool9::test
