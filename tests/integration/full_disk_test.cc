// A node whose disk is full: its containers fail with that cause, the NodeManager goes on.
//
// The disk is a small tmpfs, mounted for the test; without the right to mount, the tests are
// skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/config_keys.h"
#include "tests/integration/node_fixture.h"
#include "tests/integration/small_disk.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace keys = platform::keys;

class FullDisk : public NodeFixture {
 protected:
  FullDisk() : disk_(4) {}
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << disk_.WhyNot();
    ClusterOptions options = SmallContainers(1);
    options.settings[keys::kNmLocalDirs] = disk_.path() + "/local";
    // What happens between two looks at the disk.
    options.settings[keys::kNmDiskCheck] = "false";
    options.settings[keys::kNmSuspicion] = "3000";
    ASSERT_TRUE(StartCluster(options));
  }
  CommandResult RunShell(std::vector<std::string> options, const std::string& script) {
    std::vector<std::string> words = {"application", "-submit", "-memory", "64", "-wait"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "/bin/sh", "-c", script});
    return cluster().Weir(words);
  }
  void ExpectServing() {
    const CommandResult run = RunShell({}, "echo there is room");
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
  }

  SmallDisk disk_;
};

TEST_F(FullDisk, AContainerThatWritesTooMuchFailsWithThatCause) {
  const CommandResult run = RunShell({}, "exec dd if=/dev/zero of=big bs=1M count=8");
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, AllOf(HasSubstr("container_"), HasSubstr("No space left on device")));
  EXPECT_TRUE(AwaitNoContainers());
  ExpectServing();
}

TEST_F(FullDisk, AContainerThatCannotSaySoFailsWithThatCause) {
  const CommandResult run = RunShell({}, "head -c 8m /dev/zero >big 2>/dev/null || exit 5");
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, AllOf(HasSubstr("exit code 5"), HasSubstr("the disk of " + disk_.path())));
  EXPECT_TRUE(AwaitNoContainers());
  ExpectServing();
}

TEST_F(FullDisk, AContainerWhoseFilesDoNotFitFailsWithThatCause) {
  WriteWholeFile(Scratch("big"), std::string(8 << 20, 'x'));
  const CommandResult run = RunShell({"-file", Scratch("big")}, "true");
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(
      run.err,
      AllOf(HasSubstr("container_"), HasSubstr("disk full: " + disk_.path()), HasSubstr("lacks")));
  EXPECT_TRUE(AwaitNoContainers());
  ExpectServing();
}

// Before the next look at the disk: its own fault, three times in a row.
TEST_F(FullDisk, ANodeWithoutAnyRoomIsSuspectAndFailsNobody) {
  disk_.FillUpTo(0);
  const std::string id = SubmitShell({"-memory", "64"}, "echo there is room");
  ASSERT_TRUE(AwaitNode(NameOf(0), "UNHEALTHY", "suspected: 3 containers in a row"));
  EXPECT_THAT(StatusText(id), HasSubstr("ACCEPTED"));
  disk_.MakeRoom();
  EXPECT_TRUE(AwaitState(id, "FINISHED")) << "it was charged for nothing";
  EXPECT_TRUE(AwaitNode(NameOf(0), "RUNNING"));
}

// --- with looks at the disk

class WatchedDisk : public NodeFixture {
 protected:
  WatchedDisk() : disk_(16) {}
  void Start(const std::string& local, const std::string& log = "") {
    if (!disk_.mounted()) GTEST_SKIP() << disk_.WhyNot();
    ClusterOptions options = SmallContainers(1);
    options.settings[keys::kNmLocalDirs] = local;
    if (!log.empty()) options.settings[keys::kNmLogDirs] = log;
    options.settings[keys::kNmDiskInterval] = "50";
    options.settings[keys::kNmDiskMaxUsed] = "90";
    ASSERT_TRUE(StartCluster(options));
  }
  static constexpr int64_t kMegabyte = 1 << 20;
  TempDirectory other_;  // as SmallDisk, gone after the cluster
  SmallDisk disk_;
};

