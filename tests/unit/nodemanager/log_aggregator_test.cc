// Logs on their way to the shared directory: of applications that run, end, come back and are old.
#include "nodemanager/executor/log_aggregator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <filesystem>

#include "collection_fixture.h"
#include "common/container_role.h"
#include "nodemanager/executor/archive_directories.h"
#include "platform/clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using weir::testing::Exists;
using weir::testing::FaultyFileSystem;
using weir::testing::WaitUntil;

TEST_F(LogCollection, ARunningApplicationIsCollectedAgainAndAgain) {
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, Options());
  aggregator.Update({kApplication});
  Append(2, "stdout", "one ");
  ASSERT_TRUE(WaitUntil([&] { return Archived("stdout") == "one "; }, "the first round"));
  Append(2, "stdout", "two");
  ASSERT_TRUE(WaitUntil([&] { return Archived("stdout") == "one two"; }, "another round"));
  EXPECT_TRUE(Exists(Local()));
  EXPECT_EQ(aggregator.Report().applications, 1);
}

TEST_F(LogCollection, OneThatIsOverIsCollectedAndLeavesTheNode) {
  Append(2, "stdout", "one");
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, Options());
  ASSERT_TRUE(WaitUntil([&] { return Archived("stdout") == "one"; }, "the first round"));
  Append(2, "stdout", " last");
  aggregator.ApplicationEnded(kApplication);
  ASSERT_TRUE(WaitUntil([&] { return !Exists(Local()); }, "the local logs to go"));
  EXPECT_EQ(Archived("stdout"), "one last");
  EXPECT_TRUE(logs::LogArchive::Open(Archive())->finished());
  ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().applications == 0; }, "the report"));
  EXPECT_FALSE(Exists(Note()));
}

TEST_F(LogCollection, LocalLogsAreKeptForDebuggingAlsoOverARestart) {
  Append(2, "stdout", "one");
  AggregatorOptions options = Options();
  options.delete_delay = seconds(3600);
  {
    LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
    ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().bytes == 3; }, "the first round"));
    aggregator.ApplicationEnded(kApplication);
    ASSERT_TRUE(WaitUntil(
        [&] {
          return Exists(Note()) &&
                 weir::testing::ReadWholeFile(Note()).find("collected 0") == std::string::npos;
        },
        "the end"));
  }
  {
    LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
    ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().applications == 1; }, "its discovery"));
    EXPECT_TRUE(Exists(PathOf(2, "stdout")));
  }
  options.delete_delay = Duration{0};
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  EXPECT_TRUE(WaitUntil([&] { return !Exists(Local()); }, "the local logs to go"));
  EXPECT_EQ(Archived("stdout"), "one");
}

TEST_F(LogCollection, ANodeManagerThatComesAfterACrashGoesOnUnderTheOldName) {
  Append(2, "stdout", "one ");
  {
    LogAggregator aggregator(platform::FileSystem::Real(), directories_, Options());
    ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().bytes == 4; }, "the first round"));
  }
  Append(2, "stdout", "two");
  AggregatorOptions options = Options();
  options.node = "host:2";  // any port: it has another one now
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  ASSERT_TRUE(WaitUntil([&] { return Archived("stdout") == "one two"; }, "the rest"));
  EXPECT_FALSE(Exists(Root().File("ann", kApplication, "host_2")));
}

TEST_F(LogCollection, WhatIsOverWithoutAWordIsFoundByItsSilence) {
  Append(2, "stdout", "one");
  AggregatorOptions options = Options();
  options.local_retain = Duration{0};
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  EXPECT_TRUE(AwaitLeaving(aggregator));
  EXPECT_EQ(Archived("stdout"), "one");
}

// It was told what runs here before the container came; that has said nothing yet.
TEST_F(LogCollection, WhatCameAfterTheLastUpdateIsNotSilent) {
  AggregatorOptions options = Options();
  options.local_retain = Duration{0};
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  aggregator.Update({});
  MakeContainer(3);
  Append(3, "stdout", "");
  const int64_t before = aggregator.Report().rounds;
  ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().rounds >= before + 5; }, "some rounds"));
  EXPECT_TRUE(Exists(PathOf(3, "stdout")));
  EXPECT_TRUE(AwaitLeaving(aggregator)) << "told that it does not run";
}

