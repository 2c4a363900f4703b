#include "platform/file_system.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_directory.h"

namespace weir::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadWholeFile;
using testing::TempDirectory;
using testing::WriteWholeFile;

FileSystem& Files() {
  return FileSystem::Real();
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST(FileSystem, WritesReadsAndDescribesAFile) {
  const TempDirectory directory;
  auto file = Files().Create(directory / "file", 0640);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->Append("hello ").ok());
  EXPECT_TRUE((*file)->Append("world").ok());
  EXPECT_TRUE((*file)->Sync().ok());
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_EQ(Files().ReadFile(directory / "file", 100).value(), "hello world");
  const auto info = Files().Stat(directory / "file");
  EXPECT_EQ(info->size, 11);
  EXPECT_FALSE(info->is_directory);
  EXPECT_GT(info->mtime_ms, 1'600'000'000'000);
  EXPECT_EQ(ModeOf(directory / "file"), 0640u);
}

TEST(FileSystem, KeepsAFileWithoutANameUntilItHasOne) {
  const TempDirectory directory;
  const auto make = [&](const std::string& name) {
    auto file = Files().CreateUnnamed(directory / name, 0640);
    EXPECT_TRUE(file.ok()) << file.error().ToString();
    EXPECT_TRUE((*file)->Append("hello").ok());
    EXPECT_TRUE((*file)->Sync().ok());
    return std::move(file).value();
  };
  auto named = make("named");
  auto dropped = make("dropped");
  EXPECT_THAT(Files().List(directory.path()).value(), ElementsAre());
  EXPECT_TRUE(named->GiveName().ok());
  EXPECT_EQ(named->GiveName().error().code, ErrorCode::kAlreadyExists);
  WriteWholeFile(directory / "taken", "old");
  EXPECT_EQ(make("taken")->GiveName().error().code, ErrorCode::kAlreadyExists);
  named = nullptr;
  dropped = nullptr;
  EXPECT_THAT(Files().List(directory.path()).value(), ElementsAre("named", "taken"));
  EXPECT_EQ(ReadWholeFile(directory / "named"), "hello");
  EXPECT_EQ(ReadWholeFile(directory / "taken"), "old");
  EXPECT_EQ(ModeOf(directory / "named"), 0640u);
  EXPECT_EQ(Files().CreateUnnamed(directory / "none/file", 0600).error().code,
            ErrorCode::kNotFound);
}

TEST(FileSystem, SaysThatAFileSystemHasNoFilesWithoutAName) {
  const auto unable = Files().CreateUnnamed("/proc/file", 0600);
  ASSERT_FALSE(unable.ok());
  // Who may not write there hears of that first.
  const ErrorCode expected =
      ::geteuid() == 0 ? ErrorCode::kFailedPrecondition : ErrorCode::kPermissionDenied;
  EXPECT_EQ(unable.error().code, expected) << unable.error().ToString();
}

TEST(FileSystem, AppendsToWhatIsThereAndCutsIt) {
  const TempDirectory directory;
  for (const char* text : {"one ", "two"}) {
    auto file = Files().OpenForAppending(directory / "file", 0640);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE((*file)->Append(text).ok());
    EXPECT_TRUE((*file)->Close().ok());
  }
  EXPECT_EQ(ReadWholeFile(directory / "file"), "one two");
  EXPECT_EQ(ModeOf(directory / "file"), 0640u);
  EXPECT_TRUE(Files().Truncate(directory / "file", 3).ok());
  EXPECT_EQ(ReadWholeFile(directory / "file"), "one");
  EXPECT_EQ(Files().Truncate(directory / "none", 0).error().code, ErrorCode::kNotFound);
  ASSERT_EQ(::symlink((directory / "file").c_str(), (directory / "link").c_str()), 0);
  EXPECT_FALSE(Files().OpenForAppending(directory / "link", 0640).ok());
}

TEST(FileSystem, SetsModesWhateverTheUmask) {
  const TempDirectory directory;
  const mode_t before = ::umask(0077);
  const auto file = Files().Create(directory / "file", 0666);
  EXPECT_TRUE(Files().MakeDirectories(directory / "a/b/c", 0755).ok());
  ::umask(before);
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_EQ(ModeOf(directory / "file"), 0666u);
  EXPECT_EQ(ModeOf(directory / "a"), 0755u);
  EXPECT_EQ(ModeOf(directory / "a/b/c"), 0755u);
}

