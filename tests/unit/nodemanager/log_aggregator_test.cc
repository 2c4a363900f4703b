// Logs on their way to the shared directory: rounds, restarts, full disks, what is old.
#include "nodemanager/executor/log_aggregator.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <filesystem>

#include "log_fixture.h"
#include "nodemanager/executor/log_collector.h"
#include "nodemanager/executor/log_retention.h"
#include "platform/clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using weir::testing::Exists;
using weir::testing::FaultyFileSystem;
using weir::testing::WaitUntil;

class LogCollection : public LogFixture {
 protected:
  LogCollection() { MakeContainer(2, "taskmanager"); }

  logs::ArchiveRoot Root() const { return {directory_ / "shared", "logs"}; }
  std::string Archive() const { return Root().File("ann", kApplication, "host_1"); }
  std::string Archived(const std::string& name, int64_t number = 2) const {
    return ReadArchive(Archive(), number, name);
  }
  LogCollector Collector(platform::FileSystem& files = platform::FileSystem::Real()) const {
    return {files, directories_, {Root(), kApplication, "ann", "host_1"}};
  }
  Result<int64_t> Round(LogCollector& collector, bool last = false) const {
    return collector.Round(last, never_);
  }
  AggregatorOptions Options() const {
    AggregatorOptions options;
    options.root = Root();
    options.node = "host:1";
    options.notes = directory_ / "aggregation";
    options.roll_interval = milliseconds(20);
    options.smallest_back_off = milliseconds(5);
    return options;
  }
  std::string Note() const { return directory_ / "aggregation/" + kApplication.ToString(); }
  std::string Local() const { return directory_ / "log/" + kApplication.ToString(); }

  const std::atomic<bool> never_ = false;
};

TEST_F(LogCollection, ARoundBringsWhatIsNewAndNothingTwice) {
  Append(2, "stdout", "one ");
  Append(2, "own.log", "x");
  LogCollector collector = Collector();
  EXPECT_EQ(*Round(collector), 5);
  EXPECT_EQ(*Round(collector), 0);
  Append(2, "stdout", "two ");
  EXPECT_EQ(*Round(collector), 4);
  collector.Close();
  Append(2, "stdout", "three");
  EXPECT_EQ(*Round(collector, true), 5) << "after a restart";
  EXPECT_EQ(Archived("stdout"), "one two three");
  EXPECT_EQ(Archived("own.log"), "x");
  const auto archive = logs::LogArchive::Open(Archive());
  EXPECT_TRUE(archive->finished());
  EXPECT_EQ(archive->logs().front().role, "taskmanager");
  EXPECT_EQ(archive->head()->user, "ann");
}

TEST_F(LogCollection, AFileWithoutAByteIsALogToo) {
  Append(2, "stderr", "");
  LogCollector collector = Collector();
  ASSERT_TRUE(Round(collector).ok());
  ASSERT_TRUE(Round(collector).ok());
  const auto archive = logs::LogArchive::Open(Archive());
  ASSERT_EQ(archive->logs().size(), 1u);
  EXPECT_EQ(archive->entries().size(), 1u);
}

TEST_F(LogCollection, LargeFilesComeInPieces) {
  std::string text;
  while (text.size() < 3 * logs::kPieceBytes + 17) text += std::to_string(text.size()) + "\n";
  Append(2, "stdout", text);
  LogCollector collector = Collector();
  ASSERT_TRUE(Round(collector, true).ok());
  EXPECT_EQ(Archived("stdout"), text);
  EXPECT_LT(platform::FileSystem::Real().Stat(Archive())->size, static_cast<int64_t>(text.size()));
}

