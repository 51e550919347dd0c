// SPDX-License-Identifier: BSD-2-Clause
// Where the process's control group is, as the kernel's two files tell it.
#include "base/os_cgroup.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/scratch.hpp"

namespace pool9::test {
namespace {

namespace os = base::os;

/// The directory found for such files; "none".
std::string found(const std::string& cgroup, const std::string& mountinfo) {
  const scratch_directory dir;
  const std::string a = dir.write("cgroup", cgroup), b = dir.write("mountinfo", mountinfo);
  os::path p;
  return os::find_cgroup(a.c_str(), b.c_str(), p) ? std::string(p.view()) : "none";
}

const std::string v2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
const std::string others =
    "22 28 0:21 / /sys rw - sysfs sysfs rw\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";

TEST(OsCgroup, IsUnderItsMount) {
  EXPECT_EQ(found("0::/user.slice/a.scope\n", others + v2), "/sys/fs/cgroup/user.slice/a.scope");
}

TEST(OsCgroup, MayBeBesideGroupsOfVersionOne) {
  EXPECT_EQ(found("4:memory:/x\n1:cpu:/\n0::/y\n",
                  others + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"),
            "/sys/fs/cgroup/unified/y");
}

TEST(OsCgroup, MayBeTheRoot) { EXPECT_EQ(found("0::/\n", v2), "/sys/fs/cgroup/"); }

TEST(OsCgroup, IsCountedFromWhatIsMounted) {
  const std::string part = "29 23 0:26 /pod/a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(found("0::/pod/a/b\n", part), "/sys/fs/cgroup/b");
  EXPECT_EQ(found("0::/pod/a\n", part), "/sys/fs/cgroup");
  EXPECT_EQ(found("0::/pod/ab\n", part), "none") << "a name that only begins like it";
  EXPECT_EQ(found("0::/else\n", part + "30 23 0:26 / /mnt/all rw - cgroup2 none rw\n"),
            "/mnt/all/else");
}

TEST(OsCgroup, NamesMayHaveSpaces) {
  EXPECT_EQ(found("0::/a b\n", "29 23 0:26 / /my\\040groups\\134 rw - cgroup2 none rw\n"),
            "/my groups\\/a b");
}

TEST(OsCgroup, MayBeNowhere) {
  EXPECT_EQ(found("", v2), "none");
  EXPECT_EQ(found("4:memory:/x\n", v2), "none");
  EXPECT_EQ(found("0::/x\n", others), "none");
  EXPECT_EQ(found("0::/../x\n", v2), "none") << "outside of the process's namespace";
  os::path p;
  EXPECT_FALSE(os::find_cgroup("/nowhere/cgroup", "/nowhere/mountinfo", p));
}

TEST(OsCgroup, LongLinesOfOtherMountsDoNotMatter) {
  const std::string overlay =
      "50 1 0:44 / / rw - overlay overlay rw,lowerdir=" + std::string(20'000, 'x') + "\n";
  std::string many;
  for (int i = 0; i < 1000; ++i) many += others;
  EXPECT_EQ(found("0::/x\n", overlay + many + overlay + v2), "/sys/fs/cgroup/x");
  EXPECT_EQ(found("0::/" + std::string(9'000, 'x') + "\n", v2).size(), 1023u) << "is cut";
}

TEST(OsCgroup, LastLineMayHaveNoEnd) {
  EXPECT_EQ(found("0::/x", v2.substr(0, v2.size() - 1)), "/sys/fs/cgroup/x");
}

}  // namespace
}  // namespace pool9::test
