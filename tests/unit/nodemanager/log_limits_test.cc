// Logs that grow beyond their limit while a program writes to them.
#include "nodemanager/executor/log_limits.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "log_fixture.h"
#include "nodemanager/executor/log_watch.h"
#include "tests/support/process.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using weir::testing::Process;
using weir::testing::WaitUntil;

constexpr int64_t kMib = int64_t{1} << 20;

LogLimits Limits(int64_t file_bytes, int64_t generations) {
  LogLimits limits;
  limits.file_bytes = file_bytes;
  limits.generations = generations;
  return limits;
}

class LogLimitsTest : public LogFixture {
 protected:
  LogLimitsTest() { MakeContainer(2); }
};

TEST_F(LogLimitsTest, CutsWholeGenerationsAndKeepsWhatFits) {
  struct Row {
    int64_t generations;
    int64_t size;
    int64_t begin;  // afterwards
  };
  const Row rows[] = {
      {4, 0, 0},
      {4, 4 * kMib, 0},
      {4, 4 * kMib + 1, kMib},
      {4, 5 * kMib, kMib},
      {4, 9 * kMib + 5, 6 * kMib},
      {1, kMib, 0},
      {1, 2 * kMib, kMib},
      {1, 2 * kMib + 4096, kMib + 4096},
  };
  for (const Row& row : rows) {
    std::string text;
    while (static_cast<int64_t>(text.size()) < row.size) text += std::to_string(text.size()) + "\n";
    text.resize(static_cast<size_t>(row.size));
    weir::testing::WriteWholeFile(PathOf(2, "stdout"), text);
    const auto pass = CutLogs(OpenLogs(2), Limits(kMib, row.generations));
    ASSERT_TRUE(pass.ok());
    EXPECT_TRUE(pass->errors.empty());
    const LogFile file = OpenLogs(2).OpenFile("stdout")->file;
    EXPECT_EQ(file.begin, row.begin) << row.size;
    EXPECT_EQ(file.end, row.size);
    EXPECT_EQ(pass->cut, row.begin);
    EXPECT_LE(file.allocated, row.generations * kMib + 4096);
    EXPECT_EQ(ReadLog(2, "stdout"), text.substr(static_cast<size_t>(row.begin)));
    EXPECT_EQ(CutLogs(OpenLogs(2), Limits(kMib, row.generations))->cut, 0) << "and no more";
  }
}

TEST_F(LogLimitsTest, NoLimitCutsNothing) {
  Append(2, "stdout", std::string(3 * kMib, 'x'));
  EXPECT_EQ(CutLogs(OpenLogs(2), Limits(0, 4))->cut, 0);
}

TEST_F(LogLimitsTest, WhereNothingCanBeTakenFromTheFrontTheLastGenerationIsCopied) {
  Append(2, "stdout", std::string(2 * kMib, 'a') + std::string(kMib, 'b'));
  // The program has it open all the time, and appends.
  const int fd = ::open(PathOf(2, "stdout").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const auto pass = CutLogs(OpenLogs(2), Limits(kMib, 2), LogCutting::kCopyAndTruncate);
  ASSERT_TRUE(pass.ok());
  EXPECT_TRUE(pass->errors.empty());
  EXPECT_EQ(::write(fd, "after", 5), 5);
  ::close(fd);
  EXPECT_EQ(ReadLog(2, "stdout.1"), std::string(kMib, 'b'));
  EXPECT_EQ(ReadLog(2, "stdout"), "after");
}

TEST_F(LogLimitsTest, ALinkInThePlaceOfALogIsNotCut) {
  weir::testing::WriteWholeFile(directory_ / "other", std::string(3 * kMib, 'x'));
  ASSERT_EQ(::symlink((directory_ / "other").c_str(), PathOf(2, "stdout").c_str()), 0);
  EXPECT_EQ(CutLogs(OpenLogs(2), Limits(kMib, 1))->cut, 0);
  EXPECT_EQ(weir::testing::ReadWholeFile(directory_ / "other"), std::string(3 * kMib, 'x'));
}

TEST_F(LogLimitsTest, ASecondNameOfAnotherOnesFileIsNotCutEither) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to another user";
  const std::string other = directory_ / "other";
  weir::testing::WriteWholeFile(other, std::string(3 * kMib, 'x'));
  ASSERT_EQ(::link(other.c_str(), PathOf(2, "stdout").c_str()), 0);
  ASSERT_EQ(::chown(directories_.Log(IdOf(2)).c_str(), 12345, 12345), 0);
  for (const LogCutting cutting : {LogCutting::kPunch, LogCutting::kCopyAndTruncate}) {
    EXPECT_EQ(CutLogs(OpenLogs(2), Limits(kMib, 1), cutting)->cut, 0);
    EXPECT_EQ(weir::testing::ReadWholeFile(other), std::string(3 * kMib, 'x'));
  }
  EXPECT_FALSE(weir::testing::Exists(PathOf(2, "stdout.1")));
}