// A NodeManager that was just started does not know yet what runs here.
TEST_F(LogCollection, NothingIsSilentBeforeItIsKnownWhatRuns) {
  Append(2, "stdout", "one");
  AggregatorOptions options = Options();
  options.local_retain = Duration{0};
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  const auto rounds = [&] { return aggregator.Report().rounds; };
  ASSERT_TRUE(WaitUntil([&] { return rounds() >= 5; }, "some rounds"));
  EXPECT_TRUE(Exists(PathOf(2, "stdout"))) << "its container may be running";
  aggregator.Update({kApplication});
  const int64_t before = rounds();
  ASSERT_TRUE(WaitUntil([&] { return rounds() >= before + 5; }, "more rounds"));
  EXPECT_TRUE(Exists(PathOf(2, "stdout"))) << "its container is running";
}

// A note says that it was over: the NodeManager was killed between its last round and its removal.
TEST_F(LogCollection, OneThatCountsAsOverAndRunsAgainIsTakenBack) {
  Append(2, "stdout", "one ");
  AggregatorOptions options = Options();
  options.local_retain = Duration{0};
  options.delete_delay = seconds(3600);
  {
    LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
    ASSERT_TRUE(WaitUntil(
        [&] {
          aggregator.Update({});
          return Exists(Note()) &&
                 weir::testing::ReadWholeFile(Note()).find("over 1") != std::string::npos;
        },
        "its end by silence"));
  }
  MakeContainer(3);
  Append(3, "stdout", "another");
  options.delete_delay = Duration{0};
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().applications == 1; }, "its discovery"));
  EXPECT_TRUE(Exists(PathOf(2, "stdout"))) << "nobody knows yet what runs";
  aggregator.Update({kApplication});
  ASSERT_TRUE(WaitUntil([&] { return Archived("stdout", 3) == "another"; }, "the new container"));
  Append(2, "stdout", "two");
  ASSERT_TRUE(WaitUntil([&] { return Archived("stdout") == "one two"; }, "a round"));
  EXPECT_TRUE(Exists(PathOf(3, "stdout")));
  aggregator.ApplicationEnded(kApplication);
  EXPECT_TRUE(WaitUntil([&] { return !Exists(Local()); }, "the local logs to go"));
}

// Nothing runs here by what was told last, but something was written since the last round.
TEST_F(LogCollection, WhatIsWrittenAfterTheLastRoundIsCollectedBeforeItGoes) {
  Append(2, "stdout", "one ");
  AggregatorOptions options = Options();
  options.delete_delay = seconds(1);
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  aggregator.Update({});
  aggregator.ApplicationEnded(kApplication);
  ASSERT_TRUE(WaitUntil(
      [&] {
        return Exists(Note()) &&
               weir::testing::ReadWholeFile(Note()).find("collected 0") == std::string::npos;
      },
      "the last round"));
  Append(2, "stdout", "two");
  MakeContainer(3);
  Append(3, "stdout", "three");
  ASSERT_TRUE(WaitUntil([&] { return !Exists(Local()); }, "the local logs to go"));
  EXPECT_EQ(Archived("stdout"), "one two");
  EXPECT_EQ(Archived("stdout", 3), "three");
}

TEST_F(LogCollection, ALogFromTheFutureDoesNotKeepTheOthers) {
  Append(2, "stdout", "one");
  const utimbuf then{4'000'000'000, 4'000'000'000};
  ASSERT_EQ(::utime(PathOf(2, "stdout").c_str(), &then), 0);
  AggregatorOptions options = Options();
  options.local_retain = Duration{0};
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  EXPECT_TRUE(AwaitLeaving(aggregator));
  EXPECT_EQ(Archived("stdout"), "one");
}

// The note cannot be written when the end is told: it is still known when it can.
TEST_F(LogCollection, AnEndThatIsToldWhileNothingCanBeNotedIsNotLost) {
  Append(2, "stdout", "one");
  FaultyFileSystem files(platform::FileSystem::Real());
  files.FailPaths("/aggregation/", weir::testing::DiskFull());
  AggregatorOptions options = Options();
  options.smallest_back_off = milliseconds(50);
  LogAggregator aggregator(files, directories_, options);
  ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().failures >= 1; }, "a failure"));
  EXPECT_EQ(aggregator.Report().failing, 1)
      << "it is one that waits, not one that is new each time";
  aggregator.ApplicationEnded(kApplication);
  ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().failures >= 3; }, "more failures"));
  EXPECT_TRUE(Exists(Local()));
  files.Heal();
  ASSERT_TRUE(WaitUntil([&] { return !Exists(Local()); }, "the local logs to go"));
  EXPECT_EQ(Archived("stdout"), "one");
}

