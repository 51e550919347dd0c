// SPDX-License-Identifier: BSD-2-Clause
// examples/httpd: which file a target names, and that none outside the root is ever opened.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "file_tree.hpp"
#include "media_type.hpp"
#include "target.hpp"

namespace {
using namespace httpd;
namespace fs = std::filesystem;

struct resolved {
  int status;
  std::string text;
  bool directory;
  bool operator==(const resolved&) const = default;
};
std::ostream& operator<<(std::ostream& out, const resolved& r) {
  return out << r.status << " '" << r.text << "'" << (r.directory ? " directory" : "");
}
resolved resolve(std::string_view target) {
  path_room room;
  const local_path p = resolve_target(target, room);
  EXPECT_TRUE(p.status != 200 || p.text.data()[p.text.size()] == '\0');
  return {p.status, std::string(p.text), p.directory};
}

TEST(HttpdTarget, IsAPathRelativeToTheRoot) {
  EXPECT_EQ(resolve("/"), (resolved{200, "", true}));
  EXPECT_EQ(resolve("/a"), (resolved{200, "a", false}));
  EXPECT_EQ(resolve("/a/b.txt"), (resolved{200, "a/b.txt", false}));
  EXPECT_EQ(resolve("/a/b/"), (resolved{200, "a/b", true}));
}

TEST(HttpdTarget, LosesQueryAndEmptySegments) {
  EXPECT_EQ(resolve("/a?b/../c"), (resolved{200, "a", false}));
  EXPECT_EQ(resolve("/?"), (resolved{200, "", true}));
  EXPECT_EQ(resolve("//a///b"), (resolved{200, "a/b", false}));
}

TEST(HttpdTarget, IsDecodedOnce) {
  EXPECT_EQ(resolve("/a%20b%2E%c3%A9"), (resolved{200, "a b.\xc3\xa9", false}));
  EXPECT_EQ(resolve("/%2541"), (resolved{200, "%41", false}));
  EXPECT_EQ(resolve("/%3fa"), (resolved{200, "?a", false}));
}

TEST(HttpdTarget, ResolvesDots) {
  EXPECT_EQ(resolve("/./a/./b/."), (resolved{200, "a/b", true}));
  EXPECT_EQ(resolve("/a/../b"), (resolved{200, "b", false}));
  EXPECT_EQ(resolve("/a/b/.."), (resolved{200, "a", true}));
  EXPECT_EQ(resolve("/a/.."), (resolved{200, "", true}));
  EXPECT_EQ(resolve("/.../..a/a.."), (resolved{200, ".../..a/a..", false}));
}

TEST(HttpdTarget, NeverLeavesTheRoot) {
  for (const char* target : {"/..", "/../etc/passwd", "/%2e%2e/etc", "/.%2E/", "/a/../..",
                             "/a/../../a", "/./../a", "//..", "/a//../../b"})
    EXPECT_EQ(resolve(target).status, 403) << target;
}

TEST(HttpdTarget, IsRefusedIfItCannotBeAName) {
  for (const char* target : {"/%", "/%4", "/%4g", "/%-1", "/a%00b", "/a#b"})
    EXPECT_EQ(resolve(target).status, 400) << target;
  EXPECT_EQ(resolve("/a%2fb").status, 404);
  EXPECT_EQ(resolve("/..%2fb").status, 404);
}

TEST(HttpdTarget, IsRefusedIfTheSystemCouldNotOpenIt) {
  EXPECT_EQ(resolve("/" + std::string(PATH_MAX - 1, 'a')).status, 200);
  EXPECT_EQ(resolve("/" + std::string(PATH_MAX, 'a')).status, 414);
  EXPECT_EQ(resolve("/" + std::string(PATH_MAX - 2, 'a') + "/b").status, 414);
}

TEST(HttpdTarget, HasALastSegment) {
  EXPECT_EQ(last_segment("/a/b%20c?d/e"), "b%20c");
  EXPECT_EQ(last_segment("/a"), "a");
  EXPECT_EQ(last_segment("/"), "");
}

TEST(HttpdMediaType, FollowsTheExtension) {
  EXPECT_EQ(media_type("a/b.HTML"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type("changelog.Debian.gz"), "application/gzip");
  EXPECT_EQ(media_type("a.b/copyright"), "text/plain; charset=utf-8");
  EXPECT_EQ(media_type("a.unheard"), "application/octet-stream");
}

/// A directory with a file inside, a file outside, and links between them.
class HttpdFileTree : public ::testing::Test {
 protected:
  HttpdFileTree() {
    std::string name = (fs::temp_directory_path() / "httpd_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category());
    base_ = name;
    fs::create_directories(base_ / "top" / "sub");
    fs::create_directories(base_ / "top-secret");
    std::ofstream(base_ / "top" / "file") << "inside";
    std::ofstream(base_ / "top-secret" / "file") << "outside";
    fs::create_symlink("../file", base_ / "top" / "sub" / "inward");
    fs::create_symlink("../../top-secret/file", base_ / "top" / "sub" / "outward");
    fs::create_symlink("../top-secret", base_ / "top" / "way-out");
    fs::create_symlink("/etc/passwd", base_ / "top" / "absolute");
    fs::create_symlink("loop", base_ / "top" / "loop");
  }
  ~HttpdFileTree() override { fs::remove_all(base_); }

  int status_of(const char* path) const { return file_tree(base_ / "top").open(path).status; }

  fs::path base_;
};

TEST_F(HttpdFileTree, OpensFilesAndDirectoriesBelowTheRoot) {
  const file_tree tree(base_ / "top");
  const auto file = tree.open("file");
  ASSERT_EQ(file.status, 200);
  EXPECT_TRUE(S_ISREG(file.about.st_mode));
  EXPECT_EQ(file.about.st_size, 6);
  EXPECT_TRUE(S_ISDIR(tree.open("sub").about.st_mode));
  EXPECT_TRUE(S_ISDIR(tree.open("").about.st_mode));
  EXPECT_EQ(tree.open("sub/inward").status, 200);
}

TEST_F(HttpdFileTree, RefusesWhateverLeadsOutOfTheRoot) {
  EXPECT_EQ(status_of("sub/outward"), 403);
  EXPECT_EQ(status_of("way-out/file"), 403);
  EXPECT_EQ(status_of("way-out"), 403);
  EXPECT_EQ(status_of("absolute"), 403);
  EXPECT_EQ(status_of("../top-secret/file"), 403);
  EXPECT_EQ(status_of("/etc/passwd"), 403);
}

TEST_F(HttpdFileTree, TellsWhatIsNotThereFromWhatIsForbidden) {
  EXPECT_EQ(status_of("none"), 404);
  EXPECT_EQ(status_of("file/none"), 404);
  EXPECT_EQ(status_of(std::string(300, 'a').c_str()), 404);
  EXPECT_EQ(status_of("loop"), 403);
}

TEST_F(HttpdFileTree, ServesNothingButFilesAndDirectories) {
  ASSERT_EQ(::mkfifo((base_ / "top" / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(status_of("fifo"), 403);
}

TEST_F(HttpdFileTree, MustExist) {
  EXPECT_THROW(file_tree(base_ / "none"), std::system_error);
  EXPECT_THROW(file_tree(base_ / "top" / "file"), std::system_error);
}

}  // namespace