TEST_F(LogCollection, ALogThatIsRenamedStaysOneAndOneThatIsEmptiedBeginsAnew) {
  LogCollector collector = Collector();
  Append(2, "app.log", "first ");
  ASSERT_TRUE(Round(collector).ok());
  Append(2, "app.log", "rest ");
  std::filesystem::rename(PathOf(2, "app.log"), PathOf(2, "app.log.1"));
  Append(2, "app.log", "second ");
  ASSERT_TRUE(Round(collector).ok());
  EXPECT_EQ(Archived("app.log"), "first rest second ");
  EXPECT_EQ(Archived("app.log.1"), "");

  for (const char* text : {"a", "bb", "c", "a longer one than any before"}) {
    std::filesystem::resize_file(PathOf(2, "app.log"), 0);
    ASSERT_TRUE(Round(collector).ok());
    if (std::string(text) == "c") collector.Close();
    Append(2, "app.log", text);
    ASSERT_TRUE(Round(collector).ok());
  }
  EXPECT_EQ(Archived("app.log"), "first rest second abbca longer one than any before");
}

TEST_F(LogCollection, WhatTheSizeLimitTookBeforeItWasCollectedIsCountedAsMissing) {
  Append(2, "stdout", std::string(64 << 10, 'a') + "end");
  const int fd = ::open(PathOf(2, "stdout").c_str(), O_RDWR | O_CLOEXEC);
  const int cut = ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 32 << 10);
  ::close(fd);
  if (cut != 0) GTEST_SKIP() << "this file system takes nothing away from the front of a file";
  LogCollector collector = Collector();
  ASSERT_TRUE(Round(collector).ok());
  EXPECT_EQ(Archived("stdout"), std::string(32 << 10, 'a') + "end");
  EXPECT_EQ(logs::LogArchive::Open(Archive())->logs().front().missing, 32 << 10);
}

// Each call of the file system fails once, in turn: the round fails, the next one makes it good.
TEST_F(LogCollection, AFullDiskAtEveryCallIsMadeGoodByTheNextRound) {
  for (int64_t call = 1;; ++call) {
    std::filesystem::remove_all(directory_ / "shared");
    std::filesystem::remove(PathOf(2, "stdout"));
    FaultyFileSystem files(platform::FileSystem::Real());
    LogCollector collector = Collector(files);
    files.FailCall(call, weir::testing::DiskFull());
    int failures = 0;
    std::string written;
    for (const char* text : {"one ", "two ", "three ", "four"}) {
      written += text;
      Append(2, "stdout", text);
      if (!Round(collector).ok()) ++failures;
      const std::string archived = Archived("stdout");
      EXPECT_TRUE(archived.empty() || written.starts_with(archived) ||
                  archived.find("cannot") == 0 || archived.find("not a log") != archived.npos)
          << archived;
    }
    if (!Round(collector, true).ok()) ++failures;
    ASSERT_TRUE(Round(collector, true).ok()) << "call " << call;
    EXPECT_EQ(Archived("stdout"), written) << "call " << call;
    EXPECT_EQ(logs::LogArchive::Open(Archive())->damaged(), 0) << "call " << call;
    EXPECT_LE(failures, 1);
    if (files.calls() < call) {
      EXPECT_GT(call, 15);
      return;
    }
  }
}

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
  EXPECT_TRUE(WaitUntil([&] { return !Exists(Local()); }, "the local logs to go"));
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

TEST(ContainerRole, IsOfTheNumberAndTheLaunchContext) {
  const ContainerId master = ContainerId::Make({{1, 1}, 1}, Epoch{1}, 1);
  const ContainerId other = ContainerId::Make({{1, 1}, 1}, Epoch{1}, 2);
  LaunchContext launch;
  EXPECT_EQ(RoleOf(master, launch), "am");
  EXPECT_EQ(RoleOf(other, launch), "command");
  launch.environment[kRoleVariable] = "taskmanager";
  EXPECT_EQ(RoleOf(other, launch), "taskmanager");
  EXPECT_EQ(RoleOf(master, launch), "am");
  for (const char* bad : {"", "two words", "a\nb", "../x", "ROLE"}) {
    launch.environment[kRoleVariable] = bad;
    EXPECT_EQ(RoleOf(other, launch), "command") << bad;
  }
}

}  // namespace
}  // namespace weir::nm
