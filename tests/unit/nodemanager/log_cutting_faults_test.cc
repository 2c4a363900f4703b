// Logs that are to be cut on a disk that is full or broken: nothing of them is lost, nothing is
// left beside them, the error says which file and why, and once the disk is well they are cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <string>

#include "log_fixture.h"
#include "nodemanager/executor/log_watch.h"
#include "platform/mutex.h"
#include "tests/integration/small_disk.h"
#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using weir::testing::Exists;
using weir::testing::ReadWholeFile;
using weir::testing::WaitUntil;

constexpr int64_t kMib = int64_t{1} << 20;

LogLimits OneMib() {
  LogLimits limits;
  limits.file_bytes = kMib;
  limits.generations = 1;
  limits.period = milliseconds(5);
  return limits;
}

// Three MiB, each of another letter.
std::string Content() {
  return std::string(kMib, 'a') + std::string(kMib, 'b') + std::string(kMib, 'c');
}

// The real ones, of which some fail.
class FailingCalls : public LogFileCalls {
 public:
  // From the n-th on (1 = the next).
  void Fail(const std::string& call, int cause, int64_t from = 1) {
    platform::MutexLock lock(mutex_);
    faults_[call] = {cause, from};
  }
  void Heal() {
    platform::MutexLock lock(mutex_);
    faults_.clear();
  }
  // Whoever makes a hole waits, until Release.
  void Hold() {
    platform::MutexLock lock(mutex_);
    held_ = true;
  }
  void Release() {
    {
      platform::MutexLock lock(mutex_);
      held_ = false;
    }
    changed_.NotifyAll();
  }
  bool is_held() {
    platform::MutexLock lock(mutex_);
    return waits_;
  }

  int PunchHole(int fd, int64_t bytes) override {
    {
      platform::MutexLock lock(mutex_);
      waits_ = held_;
      while (held_) changed_.Wait(mutex_);
    }
    return Fails("PunchHole") ? -1 : LogFileCalls::PunchHole(fd, bytes);
  }
  ssize_t Read(int fd, char* to, size_t count, int64_t at) override {
    return Fails("Read") ? -1 : LogFileCalls::Read(fd, to, count, at);
  }
  ssize_t Write(int fd, const char* from, size_t count) override {
    return Fails("Write") ? -1 : LogFileCalls::Write(fd, from, count);
  }
  int Empty(int fd) override { return Fails("Empty") ? -1 : LogFileCalls::Empty(fd); }
  int Close(int fd) override {
    // A close that fails has closed the file all the same.
    const int closed = LogFileCalls::Close(fd);
    return Fails("Close") ? -1 : closed;
  }

 private:
  struct Fault {
    int cause = 0;
    int64_t from = 1;
  };
  bool Fails(const std::string& call) {
    platform::MutexLock lock(mutex_);
    const auto fault = faults_.find(call);
    if (fault == faults_.end() || --fault->second.from > 0) return false;
    errno = fault->second.cause;
    return true;
  }
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool held_ WEIR_GUARDED_BY(mutex_) = false;
  bool waits_ WEIR_GUARDED_BY(mutex_) = false;
  std::map<std::string, Fault> faults_ WEIR_GUARDED_BY(mutex_);
};

struct Row {
  const char* name;
  LogCutting cutting;
  const char* call;
  int cause;
  int64_t from = 1;
  const char* file = "/stdout";  // that the error is about
};

const Row kRows[] = {
    {"HoleEio", LogCutting::kPunch, "PunchHole", EIO},
    {"HoleEnospc", LogCutting::kPunch, "PunchHole", ENOSPC},
    {"HoleErofs", LogCutting::kPunch, "PunchHole", EROFS},
    {"ReadEio", LogCutting::kCopyAndTruncate, "Read", EIO},
    {"LaterReadEio", LogCutting::kCopyAndTruncate, "Read", EIO, 3},
    {"WriteEnospc", LogCutting::kCopyAndTruncate, "Write", ENOSPC, 1, "/stdout.1"},
    {"LaterWriteEnospc", LogCutting::kCopyAndTruncate, "Write", ENOSPC, 3, "/stdout.1"},
    {"LaterWriteEio", LogCutting::kCopyAndTruncate, "Write", EIO, 3, "/stdout.1"},
    {"CloseEnospc", LogCutting::kCopyAndTruncate, "Close", ENOSPC, 1, "/stdout.1"},
    {"CloseEio", LogCutting::kCopyAndTruncate, "Close", EIO, 1, "/stdout.1"},
    {"EmptyEio", LogCutting::kCopyAndTruncate, "Empty", EIO},
    {"EmptyEnospc", LogCutting::kCopyAndTruncate, "Empty", ENOSPC},
};