TEST_F(LogLimitsTest, AThousandFilesDoNotHideOneThatIsTooLarge) {
  for (int i = 0; i < 1100; ++i) Append(2, "a" + std::to_string(i), "x");
  Append(2, "stdout", std::string(3 * kMib, 'x'));
  EXPECT_EQ(CutLogs(OpenLogs(2), Limits(kMib, 1))->cut, 2 * kMib);
}

TEST(LogLimits, ComesBackBeforeAGenerationCanHaveBeenWritten) {
  const LogLimits limits = Limits(100 * kMib, 4);
  EXPECT_EQ(NextLook(limits, 0, seconds(1)), limits.period);
  EXPECT_EQ(NextLook(limits, kMib, seconds(1)), limits.period);
  EXPECT_EQ(NextLook(limits, 200 * kMib, seconds(1)), milliseconds(500));
  EXPECT_EQ(NextLook(limits, int64_t{1} << 40, seconds(1)), milliseconds(20));
  EXPECT_EQ(NextLook(Limits(0, 4), int64_t{1} << 40, seconds(1)), limits.period);
  EXPECT_EQ(NextLook(limits, kMib, Duration{0}), limits.period);
}

// The numbers from some one up to the last, nothing missing in between.
void ExpectConsecutive(const std::string& text, int64_t last) {
  // The first line may be cut.
  size_t at = text.find('\n') + 1;
  int64_t expected = -1;
  while (at < text.size()) {
    const size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const int64_t number = std::stoll(text.substr(at, end - at));
    if (expected >= 0) {
      ASSERT_EQ(number, expected);
    }
    expected = number + 1;
    at = end + 1;
  }
  EXPECT_EQ(expected, last + 1);
}

// A real program that writes as fast as it can, to an output opened as a container's is.
TEST_F(LogLimitsTest, AFastWriterLosesNothingThatFitsAndTheDiskDoesNotFill) {
  constexpr int64_t kLast = 20'000'000;  // about 170 MiB
  LogLimits limits = Limits(kMib, 4);
  limits.period = milliseconds(20);
  LogWatch watch(directories_, limits, [](const ContainerId&, const std::string&) {});
  watch.Update({IdOf(2)});
  weir::testing::ProcessOptions options;
  options.argv = {
      "/bin/sh", "-c", "exec seq 1 " + std::to_string(kLast) + " >>" + PathOf(2, "stdout")};
  Process writer(options);
  int64_t most = 0;
  ASSERT_TRUE(WaitUntil(
      [&] {
        const auto log = OpenLogs(2).OpenFile("stdout");
        if (log.ok()) most = std::max(most, log->file.allocated);
        return !writer.IsRunning();
      },
      "the writer to end"));
  EXPECT_EQ(writer.Wait(), 0);
  watch.Update({});
  ASSERT_TRUE(WaitUntil(
      [&] { return OpenLogs(2).OpenFile("stdout")->file.allocated <= limits.kept() + 4096; },
      "the last look"));
  const LogFile file = OpenLogs(2).OpenFile("stdout")->file;
  EXPECT_GE(file.size(), limits.kept() - kMib - 4096);
  ExpectConsecutive(ReadLog(2, "stdout"), kLast);
  EXPECT_LT(most, file.end) << "it was cut while it was written";
  RecordProperty("most_mib", static_cast<int>(most / kMib));
  EXPECT_TRUE(WaitUntil([&] { return watch.Report().cut_bytes == file.begin; }, "the report"));
}

TEST_F(LogLimitsTest, AContainerWhoseDirectoryIsTooLargeIsToldOnce) {
  LogLimits limits = Limits(0, 1);
  limits.directory_bytes = kMib;
  limits.directory_period = milliseconds(1);
  limits.period = milliseconds(5);
  platform::Mutex mutex;
  std::vector<std::string> told;
  const auto count = [&] {
    platform::MutexLock lock(mutex);
    return told.size();
  };
  LogWatch watch(directories_, limits, [&](const ContainerId& id, const std::string& words) {
    platform::MutexLock lock(mutex);
    told.push_back(id.ToString() + " " + words);
  });
  watch.Update({IdOf(2)});
  // Below, where no log viewer shows it.
  ASSERT_TRUE(platform::FileSystem::Real().MakeDirectories(PathOf(2, "deep/er"), 0755).ok());
  Append(2, "deep/er/file", std::string(2 * kMib, 'x'));
  ASSERT_TRUE(WaitUntil([&] { return count() == 1; }, "to be told"));
  EXPECT_THAT(told[0], HasSubstr(IdOf(2).ToString()));
  EXPECT_THAT(told[0], HasSubstr("of at most 1048576"));
  EXPECT_EQ(watch.Report().killed, 1);
}

}  // namespace
}  // namespace weir::nm