TEST_F(LogCollection, ADirectoryThatIsNotThereIsSaidAndTriedAgain) {
  Append(2, "stdout", "one");
  weir::testing::WriteWholeFile(directory_ / "shared", "no directory");
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, Options());
  aggregator.ApplicationEnded(kApplication);
  ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().failures >= 3; }, "failures"));
  EXPECT_EQ(aggregator.Report().failing, 1);
  EXPECT_THAT(aggregator.Report().last_error, HasSubstr("shared"));
  EXPECT_TRUE(Exists(PathOf(2, "stdout"))) << "what is not collected is not removed";
  std::filesystem::remove(directory_ / "shared");
  ASSERT_TRUE(WaitUntil([&] { return Archived("stdout") == "one"; }, "the round that goes well"));
  ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().failing == 0; }, "the report"));
  EXPECT_EQ(aggregator.Report().last_error, "");
}

TEST_F(LogCollection, OldArchivesGoAndThoseInUseStay) {
  const auto make = [&](const ApplicationId& id, int64_t age_s) {
    const std::string path = Root().File("ann", id, "host_1");
    ASSERT_TRUE(platform::FileSystem::Real()
                    .MakeDirectories(Root().ApplicationDirectory("ann", id), 0755)
                    .ok());
    weir::testing::WriteWholeFile(path, "x");
    const time_t then = static_cast<time_t>(ToMillis(platform::WallNow()) / 1000 - age_s);
    const utimbuf times{then, then};
    for (const std::string& one : {path, Root().ApplicationDirectory("ann", id)}) {
      ASSERT_EQ(::utime(one.c_str(), &times), 0);
    }
  };
  const ApplicationId old{1, 1};
  const ApplicationId young{1, 2};
  const ApplicationId used{1, 3};
  make(old, 1000);
  make(young, 10);
  make(used, 1000);
  EXPECT_EQ(SweepArchives(
                platform::FileSystem::Real(), Root(), {used}, seconds(100), platform::WallNow()),
            1u);
  EXPECT_FALSE(Exists(Root().ApplicationDirectory("ann", old)));
  EXPECT_TRUE(Exists(Root().File("ann", young, "host_1")));
  EXPECT_TRUE(Exists(Root().File("ann", used, "host_1")));
}

// What an archive had no room for is kept as long as without aggregation.
TEST_F(LogCollection, WhatABoundKeptOutStaysOnTheNode) {
  for (int i = 0; i < 1100; ++i) Append(2, "a" + std::to_string(i), "x");
  Append(2, "stdout", "one");
  {
    LogAggregator aggregator(platform::FileSystem::Real(), directories_, Options());
    aggregator.ApplicationEnded(kApplication);
    ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().applications == 1; }, "its discovery"));
    ASSERT_TRUE(WaitUntil(
        [&] {
          return weir::testing::ReadWholeFile(Note()).find("collected 0") == std::string::npos;
        },
        "the last round"));
  }
  AggregatorOptions options = Options();
  {
    LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
    ASSERT_TRUE(WaitUntil([&] { return aggregator.Report().applications == 1; }, "its discovery"));
    EXPECT_TRUE(Exists(Local())) << "for three hours";
  }
  options.local_retain = Duration{0};
  LogAggregator aggregator(platform::FileSystem::Real(), directories_, options);
  EXPECT_TRUE(WaitUntil([&] { return !Exists(Local()); }, "the local logs to go"));
  EXPECT_EQ(Archived("stdout"), "one");
}

TEST(ContainerRole, IsOfTheNumberAndTheLaunchContext) {
  const ContainerId master = ContainerId::Make({{1, 1}, 1}, Epoch{1}, 1);
  const ContainerId other = ContainerId::Make({{1, 1}, 1}, Epoch{1}, 2);
  LaunchContext launch;
  EXPECT_EQ(RoleOf(master, launch), "am");
  EXPECT_EQ(RoleOf(other, launch), "command");
  launch.environment[kContainerRoleVariable] = "taskmanager";
  EXPECT_EQ(RoleOf(other, launch), "taskmanager");
  EXPECT_EQ(RoleOf(master, launch), "am");
  for (const char* bad : {"", "two words", "a\nb", "../x", "ROLE"}) {
    launch.environment[kContainerRoleVariable] = bad;
    EXPECT_EQ(RoleOf(other, launch), "command") << bad;
  }
}

}  // namespace
}  // namespace weir::nm