TEST_F(WatchedDisk, TheOnlyDiskFullStopsTheNodeUntilThereIsRoomAgain) {
  Start(disk_.path() + "/local");
  if (IsSkipped()) return;
  ASSERT_TRUE(AwaitNode(NameOf(0), "RUNNING"));
  disk_.FillUpTo(kMegabyte);
  ASSERT_TRUE(AwaitNode(NameOf(0), "UNHEALTHY", "1 of 1 local directory not used"));
  const CommandResult status = cluster().Weir({"node", "-status", NameOf(0)});
  EXPECT_THAT(
      status.out,
      AllOf(HasSubstr("Node-State : UNHEALTHY"), HasSubstr(disk_.path() + "/local is 93 % full")));
  const std::string id = SubmitWaiting("echo done");
  EXPECT_TRUE(AwaitNode(NameOf(0), "UNHEALTHY"));
  EXPECT_THAT(StatusText(id), HasSubstr("ACCEPTED"));
  disk_.MakeRoom();
  EXPECT_TRUE(AwaitState(id, "FINISHED"));
  EXPECT_TRUE(AwaitNode(NameOf(0), "RUNNING"));
}

TEST_F(WatchedDisk, OneFullDiskOfTwoDegradesTheNodeAndGetsNoContainers) {
  Start(disk_.path() + "/local," + other_.path() + "/local");
  if (IsSkipped()) return;
  disk_.FillUpTo(kMegabyte);
  ASSERT_TRUE(AwaitNode(NameOf(0), "RUNNING", "DEGRADED: 1 of 2 local directories not used"));
  for (int i = 0; i < 3; ++i) {
    const CommandResult run = RunShell("pwd >> " + Scratch("places"));
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
  }
  EXPECT_THAT(ReadWholeFile(Scratch("places")), Not(HasSubstr(disk_.path())));
  disk_.MakeRoom();
  EXPECT_TRUE(AwaitNode(NameOf(0), "RUNNING", ""));
  EXPECT_TRUE(WaitUntil([&] { return NodeJson(NameOf(0)).at("healthReport") == ""; }, "well"));
}

TEST_F(WatchedDisk, AReadOnlyLocalDiskOfTwoIsNotUsedUntilItCanBeWrittenAgain) {
  Start(disk_.path() + "/local," + other_.path() + "/local");
  if (IsSkipped()) return;
  ASSERT_TRUE(disk_.SetReadOnly(true));
  ASSERT_TRUE(AwaitNode(NameOf(0), "RUNNING", "Read-only file system"));
  for (int i = 0; i < 3; ++i) {
    const CommandResult run = RunShell("pwd >> " + Scratch("places"));
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
  }
  EXPECT_THAT(ReadWholeFile(Scratch("places")), Not(HasSubstr(disk_.path())));
  ASSERT_TRUE(disk_.SetReadOnly(false));
  EXPECT_TRUE(WaitUntil([&] { return NodeJson(NameOf(0)).at("healthReport") == ""; }, "well"));
}

TEST_F(WatchedDisk, TheOnlyLocalDiskReadOnlyStopsTheNodeUntilItCanBeWrittenAgain) {
  Start(disk_.path() + "/local", other_.path() + "/log");
  if (IsSkipped()) return;
  ASSERT_TRUE(AwaitNode(NameOf(0), "RUNNING"));
  ASSERT_TRUE(disk_.SetReadOnly(true));
  ASSERT_TRUE(AwaitNode(NameOf(0), "UNHEALTHY", "Read-only file system"));
  const std::string id = SubmitWaiting("echo done");
  EXPECT_TRUE(AwaitNode(NameOf(0), "UNHEALTHY"));
  EXPECT_THAT(StatusText(id), HasSubstr("ACCEPTED"));
  ASSERT_TRUE(disk_.SetReadOnly(false));
  EXPECT_TRUE(AwaitState(id, "FINISHED"));
  EXPECT_TRUE(AwaitNode(NameOf(0), "RUNNING"));
}

TEST_F(WatchedDisk, AReadOnlyDiskIsNotUsedUntilItCanBeWrittenAgain) {
  Start(other_.path() + "/local", disk_.path() + "/log," + other_.path() + "/log");
  if (IsSkipped()) return;
  ASSERT_TRUE(disk_.SetReadOnly(true));
  ASSERT_TRUE(AwaitNode(NameOf(0), "RUNNING", "Read-only file system"));
  EXPECT_EQ(RunShell("echo here").exit_code, 0);
  ASSERT_TRUE(disk_.SetReadOnly(false));
  EXPECT_TRUE(WaitUntil([&] { return NodeJson(NameOf(0)).at("healthReport") == ""; }, "well"));
}

}  // namespace
}  // namespace weir::testing