class LogCuttingFault : public LogFixture, public ::testing::WithParamInterface<Row> {};

TEST_P(LogCuttingFault, LosesNothingLeavesNothingAndIsTold) {
  const Row& row = GetParam();
  MakeContainer(2);
  Append(2, "stdout", Content());
  Append(2, "other", Content());
  FailingCalls calls;
  calls.Fail(row.call, row.cause, row.from);
  const auto pass = CutLogs(OpenLogs(2), OneMib(), row.cutting, calls);
  ASSERT_TRUE(pass.ok());
  EXPECT_EQ(pass->cut, 0);
  // First that of "other", in the middle of it for some rows.
  ASSERT_EQ(pass->errors.size(), 2u);
  const Error& told = pass->errors.back();
  EXPECT_THAT(
      told.ToString(),
      AllOf(HasSubstr(directories_.Log(IdOf(2)) + row.file), HasSubstr(std::strerror(row.cause))));
  if (row.cause == ENOSPC) {
    EXPECT_THAT(told.remedy, HasSubstr("free space"));
  }
  for (const char* name : {"stdout", "other"}) {
    EXPECT_EQ(ReadLog(2, name), Content()) << name;
    EXPECT_FALSE(Exists(PathOf(2, std::string(name) + ".1"))) << name;
  }
  calls.Heal();
  const auto well = CutLogs(OpenLogs(2), OneMib(), row.cutting, calls);
  EXPECT_TRUE(well->errors.empty());
  const bool copied = row.cutting == LogCutting::kCopyAndTruncate;
  for (const char* name : {"stdout", "other"}) {
    const std::string last(kMib, 'c');
    EXPECT_EQ(ReadLog(2, name), copied ? "" : last) << name;
    if (copied) {
      EXPECT_EQ(ReadLog(2, std::string(name) + ".1"), last) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, LogCuttingFault, ::testing::ValuesIn(kRows), [](const auto& row) {
  return std::string(row.param.name);
});

class LogCuttingTest : public LogFixture {};

TEST_F(LogCuttingTest, ACopyThatCannotBeMadeLeavesTheLogAsItIs) {
  MakeContainer(2);
  Append(2, "stdout", Content());
  // Nothing can be put in its place.
  ASSERT_TRUE(platform::FileSystem::Real().MakeDirectories(PathOf(2, "stdout.1"), 0755).ok());
  const auto pass = CutLogs(OpenLogs(2), OneMib(), LogCutting::kCopyAndTruncate);
  ASSERT_TRUE(pass.ok() && pass->errors.size() == 1);
  EXPECT_THAT(pass->errors[0].message, HasSubstr(PathOf(2, "stdout.1")));
  EXPECT_EQ(ReadLog(2, "stdout"), Content());
}

// Each read is answered by twice as much that is written: there would be no end.
TEST_F(LogCuttingTest, AProgramThatWritesFasterThanItIsCopiedDoesNotHoldTheCopyUp) {
  class Growing : public LogFileCalls {
   public:
    explicit Growing(std::string path) : path_(std::move(path)) {}
    ssize_t Read(int fd, char* to, size_t count, int64_t at) override {
      std::ofstream(path_, std::ios::app) << std::string(2 * count, 'd');
      return LogFileCalls::Read(fd, to, count, at);
    }
    const std::string path_;
  };
  MakeContainer(2);
  Append(2, "stdout", Content());
  Growing calls(PathOf(2, "stdout"));
  const auto pass = CutLogs(OpenLogs(2), OneMib(), LogCutting::kCopyAndTruncate, calls);
  ASSERT_TRUE(pass.ok());
  EXPECT_TRUE(pass->errors.empty());
  const std::string copy = ReadWholeFile(PathOf(2, "stdout.1"));
  EXPECT_TRUE(copy.starts_with(std::string(kMib, 'c') + "d"));
  EXPECT_LE(copy.size(), static_cast<size_t>(3 * kMib));
}

// --- the thread that looks at all containers

TEST_F(LogCuttingTest, AContainerThatEndsWhileTheDiskFailsIsCutOnceItDoesNot) {
  for (const int cause : {EIO, ENOSPC}) {
    const int64_t number = cause;  // any two
    MakeContainer(number);
    Append(number, "stdout", Content());
    FailingCalls calls;
    calls.Fail("PunchHole", cause);
    LogLimits limits = OneMib();
    limits.period = milliseconds(100);  // it tries for six seconds
    LogWatch watch(
        directories_, limits, [](const ContainerId&, const std::string&) {}, calls);
    watch.Update({IdOf(number)});
    ASSERT_TRUE(WaitUntil([&] { return watch.Report().errors > 0; }, "the failure"));
    watch.Update({});
    const int64_t before = watch.Report().errors;
    ASSERT_TRUE(WaitUntil([&] { return watch.Report().errors > before + 1; }, "further tries"));
    EXPECT_EQ(ReadLog(number, "stdout"), Content());
    calls.Heal();
    EXPECT_TRUE(WaitUntil([&] { return watch.Report().cut_bytes == 2 * kMib; }, "the cut"));
    EXPECT_EQ(ReadLog(number, "stdout"), std::string(kMib, 'c'));
  }
}

TEST_F(LogCuttingTest, OneThatFailsForEverIsGivenUp) {
  constexpr int64_t kLooks = 1 + 60;  // while it runs, and then
  MakeContainer(2);
  Append(2, "stdout", Content());
  FailingCalls calls;
  calls.Fail("PunchHole", EIO);
  calls.Hold();
  LogWatch watch(
      directories_, OneMib(), [](const ContainerId&, const std::string&) {}, calls);
  watch.Update({IdOf(2)});
  ASSERT_TRUE(WaitUntil([&] { return calls.is_held(); }, "the first look"));
  watch.Update({});
  calls.Release();
  ASSERT_TRUE(WaitUntil([&] { return watch.Report().errors == kLooks; }, "the last look"));
  calls.Heal();
  MakeContainer(3);
  Append(3, "stdout", Content());
  watch.Update({IdOf(3)});
  ASSERT_TRUE(WaitUntil([&] { return watch.Report().cut_bytes == 2 * kMib; }, "the other's"));
  EXPECT_EQ(watch.Report().errors, kLooks);
  EXPECT_EQ(ReadLog(2, "stdout"), Content());
}

// The disk itself: 5 MiB of memory, with room for the log and not for its copy.
TEST_F(LogCuttingTest, OnAFullDiskNothingIsLostAndWithRoomItIsCut) {
  weir::testing::SmallDisk disk(5);
  if (!disk.mounted()) GTEST_SKIP() << disk.WhyNot();
  const ContainerDirectories directories({directory_ / "local"}, {disk.path()}, directory_ / "n");
  const std::string log = directories.Log(IdOf(2));
  ASSERT_TRUE(platform::FileSystem::Real().MakeDirectories(log, 0755).ok());
  weir::testing::WriteWholeFile(log + "/stdout", Content());
  disk.FillUpTo(kMib / 2);
  LogLimits limits = OneMib();
  limits.period = milliseconds(100);
  FailingCalls calls;
  calls.Fail("PunchHole", EOPNOTSUPP);  // as on a file system that makes no holes
  LogWatch watch(
      directories, limits, [](const ContainerId&, const std::string&) {}, calls);
  watch.Update({IdOf(2)});
  ASSERT_TRUE(WaitUntil([&] { return watch.Report().errors > 2; }, "the failure"));
  EXPECT_EQ(ReadWholeFile(log + "/stdout"), Content());
  watch.Update({});  // and looks at it on, as it fails
  disk.MakeRoom();
  ASSERT_TRUE(WaitUntil([&] { return watch.Report().cut_bytes == 2 * kMib; }, "the cut"));
  EXPECT_EQ(ReadWholeFile(log + "/stdout"), "");
  EXPECT_EQ(ReadWholeFile(log + "/stdout.1"), std::string(kMib, 'c'));
}

}  // namespace
}  // namespace weir::nm