TEST(FileSystem, LeavesTheModeOfDirectoriesThatWereThere) {
  const TempDirectory directory;
  ASSERT_TRUE(Files().MakeDirectories(directory / "a", 0700).ok());
  ASSERT_TRUE(Files().MakeDirectories(directory / "a/b", 0755).ok());
  EXPECT_EQ(ModeOf(directory / "a"), 0700u);
}

TEST(FileSystem, SaysWhatIsWrongWithAPath) {
  const TempDirectory directory;
  WriteWholeFile(directory / "file", "0123456789");
  ASSERT_EQ(::symlink("file", (directory / "link").c_str()), 0);
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  const std::pair<Error, ErrorCode> cases[] = {
      {Files().ReadFile(directory / "none", 10).error(), ErrorCode::kNotFound},
      {Files().Stat(directory / "none").error(), ErrorCode::kNotFound},
      {Files().List(directory / "none").error(), ErrorCode::kNotFound},
      {Files().Create(directory / "none/file", 0600).error(), ErrorCode::kNotFound},
      {Files().ReadFile(directory / "file", 9).error(), ErrorCode::kResourceExhausted},
      {Files().ReadFile(directory / "pipe", 9).error(), ErrorCode::kInvalidArgument},
      {Files().ReadFile(directory.path(), 9).error(), ErrorCode::kInvalidArgument},
      {Files().Create(directory / "link", 0600).error(), ErrorCode::kUnavailable},
      {Files().MakeDirectories(directory / "file", 0700).error(), ErrorCode::kAlreadyExists},
      {Files().MakeDirectories(directory / "file/a", 0700).error(), ErrorCode::kAlreadyExists},
      {Files().Rename(directory / "none", directory / "x").error(), ErrorCode::kNotFound},
      {Files().Link(directory / "none", directory / "x").error(), ErrorCode::kNotFound},
      {Files().Link(directory / "file", directory / "link").error(), ErrorCode::kAlreadyExists},
      {Files().Remove(directory.path()).error(), ErrorCode::kUnavailable},
      {Files().SyncDirectory(directory / "none").error(), ErrorCode::kNotFound},
  };
  for (const auto& [error, code] : cases) {
    EXPECT_EQ(error.code, code) << error.ToString();
    EXPECT_THAT(error.message, HasSubstr(directory.path()));
  }
  EXPECT_EQ(ReadWholeFile(directory / "file"), "0123456789");
}

TEST(FileSystem, ReadsAFileOfExactlyTheLimit) {
  const TempDirectory directory;
  WriteWholeFile(directory / "file", "0123456789");
  EXPECT_EQ(Files().ReadFile(directory / "file", 10).value(), "0123456789");
}

