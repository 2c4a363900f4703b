#include "platform/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "common/strings.h"
#include "platform/log_limit.h"
#include "tests/support/temp_directory.h"

namespace weir::platform {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Value(const std::string& value) {
  const std::string line = FormatLogLine(LogLevel::kInfo, "c", "s", "m", {{"k", value}});
  return line.substr(std::string("INFO c s m k=").size());
}

// Lines go to standard error again when the test is over.
struct LogToFile {
  explicit LogToFile(const std::string& file, LogLevel level) {
    EXPECT_TRUE(StartLog(file, level).ok());
  }
  ~LogToFile() { EXPECT_TRUE(StartLog("", LogLevel::kInfo).ok()); }
};

TEST(Log, QuotesAndEscapesValuesThatWouldBreakTheLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {"root.default", "root.default"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"a=b", "\"a=b\""},
      {"say \"hi\"", "\"say \\\"hi\\\"\""},
      {"back\\slash", "\"back\\\\slash\""},
      {"a\nb\tc\rd", "\"a\\nb\\tc\\rd\""},
      {std::string("\x1b[31m\x7f\0", 7), "\"\\x1b[31m\\x7f\\x00\""},
      {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
  };
  for (const auto& [value, shown] : cases) EXPECT_EQ(Value(value), shown);
}

TEST(LogLimit, LetsAFewLinesOfAWindowThroughAndCountsTheOthers) {
  LogLimit limit(2, seconds(10));
  const Instant start(seconds(100));
  EXPECT_EQ(limit.TakeSuppressed(start), 0);
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) admitted += limit.Admit(start + milliseconds(i)) ? 1 : 0;
  EXPECT_EQ(admitted, 2);
  EXPECT_EQ(limit.TakeSuppressed(start + seconds(9)), 0) << "the window is not over";
  EXPECT_EQ(limit.TakeSuppressed(start + seconds(10)), 998);
  EXPECT_EQ(limit.TakeSuppressed(start + seconds(10)), 0) << "told once";
  EXPECT_TRUE(limit.Admit(start + seconds(10)));
}

TEST(Log, CutsALongValueInItsMiddle) {
  const std::string shown = Value(std::string(100'000, 'x'));
  EXPECT_LT(shown.size(), 5000u);
  EXPECT_THAT(shown, HasSubstr("bytes cut"));
}

TEST(Log, KeepsControlCharactersOfEveryPartOutOfTheLine) {
  const std::string line = FormatLogLine(LogLevel::kWarn, "c\n", "s\n", "m\n", {{"k\n", "v"}});
  EXPECT_EQ(line, "WARN c\\n s\\n m\\n k\\n=v");
}

TEST(Log, WritesADashForAnEventWithoutSubject) {
  EXPECT_EQ(FormatLogLine(LogLevel::kError, "rm.app", "", "gone", {}), "ERROR rm.app - gone");
}

TEST(Log, WritesTimeLevelComponentSubjectMessageAndFields) {
  const testing::TempDirectory directory;
  const LogToFile log(directory / "log", LogLevel::kInfo);
  LogInfo("rm.app", "application_1_0001", "accepted", {{"queue", "root.default"}});
  LogDebug("rm.app", "application_1_0001", "not written");
  // Without a flush: a process that is killed now loses nothing.
  const std::string text = testing::ReadWholeFile(directory / "log");
  EXPECT_THAT(text, ContainsRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z INFO "));
  EXPECT_THAT(text, EndsWith("Z INFO rm.app application_1_0001 accepted queue=root.default\n"));
  EXPECT_THAT(text, Not(HasSubstr("not written")));
}

TEST(Log, WritesToANewFileAfterReopening) {
  const testing::TempDirectory directory;
  const LogToFile log(directory / "log", LogLevel::kDebug);
  LogInfo("c", "-", "first");
  ASSERT_EQ(::rename((directory / "log").c_str(), (directory / "log.1").c_str()), 0);
  ReopenLog();
  LogDebug("c", "-", "second");
  FlushLog();
  EXPECT_THAT(testing::ReadWholeFile(directory / "log.1"), EndsWith("c - first\n"));
  EXPECT_THAT(testing::ReadWholeFile(directory / "log"), EndsWith("c - second\n"));
}

TEST(Log, KeepsLinesOfManyThreadsWhole) {
  const testing::TempDirectory directory;
  const LogToFile log(directory / "log", LogLevel::kInfo);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int k = 0; k < 100; ++k) LogInfo("c", "-", "message", {{"value", "0123456789"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = testing::ReadWholeFile(directory / "log");
  const auto lines = Split(text, '\n');
  ASSERT_EQ(lines.size(), 401u);
  for (size_t i = 0; i < 400; ++i) {
    EXPECT_TRUE(lines[i].ends_with("Z INFO c - message value=0123456789")) << lines[i];
  }
}

TEST(Log, ABurstIsWrittenWhenItEndsWithATimeForEachLine) {
  const testing::TempDirectory directory;
  const LogToFile log(directory / "log", LogLevel::kInfo);
  const auto written = [&] { return testing::ReadWholeFile(directory / "log"); };
  {
    const LogBurst burst;
    LogInfo("c", "-", "first");
    {
      const LogBurst within;
      LogInfo("c", "-", "second");
    }
    EXPECT_EQ(written(), "");
    std::thread([] { LogInfo("c", "-", "of another thread"); }).join();
    EXPECT_THAT(written(), EndsWith("c - of another thread\n"));
  }
  const std::string time = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z INFO c - ";
  EXPECT_THAT(written(), ContainsRegex("thread\n" + time + "first\n" + time + "second\n$"));
  LogInfo("c", "-", "after it");
  EXPECT_THAT(written(), EndsWith("c - after it\n"));
}

TEST(Log, ABurstHoldsNothingBackThatMattersOrIsMuch) {
  const testing::TempDirectory directory;
  const LogToFile log(directory / "log", LogLevel::kInfo);
  const auto written = [&] { return testing::ReadWholeFile(directory / "log"); };
  const LogBurst burst;
  LogInfo("c", "-", "before");
  LogWarn("c", "-", "a warning");
  EXPECT_THAT(written(), ContainsRegex("c - before\n[^\n]* WARN c - a warning\n$"));
  for (int i = 0; i < 1000; ++i) LogInfo("c", "-", "message", {{"k", std::string(100, 'x')}});
  EXPECT_GT(written().size(), size_t{50'000});
}

TEST(Log, SaysWhichFileCannotBeOpened) {
  const Status status = StartLog("/proc/no-such/log", LogLevel::kInfo);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("/proc/no-such/log"));
}

TEST(Log, ParsesLevelNames) {
  const std::pair<const char*, LogLevel> cases[] = {{"debug", LogLevel::kDebug},
                                                    {"info", LogLevel::kInfo},
                                                    {"warn", LogLevel::kWarn},
                                                    {"error", LogLevel::kError}};
  for (const auto& [name, level] : cases) {
    const auto parsed = ParseLogLevel(name);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, level);
  }
  EXPECT_EQ(ParseLogLevel("loud").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::platform
