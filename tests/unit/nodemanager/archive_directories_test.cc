// What a NodeManager with root's rights does when a user has prepared the shared directory of logs
// for it: nothing, whatever the user put there and wherever.
#include "nodemanager/executor/archive_directories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <filesystem>
#include <string>
#include <vector>

#include "log_fixture.h"
#include "nodemanager/executor/log_collector.h"
#include "platform/clock.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using weir::testing::Exists;

namespace fs = std::filesystem;

constexpr uid_t kStranger = 65'534;

class ArchiveDirectories : public LogFixture {
 protected:
  ArchiveDirectories() {
    MakeContainer(2);
    Append(2, "stdout", "what was said");
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, whose rights are at stake";
    fs::create_directory(Secret());
    ::chmod(Secret().c_str(), 0755);
  }

  // A directory of root's that no user may write.
  std::string Secret() const { return directory_ / "secret"; }
  logs::ArchiveRoot Root() const { return {directory_ / "shared", "logs"}; }
  std::string Archive() const { return Root().File("ann", kApplication, "host_1"); }
  // The path of each level: the shared directory, a user's, ..., the application's.
  std::vector<std::string> Levels() const {
    std::vector<std::string> levels = {Root().directory};
    for (const std::string& part : Root().Parts("ann", kApplication)) {
      levels.push_back(levels.back() + "/" + part);
    }
    return levels;
  }
  Result<CollectedRound> Collect() const {
    LogCollector collector(
        platform::FileSystem::Real(), directories_, {Root(), kApplication, "ann", "host_1"});
    return collector.Round(true, never_);
  }
  // Everything that the attack got done.
  std::vector<std::string> InSecret() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(Secret())) {
      found.push_back(entry.path());
    }
    return found;
  }
  // Makes everything above `level` as the NodeManager does.
  void MakeAbove(size_t level) const {
    for (size_t i = 0; i < level; ++i) ASSERT_TRUE(fs::create_directory(Levels()[i]));
  }
  void Reset() const {
    fs::remove_all(Root().directory);
    fs::remove_all(Secret());
    fs::create_directory(Secret());
  }

  const std::atomic<bool> never_ = false;
};

TEST_F(ArchiveDirectories, ASymbolicLinkAtAnyLevelIsNotFollowed) {
  for (size_t level = 0; level < Levels().size(); ++level) {
    SCOPED_TRACE(Levels()[level]);
    Reset();
    MakeAbove(level);
    ASSERT_EQ(::symlink(Secret().c_str(), Levels()[level].c_str()), 0);
    ASSERT_EQ(::lchown(Levels()[level].c_str(), kStranger, kStranger), 0);
    const auto collected = Collect();
    ASSERT_FALSE(collected.ok());
    EXPECT_THAT(collected.error().ToString(), HasSubstr(Levels()[level]));
    EXPECT_THAT(InSecret(), ::testing::IsEmpty());
    EXPECT_TRUE(Exists(PathOf(2, "stdout")));
  }
}

TEST_F(ArchiveDirectories, OneThatBelongsToAUserOrThatOthersCanWriteIsRefusedWithTheRemedy) {
  for (const bool owned : {true, false}) {
    for (size_t level = 0; level < Levels().size(); ++level) {
      SCOPED_TRACE(Levels()[level]);
      Reset();
      MakeAbove(level + 1);
      const std::string path = Levels()[level];
      ASSERT_EQ(owned ? ::chown(path.c_str(), kStranger, kStranger) : ::chmod(path.c_str(), 0777),
                0);
      const auto collected = Collect();
      ASSERT_FALSE(collected.ok());
      EXPECT_EQ(collected.error().code, ErrorCode::kPermissionDenied);
      EXPECT_THAT(collected.error().ToString(), HasSubstr("chown it to root"));
      EXPECT_FALSE(Exists(Archive()));
    }
  }
}

TEST_F(ArchiveDirectories, ADirectoryAboveTheSharedOneCountsToo) {
  fs::create_directory(directory_ / "theirs");
  ASSERT_EQ(::chown((directory_ / "theirs").c_str(), kStranger, kStranger), 0);
  const logs::ArchiveRoot root{directory_ / "theirs/shared", "logs"};
  const auto made = MakeArchiveDirectory(root, "ann", kApplication);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().ToString(), HasSubstr("theirs belongs to user"));
}

// As YARN's often is; who is first gets nothing, but that another's logs are not collected.
TEST_F(ArchiveDirectories, TheSharedOneMayHaveTheStickyBit) {
  MakeAbove(1);
  ASSERT_EQ(::chmod(Root().directory.c_str(), 01777), 0);
  ASSERT_TRUE(Collect().ok());
  EXPECT_EQ(ReadArchive(Archive(), 2, "stdout"), "what was said");
  fs::create_directory(Root().directory + "/bob");
  ASSERT_EQ(::chown((Root().directory + "/bob").c_str(), kStranger, kStranger), 0);
  const auto made = MakeArchiveDirectory(Root(), "bob", kApplication);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().ToString(), HasSubstr("bob belongs to user"));
}