TEST(FileSystem, SaysThatTheDiskIsFull) {
  auto file = Files().Create("/dev/full", 0666);
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  const Status written = (*file)->Append("x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(written.error().message, HasSubstr("No space left"));
  EXPECT_TRUE((*file)->Close().ok());
}

TEST(FileSystem, ListsNamesInOrder) {
  const TempDirectory directory;
  for (const char* name : {"b", "a", ".hidden", "c"}) WriteWholeFile(directory / name, "");
  EXPECT_THAT(Files().List(directory.path()).value(), ElementsAre(".hidden", "a", "b", "c"));
}

TEST(FileSystem, DoesNotMindRemovingWhatIsGone) {
  const TempDirectory directory;
  EXPECT_TRUE(Files().Remove(directory / "none").ok());
  EXPECT_TRUE(Files().RemoveTree(directory / "none").ok());
}

TEST(FileSystem, LinksAFile) {
  const TempDirectory directory;
  WriteWholeFile(directory / "from", "content");
  ASSERT_TRUE(Files().Link(directory / "from", directory / "to").ok());
  EXPECT_EQ(ReadWholeFile(directory / "to"), "content");
}

TEST(FileSystem, CopiesWhereItCannotLink) {
  const TempDirectory directory;
  struct stat here {};
  struct stat there {};
  ASSERT_EQ(::stat(directory.path().c_str(), &here), 0);
  if (::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev ||
      ::access("/dev/shm", W_OK) != 0) {
    GTEST_SKIP() << "no second file system to write to";
  }
  std::string beyond = "/dev/shm/weir-test-XXXXXX";
  ASSERT_NE(::mkdtemp(beyond.data()), nullptr);
  const std::string content(700'000, 'x');
  WriteWholeFile(directory / "from", content);
  ASSERT_EQ(::chmod((directory / "from").c_str(), 0750), 0);
  EXPECT_TRUE(Files().Link(directory / "from", beyond + "/to").ok());
  EXPECT_EQ(ReadWholeFile(beyond + "/to"), content);
  EXPECT_EQ(ModeOf(beyond + "/to"), 0750u);
  EXPECT_EQ(Files().Link(directory / "from", beyond + "/to").error().code,
            ErrorCode::kAlreadyExists);
  EXPECT_TRUE(Files().RemoveTree(beyond).ok());
}

TEST(FileSystem, DoesNotHandItsFilesToChildren) {
  const TempDirectory directory;
  const auto file = Files().Create(directory / "file", 0600);
  ASSERT_TRUE(file.ok());
  const std::string command = "ls -l /proc/self/fd | grep -q " + directory.path();
  EXPECT_NE(::system(command.c_str()), 0);  // NOLINT: the shell is the child that is looked into
  EXPECT_TRUE((*file)->Close().ok());
}

TEST(WriteFileAtomically, LeavesTheOldOrTheNewContentWhereverItFails) {
  const TempDirectory directory;
  const std::string path = directory / "file";
  testing::FaultyFileSystem files(Files());
  ASSERT_TRUE(WriteFileAtomically(files, path, "old", 0600).ok());
  const int64_t calls = files.calls();
  ASSERT_GE(calls, 6);  // create, append, sync, close, rename, sync directory
  for (int64_t n = 1; n <= calls; ++n) {
    ASSERT_TRUE(WriteFileAtomically(files, path, "old", 0600).ok());
    files.FailCall(n, testing::DiskFull());
    const Status status = WriteFileAtomically(files, path, "new", 0600);
    ASSERT_FALSE(status.ok()) << n;
    EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
    const bool renamed = n == calls;
    EXPECT_EQ(ReadWholeFile(path), renamed ? "new" : "old") << n;
    EXPECT_THAT(Files().List(directory.path()).value(), ElementsAre("file")) << n;
    files.Heal();
  }
}

TEST(WriteFileAtomically, WritesAgainAfterACrashAtAnyCall) {
  const TempDirectory directory;
  const std::string path = directory / "file";
  testing::FaultyFileSystem files(Files());
  ASSERT_TRUE(WriteFileAtomically(files, path, "old", 0600).ok());
  for (int64_t n = 1; n <= 6; ++n) {
    files.FailFromCall(n, {ErrorCode::kUnavailable, "crashed", ""});
    EXPECT_FALSE(WriteFileAtomically(files, path, "newer", 0600).ok());
    files.Heal();
    const std::string content = ReadWholeFile(path);
    EXPECT_TRUE(content == "old" || content == "newer") << content;
    EXPECT_TRUE(WriteFileAtomically(files, path, "old", 0600).ok());
    EXPECT_EQ(ReadWholeFile(path), "old");
  }
}

TEST(FileSystem, MakesSymbolicLinksSetsModesAndMeasuresRoom) {
  const TempDirectory directory;
  const std::string link = directory / "link";
  ASSERT_TRUE(Files().MakeSymbolicLink("file", link).ok());
  EXPECT_EQ(Files().MakeSymbolicLink("other", link).error().code, ErrorCode::kAlreadyExists);
  ASSERT_TRUE(WriteFileAtomically(Files(), directory / "file", "content", 0600).ok());
  EXPECT_EQ(ReadWholeFile(link), "content");
  ASSERT_TRUE(Files().SetMode(directory / "file", 0555).ok());
  struct stat info {};
  ASSERT_EQ(::stat(link.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0555u);
  EXPECT_GT(*Files().FreeBytes(directory.path()), 0);
  EXPECT_EQ(Files().FreeBytes(directory / "gone").error().code, ErrorCode::kNotFound);
}

TEST(FaultyFileSystem, FailsEveryCallOnAPath) {
  const TempDirectory directory;
  testing::FaultyFileSystem files(Files());
  files.FailPaths("/bad", {ErrorCode::kPermissionDenied, "not you", ""});
  EXPECT_EQ(files.Stat(directory / "bad").error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(files.Link(directory.path(), directory / "bad").error().code,
            ErrorCode::kPermissionDenied);
  EXPECT_TRUE(files.Stat(directory.path()).ok());
  EXPECT_EQ(files.calls(), 3);
  EXPECT_EQ(files.log().back(), "Stat " + directory.path());
}

}  // namespace
}  // namespace weir::platform
