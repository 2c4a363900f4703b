#include "platform/remove_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/file_descriptor.h"
#include "tests/support/temp_directory.h"

namespace weir::platform {
namespace {

using testing::Exists;
using testing::TempDirectory;
using testing::WriteWholeFile;

constexpr char kLongName[] = "a-directory-in-a-directory";

// A chain of directories that no path name can reach, made step by step.
void MakeDeep(const std::string& top, int depth) {
  ASSERT_EQ(::mkdir(top.c_str(), 0700), 0);
  FileDescriptor fd(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(::mkdirat(fd.get(), kLongName, 0700), 0);
    const FileDescriptor file(::openat(fd.get(), "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ASSERT_TRUE(file.valid());
    fd = FileDescriptor(::openat(fd.get(), kLongName, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
}

TEST(RemoveDirectoryTree, RemovesFilesDirectoriesAndSpecialFiles) {
  const TempDirectory directory;
  const std::string top = directory / "top";
  ASSERT_EQ(::mkdir(top.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((top + "/a").c_str(), 0700), 0);
  WriteWholeFile(top + "/a/file", "x");
  ASSERT_EQ(::mkfifo((top + "/a/pipe").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("/nowhere", (top + "/a/dangling").c_str()), 0);
  EXPECT_TRUE(RemoveDirectoryTree(top).ok());
  EXPECT_FALSE(Exists(top));
}

TEST(RemoveDirectoryTree, FollowsNoSymbolicLink) {
  const TempDirectory directory;
  ASSERT_EQ(::mkdir((directory / "precious").c_str(), 0700), 0);
  WriteWholeFile(directory / "precious/file", "x");
  ASSERT_EQ(::mkdir((directory / "top").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("../precious", (directory / "top/link").c_str()), 0);
  ASSERT_EQ(::symlink("precious", (directory / "outer").c_str()), 0);
  EXPECT_TRUE(RemoveDirectoryTree(directory / "top").ok());
  EXPECT_TRUE(RemoveDirectoryTree(directory / "outer").ok());
  EXPECT_FALSE(Exists(directory / "top"));
  EXPECT_FALSE(Exists(directory / "outer"));
  EXPECT_TRUE(Exists(directory / "precious/file"));
}

TEST(RemoveDirectoryTree, RemovesDirectoriesWithoutRights) {
  const TempDirectory directory;
  for (const char* name : {"top", "top/a", "top/a/b"}) {
    ASSERT_EQ(::mkdir((directory / name).c_str(), 0700), 0);
  }
  WriteWholeFile(directory / "top/a/b/file", "x");
  for (const char* name : {"top/a/b", "top/a", "top"}) {
    ASSERT_EQ(::chmod((directory / name).c_str(), 0), 0);
  }
  EXPECT_TRUE(RemoveDirectoryTree(directory / "top").ok());
  EXPECT_FALSE(Exists(directory / "top"));
}

TEST(RemoveDirectoryTree, RemovesATreeDeeperThanAnyPathWithFewDescriptors) {
  const TempDirectory directory;
  MakeDeep(directory / "top", 400);
  // The tree may even hold the names that the removal moves things to.
  ASSERT_EQ(::mkdir((directory / "top/.removing-0").c_str(), 0700), 0);
  WriteWholeFile(directory / "top/.removing-0/file", "x");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 128;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const Status removed = RemoveDirectoryTree(directory / "top");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(removed.ok()) << removed.error().ToString();
  EXPECT_FALSE(Exists(directory / "top"));
}

TEST(RemoveDirectoryTree, RemovesADirectoryOfManyFiles) {
  const TempDirectory directory;
  ASSERT_EQ(::mkdir((directory / "top").c_str(), 0700), 0);
  for (int i = 0; i < 4200; ++i) {
    const FileDescriptor fd(::open(
        (directory / "top/f" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ASSERT_TRUE(fd.valid());
  }
  EXPECT_TRUE(RemoveDirectoryTree(directory / "top").ok());
  EXPECT_FALSE(Exists(directory / "top"));
}

TEST(RemoveDirectoryTree, SaysWhatCannotBeRemoved) {
  const Status removed = RemoveDirectoryTree("/proc/self");
  ASSERT_FALSE(removed.ok());
  EXPECT_THAT(removed.error().message, ::testing::HasSubstr("/proc/self"));
}

}  // namespace
}  // namespace weir::platform