TEST_F(ArchiveDirectories, ALinkOfRootsOnTheWayToTheSharedOneIsFollowed) {
  fs::create_directory(directory_ / "disk");
  fs::create_directory_symlink(directory_ / "disk", directory_ / "mounted");
  const logs::ArchiveRoot root{directory_ / "mounted/shared", "logs"};
  ASSERT_TRUE(MakeArchiveDirectory(root, "ann", kApplication).ok());
  EXPECT_TRUE(Exists(directory_ / "disk/shared/ann/bucket-logs"));
  fs::create_directory_symlink("endless", directory_ / "endless");
  EXPECT_FALSE(MakeArchiveDirectory({directory_ / "endless", "logs"}, "ann", kApplication).ok());
}

TEST_F(ArchiveDirectories, AUserWithANameThatIsAPathGetsNone) {
  for (const char* user : {"", ".", "..", "a/b", "/"}) {
    EXPECT_FALSE(MakeArchiveDirectory(Root(), user, kApplication).ok()) << user;
  }
}

TEST_F(ArchiveDirectories, TheUserIsGivenTheFileAndNothingElse) {
  LogCollector collector(
      platform::FileSystem::Real(), directories_, {Root(), kApplication, "nobody", "host_1"});
  ASSERT_TRUE(collector.Round(true, never_).ok());
  struct stat info {};
  ASSERT_EQ(::stat(collector.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, kStranger);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  const std::string directory = Root().ApplicationDirectory("nobody", kApplication);
  ASSERT_EQ(::stat(directory.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
  EXPECT_EQ(info.st_mode & 07777, 0755u);

  const auto fd = OpenTopDirectory(directory, Ownership::kOurs);
  ASSERT_TRUE(fd.ok());
  weir::testing::WriteWholeFile(Secret() + "/file", "x");
  fs::create_hard_link(Secret() + "/file", directory + "/hard");
  fs::create_symlink(Secret() + "/file", directory + "/soft");
  for (const char* name : {"hard", "soft"}) {
    EXPECT_FALSE(GiveArchiveToUser(*fd, name, "nobody").ok()) << name;
  }
  ASSERT_EQ(::stat((Secret() + "/file").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
}

TEST_F(ArchiveDirectories, TheSweepRemovesNothingThroughALinkAndNothingThatIsNotOurs) {
  const auto age = [](const std::string& path) {
    const utimbuf times{1000, 1000};
    ASSERT_EQ(::utime(path.c_str(), &times), 0);
  };
  const auto sweep = [&] {
    return SweepArchives(
        platform::FileSystem::Real(), Root(), {}, seconds(100), platform::WallNow());
  };
  for (size_t level = 0; level < Levels().size(); ++level) {
    SCOPED_TRACE(Levels()[level]);
    Reset();
    MakeAbove(level);
    // What the link leads to looks like the rest of the way.
    std::string target = Secret();
    for (size_t i = level + 1; i < Levels().size(); ++i) {
      target += "/" + fs::path(Levels()[i]).filename().string();
    }
    fs::create_directories(target);
    weir::testing::WriteWholeFile(target + "/precious", "x");
    age(target + "/precious");
    age(target);
    ASSERT_EQ(::symlink(Secret().c_str(), Levels()[level].c_str()), 0);
    ASSERT_EQ(::lchown(Levels()[level].c_str(), kStranger, kStranger), 0);
    EXPECT_EQ(sweep(), 0u);
    EXPECT_TRUE(Exists(target + "/precious"));
  }
  Reset();
  MakeAbove(Levels().size());
  age(Levels().back());
  ASSERT_EQ(::chown(Levels()[1].c_str(), kStranger, kStranger), 0);
  EXPECT_EQ(sweep(), 0u);
  ASSERT_EQ(::chown(Levels()[1].c_str(), 0, 0), 0);
  EXPECT_EQ(sweep(), 1u);
}

// Without root's rights whose directories they are is the administrator's business; links are still
// refused.
TEST_F(ArchiveDirectories, WithoutRootsRightsOnlyLinksAreRefused) {
  MakeAbove(2);
  ASSERT_EQ(::chown(Levels()[1].c_str(), kStranger, kStranger), 0);
  ASSERT_EQ(::chmod(Levels()[0].c_str(), 0777), 0);
  EXPECT_TRUE(MakeArchiveDirectory(Root(), "ann", kApplication, Ownership::kAny).ok());
  ASSERT_EQ(::symlink(Secret().c_str(), (Root().directory + "/bob").c_str()), 0);
  EXPECT_FALSE(MakeArchiveDirectory(Root(), "bob", kApplication, Ownership::kAny).ok());
  EXPECT_THAT(InSecret(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace weir::nm
